import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import text

from chassis import call
from chassis.bus import Bus
from chassis.consumer import Consumer, Handler, Prepare
from chassis.database import Database, Transaction
from chassis.errors import DependencyUnavailable
from chassis.ids import uuid7
from chassis.streams import ensure_stream, stream_name
from messaging.chassis.v1.envelope_pb2 import Envelope

from .conftest import NatsServer
from .test_relay import until

NOTED = "messaging.source.v1.noted"


def write(tx: Transaction, envelope: Envelope) -> None:
    """Appends to the aggregate's text, so that order and repetition show."""
    number = int(envelope.aggregate_id)
    tx.execute(
        text("insert into notes values (:n, :b) on conflict (id) do update set body = notes.body || excluded.body"),
        {"n": number, "b": envelope.payload.decode()},
    )


@asynccontextmanager
async def consuming(
    database: Database, bus: Bus, handlers: Mapping[str, Handler] | None = None, prepare: Prepare | None = None
) -> AsyncIterator[None]:
    consumer = Consumer(database, bus, name="test", handlers=handlers or {NOTED: write}, prepare=prepare)
    task = asyncio.create_task(consumer.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def publish(bus: Bus, aggregate: int, body: str, *, event_id: str = "", data: bytes | None = None) -> str:
    event_id = event_id or uuid7()
    envelope = Envelope(
        event_id=event_id, kind="noted", aggregate_id=str(aggregate), payload=body.encode(), actor_id="x"
    )
    js = (await bus.client()).jetstream()
    await js.publish(f"{NOTED}.{aggregate}", envelope.SerializeToString() if data is None else data)
    return event_id


async def body(database: Database, number: int) -> str:
    query = text("select coalesce((select body from notes where id = :n), '')")
    return str(await database.run(lambda tx: tx.execute(query, {"n": number}).scalar_one()))


async def rows(database: Database, query: str) -> Sequence[tuple[object, ...]]:
    return await database.run(lambda tx: [tuple(row) for row in tx.execute(text(query)).all()])


async def reads(database: Database, number: int, expected: str, seconds: float = 20) -> None:
    async def matches() -> bool:
        return await body(database, number) == expected

    await until(matches, seconds)


@pytest.fixture
async def stream(bus: Bus) -> None:
    await ensure_stream((await bus.client()).jetstream(), "source", 1)


@pytest.mark.usefixtures("stream")
class TestConsumer:
    async def test_effects_happen_once_and_in_order(self, database: Database, bus: Bus) -> None:
        ids = [await publish(bus, 1, letter) for letter in "abc"]
        async with consuming(database, bus):
            await reads(database, 1, "abc")
            await publish(bus, 1, "a", event_id=ids[0])
            await publish(bus, 1, "d")
            await reads(database, 1, "abcd")

    async def test_an_event_twice_in_one_batch_counts_once(self, database: Database, bus: Bus) -> None:
        event_id = await publish(bus, 1, "a")
        await publish(bus, 1, "a", event_id=event_id)
        await publish(bus, 1, "b")
        async with consuming(database, bus):
            await reads(database, 1, "ab")

    async def test_a_redelivery_after_a_lost_acknowledgement_changes_nothing(
        self, database: Database, bus: Bus
    ) -> None:
        await publish(bus, 1, "a")
        async with consuming(database, bus):
            await reads(database, 1, "a")
        await (await bus.client()).jetstream().delete_consumer(stream_name("source"), "test")
        async with consuming(database, bus):
            await publish(bus, 1, "b")
            await reads(database, 1, "ab")

    async def test_the_handler_acts_within_the_event_s_trace(self, database: Database, bus: Bus) -> None:
        seen: list[str] = []

        def handler(_tx: Transaction, envelope: Envelope) -> None:
            seen.append(call.current().request_id)

        event_id = await publish(bus, 1, "a")
        async with consuming(database, bus, {NOTED: handler}):
            async with asyncio.timeout(30):
                while not seen:
                    await asyncio.sleep(0.05)
        assert seen == [event_id]

    async def test_a_failing_event_waits_and_holds_up_only_its_own_aggregate(
        self, database: Database, bus: Bus
    ) -> None:
        is_broken = True

        def handler(tx: Transaction, envelope: Envelope) -> None:
            if envelope.payload == b"!" and is_broken:
                raise ValueError("poison")
            write(tx, envelope)

        for aggregate, letter in ((1, "a"), (1, "!"), (2, "x"), (1, "b"), (2, "y")):
            await publish(bus, aggregate, letter)
        async with consuming(database, bus, {NOTED: handler}):
            await reads(database, 2, "xy")
            assert await body(database, 1) == "a"
            is_broken = False
            await reads(database, 1, "a!b")
        assert await rows(database, "select * from parked") == []

    async def test_a_poison_event_is_dead_after_its_tries_and_the_aggregate_goes_on(
        self, database: Database, bus: Bus
    ) -> None:
        def handler(tx: Transaction, envelope: Envelope) -> None:
            if envelope.payload == b"!":
                raise ValueError("poison")
            write(tx, envelope)

        async with consuming(database, bus, {NOTED: handler}):
            for letter in "a!b":
                await publish(bus, 1, letter)

            async def is_parked() -> bool:
                return len(await rows(database, "select 1 from parked")) == 2

            await until(is_parked)
            # The last wait is 16 s: the clock is moved, not waited for.
            for _ in range(60):
                await rows(database, "update parked set next_try = now() returning 1")
                await asyncio.sleep(0.1)
                if await body(database, 1) == "ab":
                    break
            await reads(database, 1, "ab", 30)
        dead = await rows(database, "select tries, is_dead, error from parked")
        assert dead == [(5, True, "ValueError: poison")]

    async def test_bytes_that_are_no_envelope_are_kept_for_an_operator(self, database: Database, bus: Bus) -> None:
        await publish(bus, 1, "", data=b"\xff\xff junk")
        await publish(bus, 2, "a")
        async with consuming(database, bus):
            await reads(database, 2, "a")
        assert await rows(database, "select error, envelope = '\\xffff206a756e6b' from parked") == [
            ("not an envelope", True)
        ]

    async def test_while_a_dependency_is_down_nothing_is_counted_against_the_event(
        self, database: Database, bus: Bus
    ) -> None:
        is_down = True

        async def prepare(_: Sequence[Envelope]) -> None:
            if is_down:
                raise DependencyUnavailable()

        await publish(bus, 1, "a")
        async with consuming(database, bus, prepare=prepare):
            await asyncio.sleep(1.5)
            assert await body(database, 1) == ""
            is_down = False
            await reads(database, 1, "a")
        assert await rows(database, "select * from parked") == []

    async def test_events_published_while_the_broker_was_killed_arrive_once(
        self, database: Database, bus: Bus, nats_server: NatsServer
    ) -> None:
        async with consuming(database, bus):
            await publish(bus, 1, "a")
            await reads(database, 1, "a")
            nats_server.kill()
            nats_server.start()

            async def is_back() -> bool:
                if not bus.is_connected:
                    return False
                await publish(bus, 1, "b", event_id="00000000-0000-7000-8000-00000000000b")
                return True

            await until(is_back)
            await reads(database, 1, "ab")

    async def test_a_consumer_whose_stream_was_lost_is_made_anew(
        self, database: Database, bus: Bus, nats_server: NatsServer
    ) -> None:
        for letter in "abc":
            await publish(bus, 1, letter)
        async with consuming(database, bus):
            await reads(database, 1, "abc")
        js = (await bus.client()).jetstream()
        await js.delete_stream(stream_name("source"))
        await ensure_stream(js, "source", 1)
        await publish(bus, 1, "d")
        async with consuming(database, bus):
            await reads(database, 1, "abcd")

    async def test_of_two_replicas_one_consumes(self, database: Database, bus: Bus) -> None:
        async with consuming(database, bus), consuming(database, bus):
            for number in range(50):
                await publish(bus, 1, f"{number},")
            await reads(database, 1, "".join(f"{number}," for number in range(50)))


async def test_a_consumer_waits_for_a_stream_that_does_not_exist_yet(database: Database, bus: Bus) -> None:
    async with consuming(database, bus):
        await asyncio.sleep(1.2)
        await ensure_stream((await bus.client()).jetstream(), "source", 1)
        await publish(bus, 1, "a")
        await reads(database, 1, "a")
