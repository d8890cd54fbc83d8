"""The outbox relay: publishes what was committed, at least once, in the order of commit within each aggregate."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

import nats.errors
import nats.js.errors
import orjson
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import JetStreamContext

from chassis import events, failpoints, metrics
from chassis.bus import Bus
from chassis.database import delivery
from chassis.database.delivery import Unpublished
from chassis.database.engine import Connection, DBAPIError, make_engine
from chassis.streams import ensure_stream, stream_name

R = TypeVar("R")
log = structlog.get_logger(__name__)

_BATCH = 256
_POLL_SECONDS = 0.25
_ACK_SECONDS = 2.0
_RETRY_SECONDS = 1.0
_FOLLOW_SECONDS = 2.0


class PublishFailed(Exception):
    """The stream did not acknowledge everything in time; what is left stays queued."""


class OutboxRelay:
    """Works off the queue of one database; of all replicas' relays one leads, by an advisory lock."""

    def __init__(self, database_url: str, bus: Bus, service: str, *, replicas: int = 1) -> None:
        """Take the service's own database and name, and the copies its stream shall have."""
        self._engine = make_engine(database_url, pool_size=0, process=f"{service}-relay")
        self._bus = bus
        self._service = service
        self._replicas = replicas
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="relay")
        self._loop = asyncio.get_running_loop()
        self._woken = asyncio.Event()
        self._is_leading = False
        self._publisher: _Publisher | None = None
        self._generation = -1
        self._stream_created = ""
        self._last_seq = 0

    def wake(self) -> None:
        """Say that something was committed; may be called from any thread."""
        self._loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        if self._is_leading:
            self._woken.set()
        elif self._bus.is_connected:
            # Another replica leads; without this message its poll finds the event a moment later.
            task = self._loop.create_task(self._bus.publish_live(f"wake.{self._service}", b""))
            task.add_done_callback(lambda done: done.cancelled() or done.exception())

    async def run(self) -> None:
        """Lead or wait to lead until cancelled; failures of either side are waited out."""
        await self._bus.subscribe(f"wake.{self._service}", self._hear)
        try:
            while True:
                try:
                    await self._lead()
                except (DBAPIError, nats.errors.Error, PublishFailed, OSError, TimeoutError) as error:
                    log.warning("relay_interrupted", service=self._service, error=type(error).__name__)
                    await asyncio.sleep(_RETRY_SECONDS)
        finally:
            self._thread.shutdown(wait=False)
            self._engine.dispose()

    async def _hear(self, _message: Msg) -> None:
        self._woken.set()

    async def _lead(self) -> None:
        connection = await self._in_thread(self._open)
        try:
            while not await self._in_thread(delivery.try_lead, connection, f"relay:{self._service}"):
                await asyncio.sleep(_FOLLOW_SECONDS)
            self._is_leading = True
            self._generation = -1
            rows: Sequence[Unpublished] = ()
            while True:
                await self._follow_stream(connection)
                if not rows:
                    self._woken.clear()
                    rows = await self._in_thread(delivery.next_unpublished, connection, _BATCH)
                if rows:
                    rows = await self._work(connection, rows)
                else:
                    await self._wait()
        finally:
            self._is_leading = False
            await asyncio.shield(self._in_thread(_discard, connection))

    async def _wait(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(_POLL_SECONDS):
                await self._woken.wait()

    async def _follow_stream(self, connection: Connection) -> None:
        """Look at the stream after each reconnect, and when something about it was not as expected."""
        client = await self._bus.client()
        if self._generation != self._bus.generation:
            generation = self._bus.generation
            await self._compare(connection, client.jetstream())
            self._generation = generation

    async def _work(self, connection: Connection, rows: Sequence[Unpublished]) -> Sequence[Unpublished]:
        """Publish one batch. Returns the next one."""
        client = await self._bus.client()
        if self._publisher is None or self._publisher.client is not client:
            self._publisher = _Publisher(client, self._service)
            await self._publisher.listen()
        failpoints.reached("before_publish")
        done, newest, last_seq = await self._publisher.publish(rows, self._last_seq)
        failpoints.reached("after_publish")
        if last_seq != self._last_seq + len(rows) or self._generation != self._bus.generation:
            # Some were there already, or were refused, or the stream lost something and this batch, which had waited
            # for the connection, came after it: look before the note of what the stream was is overwritten.
            await self._compare(connection, client.jetstream())
        else:
            self._last_seq = last_seq
        following: Sequence[Unpublished] = ()
        if done:
            where = delivery.Position(self._stream_created, last_seq, rows[newest].event_id)
            settle = partial(delivery.settle, count=_BATCH)
            ids = [row.id for row in rows[:done]]
            following = await self._in_thread(settle, connection, stream_name(self._service), ids, where)
            metrics.EVENTS_PUBLISHED.labels(self._service).inc(done)
        if done < len(rows):
            raise PublishFailed(f"{len(rows) - done} of {len(rows)} events were not acknowledged")
        return following

    async def _compare(self, connection: Connection, js: JetStreamContext) -> None:
        """Find out whether the stream still holds what was published, and queue again what it lost."""
        info = await ensure_stream(js, self._service, self._replicas)
        self._stream_created, self._last_seq = str(info.created), info.state.last_seq
        known = await self._in_thread(delivery.position, connection, stream_name(self._service))
        if known is None:
            return
        if known.stream_created != self._stream_created:
            queued = await self._in_thread(delivery.refill, connection, None)
            log.error("stream_lost", service=self._service, queued=queued)
        elif info.state.last_seq < known.last_seq:
            last = await self._last_settled(connection, js, info.state.last_seq)
            queued = await self._in_thread(delivery.refill, connection, last)
            log.error("stream_tail_lost", service=self._service, queued=queued)
        elif info.state.first_seq <= known.last_seq:
            found = await self._event_at(js, known.last_seq)
            if found != known.event_id:
                queued = await self._in_thread(delivery.refill, connection, None)
                log.error("stream_rewritten", service=self._service, queued=queued)

    async def _last_settled(self, connection: Connection, js: JetStreamContext, last_seq: int) -> str | None:
        """The newest event that is off the queue: one that is still on it may have come after what was lost."""
        for seq in range(last_seq, max(0, last_seq - 2 * _BATCH), -1):
            event_id = await self._event_at(js, seq)
            if event_id is not None and not await self._in_thread(delivery.is_unpublished, connection, event_id):
                return event_id
        return None

    async def _event_at(self, js: JetStreamContext, seq: int) -> str | None:
        try:
            message = await js.get_msg(stream_name(self._service), seq=seq)
        except nats.js.errors.NotFoundError:
            return None
        return (message.headers or {}).get("Nats-Msg-Id")

    def _open(self) -> Connection:
        connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        # Losing the note that an event was published means publishing it again, which is allowed.
        connection.exec_driver_sql("set synchronous_commit = off")
        connection.exec_driver_sql("set statement_timeout = 5000")
        return connection

    async def _in_thread(self, work: Callable[..., R], *arguments: Any) -> R:
        return await self._loop.run_in_executor(self._thread, work, *arguments)


class _Publisher:
    """Publishes batches with one reply subject, so that an event costs no future and no inbox of its own."""

    def __init__(self, client: Client, service: str) -> None:
        self.client = client
        self._service = service
        self._inbox = client.new_inbox()
        self._missing: set[int] = set()
        self._batch = 0
        self._newest = 0
        self._last_seq = 0
        self._settled = asyncio.Event()

    async def listen(self) -> None:
        await self.client.subscribe(f"{self._inbox}.*.*", cb=self._acknowledged)

    async def publish(self, rows: Sequence[Unpublished], last_seq: int) -> tuple[int, int, int]:
        """Publish to a stream whose last sequence is known.

        Returns how many of the first rows are in the stream for certain, which of them has the highest sequence there,
        and that sequence.
        """
        # Nobody else writes to this stream, so the sequence of the last event tells for all: each has the next number.
        await self._exchange(rows, asked_from=len(rows) - 1)
        if not self._missing and self._last_seq != last_seq + len(rows):
            await self._exchange(rows, asked_from=0)
        elif self._missing:
            return 0, 0, last_seq
        return min(self._missing, default=len(rows)), self._newest, self._last_seq

    async def _exchange(self, rows: Sequence[Unpublished], asked_from: int) -> None:
        """Publish all and wait for the acknowledgements of those from a place on."""
        self._batch += 1
        self._missing = set(range(asked_from, len(rows)))
        self._last_seq = 0
        self._settled.clear()
        for n, row in enumerate(rows):
            await self.client.publish(
                events.subject(self._service, row.kind, row.aggregate_id),
                bytes(row.envelope),
                reply=f"{self._inbox}.{self._batch}.{n}" if n >= asked_from else "",
                headers={"Nats-Msg-Id": row.event_id},
            )
        try:
            async with asyncio.timeout(_ACK_SECONDS):
                await self._settled.wait()
        except TimeoutError:
            log.warning("publish_unacknowledged", service=self._service, missing=len(self._missing))

    async def _acknowledged(self, message: Msg) -> None:
        _, batch, n = message.subject.rsplit(".", 2)
        if int(batch) != self._batch:
            return
        answer: dict[str, Any] = orjson.loads(message.data) if message.data else {"error": {}}
        if "error" in answer:
            log.warning("publish_refused", error=answer["error"].get("description", ""))
            self._settled.set()
            return
        if int(answer["seq"]) > self._last_seq:
            self._last_seq, self._newest = int(answer["seq"]), int(n)
        self._missing.discard(int(n))
        if not self._missing:
            self._settled.set()


def _discard(connection: Connection) -> None:
    connection.invalidate()
    connection.close()
