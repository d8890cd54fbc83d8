"""The end of a stream's file is gone, as after a crash of the machine; the server uses its numbers again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from nats.js.api import StreamInfo
from nats.js.client import JetStreamContext
from sqlalchemy import text
from structlog.testing import capture_logs

from chassis.bus import Bus
from chassis.consumer import Consumer
from chassis.database import Database, Transaction
from chassis.streams import stream_name
from messaging.chassis.v1.envelope_pb2 import Envelope

from .conftest import NatsServer
from .test_relay import drained, emit, published, relaying, until

EVENTS = 10
LATE = 4


async def publish_one_late(database: Database, bus: Bus) -> None:
    """Ten events, of which the fifth is published last, as when its transaction took longer than the others."""
    await database.run(emit, numbers=range(EVENTS))
    await database.run(lambda tx: tx.execute(text("delete from unpublished where id = :id"), {"id": LATE + 1}))
    async with relaying(database, bus):
        await until(lambda: drained(database))
    assert await published(bus) == [0, 1, 2, 3, 5, 6, 7, 8, 9]


async def publish_the_late_one(database: Database, bus: Bus) -> None:
    await database.run(lambda tx: tx.execute(text("insert into unpublished values (:id)"), {"id": LATE + 1}))
    async with relaying(database, bus):
        await until(lambda: drained(database))
    assert (await published(bus))[-1] == LATE


async def lose(server: NatsServer, bus: Bus, count: int, *, is_noticed: bool) -> None:
    """Cut the last events off; a server that kept its index of the stream knows that something was there."""
    server.stop()
    [file] = server.directory.glob(f"jetstream/*/streams/{stream_name('notes')}/msgs/1.blk")
    with file.open("r+b") as opened:
        opened.truncate(file.stat().st_size * (EVENTS - count) // EVENTS)
    if not is_noticed:
        (file.parent / "index.db").unlink()
    generation = bus.generation
    server.start()
    async with asyncio.timeout(30):
        while bus.generation == generation:
            await asyncio.sleep(0.05)
    state = (await (await bus.client()).jetstream().stream_info(stream_name("notes"))).state
    assert (state.messages, state.last_seq) == (EVENTS - count, EVENTS if is_noticed else EVENTS - count)


@asynccontextmanager
async def consuming(database: Database, bus: Bus, handled: list[int]) -> AsyncIterator[None]:
    def handler(_tx: Transaction, envelope: Envelope) -> None:
        handled.append(int(envelope.payload))

    consumer = Consumer(database, bus, name="test", handlers={"messaging.notes.v1.noted": handler})
    task = asyncio.create_task(consumer.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def has_all(handled: list[int], count: int) -> bool:
    return len(handled) >= count


@pytest.mark.parametrize("is_noticed", [True, False])
@pytest.mark.parametrize("count", [1, 6])
async def test_what_was_lost_is_published_again(
    database: Database, bus: Bus, nats_server: NatsServer, *, count: int, is_noticed: bool
) -> None:
    await publish_one_late(database, bus)
    await publish_the_late_one(database, bus)
    await lose(nats_server, bus, count, is_noticed=is_noticed)
    async with relaying(database, bus):
        await database.run(emit, numbers=range(EVENTS, EVENTS + 1))

        async def is_whole() -> bool:
            return await drained(database) and set(await held(bus)) == set(range(EVENTS + 1))

        await until(is_whole)


async def test_what_is_there_already_is_recognised_in_whatever_order(database: Database, bus: Bus) -> None:
    await publish_one_late(database, bus)
    await publish_the_late_one(database, bus)
    await database.run(lambda tx: tx.execute(text("insert into unpublished select id from outbox")))
    with capture_logs() as logs:
        async with relaying(database, bus):
            await until(lambda: drained(database))
        async with relaying(database, bus):
            await database.run(emit, numbers=range(EVENTS, EVENTS + 1))
            await until(lambda: drained(database))
    assert [log["event"] for log in logs if log["log_level"] == "error"] == []
    assert len(await held(bus)) == EVENTS + 1


@pytest.mark.parametrize("is_noticed", [True, False])
async def test_a_consumer_misses_nothing_that_takes_the_number_of_something_it_had(
    database: Database, bus: Bus, nats_server: NatsServer, *, is_noticed: bool
) -> None:
    handled: list[int] = []
    await publish_one_late(database, bus)
    async with consuming(database, bus, handled):
        await until(lambda: has_all(handled, EVENTS - 1))
        # Its acknowledgements arrive.
        await asyncio.sleep(0.2)
    await publish_the_late_one(database, bus)
    await lose(nats_server, bus, 6, is_noticed=is_noticed)
    async with relaying(database, bus):
        # The relay is back first: the numbers are given again before the consumer looks.
        await database.run(emit, numbers=range(EVENTS, EVENTS + 1))
        await until(lambda: drained(database))
        async with consuming(database, bus, handled):
            await until(lambda: has_all(handled, EVENTS + 1))
    assert handled == [0, 1, 2, 3, 5, 6, 7, 8, 9, LATE, EVENTS]


async def test_a_consumer_that_has_seen_more_than_there_is_begins_anew(
    database: Database, bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    handled: list[int] = []
    ask = JetStreamContext.stream_info

    async def ask_after_a_loss(self: JetStreamContext, name: str) -> StreamInfo:
        # This server takes back what its consumers know together with the tail; older ones do not.
        info = await ask(self, name)
        info.state.last_seq -= 6
        return info

    async with relaying(database, bus):
        await database.run(emit, numbers=range(EVENTS))
        async with consuming(database, bus, handled):
            await until(lambda: has_all(handled, EVENTS))
    monkeypatch.setattr(JetStreamContext, "stream_info", ask_after_a_loss)
    with capture_logs() as logs:
        async with consuming(database, bus, handled):

            async def has_begun_anew() -> bool:
                state = await (await bus.client()).jetstream().consumer_info(stream_name("notes"), "test")
                return state.ack_floor is not None and state.ack_floor.consumer_seq == EVENTS

            async def is_noticed() -> bool:
                return any(log["event"] == "consumer_ahead" for log in logs) and await has_begun_anew()

            await until(is_noticed)
            monkeypatch.undo()
            async with relaying(database, bus):
                await database.run(emit, numbers=range(EVENTS, EVENTS + 1))
                await until(lambda: has_all(handled, EVENTS + 1))
    # Told from the beginning, it knows what it has handled.
    assert handled == list(range(EVENTS + 1))


async def held(bus: Bus) -> list[int]:
    """What the stream holds; it may have gaps."""
    js = (await bus.client()).jetstream()
    subscription = await js.pull_subscribe("messaging.notes.v1.>", stream=stream_name("notes"))
    found: list[int] = []
    try:
        while True:
            for message in await subscription.fetch(100, timeout=0.5):
                found.append(int(Envelope.FromString(message.data).payload))
                await message.ack()
    except TimeoutError:
        return found
    finally:
        await subscription.unsubscribe()
