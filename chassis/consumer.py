"""Consumes other services' events: each event's effect exactly once, in the order of its aggregate."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import nats.errors
import structlog
from google.protobuf.message import DecodeError
from nats.aio.msg import Msg
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from nats.js.client import JetStreamContext
from nats.js.errors import NotFoundError

from chassis import failpoints, metrics
from chassis.bus import Bus
from chassis.call import Call, serving
from chassis.database import Database, Transaction, delivery
from chassis.database.engine import DBAPIError, make_engine
from chassis.errors import Exhausted, Expired, Unavailable
from chassis.streams import stream_name
from messaging.chassis.v1.envelope_pb2 import Envelope

log = structlog.get_logger(__name__)

Handler = Callable[[Transaction, Envelope], None]
Prepare = Callable[[Sequence[Envelope]], Awaitable[None]]

_BATCH = 100
_ACK_WAIT_SECONDS = 30.0
# After a smaller batch it pauses, so that events which come one by one are handled together: each transaction costs.
_WORTHWHILE = 16
_PAUSE_SECONDS = 0.02
_FETCH_SECONDS = 1.0
_RETRY_SECONDS = 1.0
_FOLLOW_SECONDS = 2.0
# Tries after 1, 2, 4, 8 and 16 s, then the event is dead and its aggregate goes on.
_MAX_TRIES = 5
# Not the event's fault: nothing is acknowledged or counted, the same batch is tried again.
_OUTAGES = (Unavailable, Exhausted, Expired)


@dataclass(frozen=True, slots=True)
class Delivered:
    """An event as it came; bytes that are no envelope have an empty one and can only be parked."""

    message: Msg
    subject: str
    data: bytes
    envelope: Envelope
    is_readable: bool


class Consumer:
    """Pulls from the streams that the handler table names; of all replicas one pulls from a stream at a time."""

    def __init__(
        self,
        database: Database,
        bus: Bus,
        *,
        name: str,
        handlers: Mapping[str, Handler],
        prepare: Prepare | None = None,
    ) -> None:
        """Take handlers by subject without the aggregate, `messaging.<service>.v1.<kind>`.

        A handler runs in the batch's transaction with the event's actor and trace as the current call; it may be run
        again after a rollback, never after a commit. `prepare` is awaited before each batch, outside the transaction.
        """
        self._database = database
        self._bus = bus
        self._name = name
        self._handlers = handlers
        self._prepare = prepare
        self._engine = make_engine(database.url, pool_size=0, process=f"{name}-consumer")

    async def run(self) -> None:
        """Consume all named streams until cancelled."""
        sources = sorted({key.split(".")[1] for key in self._handlers})
        try:
            async with asyncio.TaskGroup() as group:
                for source in sources:
                    group.create_task(self._follow(source))
        finally:
            self._engine.dispose()

    async def _follow(self, source: str) -> None:
        while True:
            try:
                await self._lead(source)
            except NotFoundError:
                # The other service has not come up for the first time yet.
                log.info("stream_awaited", consumer=self._name, source=source)
                await asyncio.sleep(_FOLLOW_SECONDS)
            except (nats.errors.Error, DBAPIError, OSError, TimeoutError, *_OUTAGES) as error:
                log.warning("consumer_interrupted", consumer=self._name, source=source, error=type(error).__name__)
                await asyncio.sleep(_RETRY_SECONDS)

    async def _lead(self, source: str) -> None:
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(1, thread_name_prefix="consumer-lock") as thread:
            connection = await loop.run_in_executor(thread, self._engine.connect)
            try:
                connection.execution_options(isolation_level="AUTOCOMMIT")
                lead = partial(delivery.try_lead, connection, f"consumer:{self._name}:{source}")
                while not await loop.run_in_executor(thread, lead):
                    await asyncio.sleep(_FOLLOW_SECONDS)
                await self._pull(source, lambda: loop.run_in_executor(thread, lead))
            finally:
                connection.invalidate()
                connection.close()

    async def _pull(self, source: str, still_leads: Callable[[], Awaitable[bool]]) -> None:
        client = await self._bus.client()
        js = client.jetstream()
        generation = self._bus.generation
        await self._bind(js, source)
        subscription = await js.pull_subscribe_bind(self._name, stream=stream_name(source))
        checked = asyncio.get_running_loop().time()
        try:
            while generation == self._bus.generation:
                try:
                    messages = await subscription.fetch(_BATCH, timeout=_FETCH_SECONDS)
                except TimeoutError:
                    messages = []
                if messages:
                    with serving(Call()):
                        await self._handle([_read(message) for message in messages])
                while await self._retry_parked(source):
                    pass
                if 0 < len(messages) < _WORTHWHILE:
                    await asyncio.sleep(_PAUSE_SECONDS)
                if asyncio.get_running_loop().time() - checked > _FOLLOW_SECONDS:
                    # Raises when the connection that holds the lock is gone.
                    await still_leads()
                    checked = asyncio.get_running_loop().time()
        finally:
            await subscription.unsubscribe()

    async def _bind(self, js: JetStreamContext, source: str) -> None:
        """Have a durable consumer, with the filters of the handler table, that goes on with the first unhandled event.

        What somebody took and did not acknowledge would come again only when its wait is over, behind later events of
        its aggregate. So the consumer is made anew where the acknowledgements end; the inbox knows what is repeated.
        """
        stream = stream_name(source)
        filters = [f"{key}.>" for key in sorted(self._handlers) if key.split(".")[1] == source]
        last_seq = (await js.stream_info(stream)).state.last_seq
        first_seq = 1
        try:
            found = await js.consumer_info(stream, self._name)
            if found.delivered is not None and found.delivered.stream_seq > last_seq:
                # The stream lost its tail: this consumer would skip what is published there again.
                log.error("consumer_ahead", consumer=self._name, source=source)
            elif not found.num_ack_pending and sorted(found.config.filter_subjects or []) == filters:
                return
            elif found.ack_floor is not None:
                first_seq = found.ack_floor.stream_seq + 1
            await js.delete_consumer(stream, self._name)
        except NotFoundError:
            pass
        config = ConsumerConfig(
            durable_name=self._name,
            ack_policy=AckPolicy.EXPLICIT,
            ack_wait=_ACK_WAIT_SECONDS,
            deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
            opt_start_seq=first_seq,
            max_deliver=-1,
            max_ack_pending=10 * _BATCH,
            filter_subjects=filters,
        )
        created = await js.add_consumer(stream, config)
        if sorted(created.config.filter_subjects or []) != filters:
            raise SystemExit("the NATS server ignores filter_subjects: 2.10 or newer is needed")

    async def _handle(self, batch: Sequence[Delivered]) -> None:
        while True:
            try:
                if self._prepare is not None:
                    await self._prepare([event.envelope for event in batch if event.is_readable])
                try:
                    # Named for rehearsals: what is read to prepare is another transaction.
                    with serving(Call(method=failpoints.CONSUMER)):
                        await self._database.run(self._apply, batch=batch)
                except _OUTAGES:
                    raise
                except Exception:
                    # One of them fails; alone, only that one does.
                    for event in batch:
                        await self._handle_one(event)
                break
            except _OUTAGES as error:
                log.warning("consumer_waits", consumer=self._name, reason=error.reason)
                for event in batch:
                    await event.message.in_progress()
                await asyncio.sleep(_RETRY_SECONDS)
        for event in batch:
            await event.message.ack()

    async def _handle_one(self, event: Delivered) -> None:
        try:
            await self._database.run(self._apply, batch=[event])
        except _OUTAGES:
            raise
        except Exception as error:
            log.exception("event_parked", consumer=self._name, subject=event.subject)
            await self._database.run(self._park, event=event, error=f"{type(error).__name__}: {error}"[:500])

    def _apply(self, tx: Transaction, batch: Sequence[Delivered]) -> None:
        waiting = delivery.parked_aggregates(tx, self._name, [_aggregate(event) for event in batch])
        free = [event for event in batch if event.is_readable and _aggregate(event) not in waiting]
        new = delivery.note_seen(tx, self._name, [event.envelope.event_id for event in free])
        metrics.EVENTS_HANDLED.labels(self._name, "repeated").inc(len(free) - len(new))
        for event in batch:
            if not event.is_readable:
                self._park(tx, event, "not an envelope")
            elif _aggregate(event) in waiting:
                self._park(tx, event, "behind an event that failed")
            elif event.envelope.event_id in new:
                # Twice in one batch: handled the first time only.
                new.discard(event.envelope.event_id)
                self._dispatch(tx, event.subject, event.envelope)

    def _dispatch(self, tx: Transaction, subject: str, envelope: Envelope) -> None:
        handler = self._handlers[subject.rsplit(".", 1)[0]]
        with serving(Call(method=subject, request_id=envelope.event_id, traceparent=envelope.traceparent)):
            handler(tx, envelope)
        metrics.EVENTS_HANDLED.labels(self._name, "ok").inc()

    def _park(self, tx: Transaction, event: Delivered, error: str) -> None:
        event_id = event.envelope.event_id or _ZERO
        delivery.park(tx, self._name, _aggregate(event), event_id, event.subject, event.data, error)
        metrics.EVENTS_HANDLED.labels(self._name, "parked").inc()

    async def _retry_parked(self, source: str) -> bool:
        """Try one parked event of a source whose time has come. Returns whether there was one."""
        row = await self._database.run(delivery.next_parked, consumer=self._name, source=source)
        if row is None:
            return False
        envelope = Envelope()
        try:
            envelope.ParseFromString(row.envelope)
            if self._prepare is not None:
                await self._prepare([envelope])
            await self._database.run(self._apply_parked, row=row, envelope=envelope)
        except _OUTAGES:
            raise
        except Exception as error:
            is_dead = row.tries + 1 >= _MAX_TRIES
            log.exception("event_failed_again", consumer=self._name, subject=row.subject, is_dead=is_dead)
            await self._database.run(
                delivery.note_failed,
                consumer=self._name,
                aggregate_id=row.aggregate_id,
                n=row.n,
                delay=2.0 ** (row.tries + 1),
                error=f"{type(error).__name__}: {error}"[:500],
                is_dead=is_dead,
            )
            if is_dead:
                metrics.EVENTS_HANDLED.labels(self._name, "dead").inc()
        return True

    def _apply_parked(self, tx: Transaction, row: delivery.Parked, envelope: Envelope) -> None:
        if delivery.note_seen(tx, self._name, [envelope.event_id]):
            self._dispatch(tx, row.subject, envelope)
        delivery.unpark(tx, self._name, row.aggregate_id, row.n)


_ZERO = "00000000-0000-0000-0000-000000000000"


def _aggregate(event: Delivered) -> str:
    return event.subject.rsplit(".", 1)[1]


def _read(message: Msg) -> Delivered:
    envelope = Envelope()
    try:
        envelope.ParseFromString(message.data)
        is_readable = bool(envelope.event_id)
    except DecodeError:
        is_readable = False
    return Delivered(message, message.subject, message.data, envelope, is_readable)
