import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from nats.errors import Error as NatsError
from sqlalchemy import text
from structlog.testing import capture_logs

from chassis.bus import Bus
from chassis.database import Database, Transaction
from chassis.database.engine import make_engine
from chassis.relay import OutboxRelay
from chassis.streams import stream_name
from messaging.chassis.v1.envelope_pb2 import Envelope

from .conftest import NatsServer


@asynccontextmanager
async def relaying(database: Database, bus: Bus) -> AsyncIterator[OutboxRelay]:
    relay = OutboxRelay(database.url, bus, "notes")
    database.on_commit = relay.wake
    task = asyncio.create_task(relay.run())
    try:
        yield relay
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def emit(tx: Transaction, *, numbers: range) -> None:
    for number in numbers:
        tx.emit((f"a{number % 3}", str(number)))


async def queued(database: Database) -> int:
    return await database.run(lambda tx: tx.execute(text("select count(*) from unpublished")).scalar_one())


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 20) -> None:
    async with asyncio.timeout(seconds):
        while True:
            with suppress(NatsError, TimeoutError):
                if await condition():
                    return
            await asyncio.sleep(0.05)


async def published(bus: Bus) -> list[int]:
    """What the stream holds, in its order."""
    js = (await bus.client()).jetstream()
    last = (await js.stream_info(stream_name("notes"))).state.last_seq
    messages = [await js.get_msg(stream_name("notes"), seq=seq) for seq in range(1, last + 1)]
    return [int(Envelope.FromString(message.data or b"").payload) for message in messages]


async def drained(database: Database) -> bool:
    return await queued(database) == 0


async def test_what_was_committed_is_published_in_order(database: Database, bus: Bus) -> None:
    async with relaying(database, bus):
        await database.run(emit, numbers=range(600))
        await until(lambda: drained(database))
    assert await published(bus) == list(range(600))


async def test_events_of_an_outage_arrive_after_it(database: Database, bus: Bus, nats_server: NatsServer) -> None:
    async with relaying(database, bus):
        await database.run(emit, numbers=range(5))
        await until(lambda: drained(database))
        nats_server.kill()
        await database.run(emit, numbers=range(5, 10))
        assert await queued(database) == 5
        nats_server.start()
        await until(lambda: drained(database))
    assert await published(bus) == list(range(10))


async def test_a_lost_stream_is_filled_again_from_the_outbox(
    database: Database, bus: Bus, nats_server: NatsServer
) -> None:
    async with relaying(database, bus):
        await database.run(emit, numbers=range(20))
        await until(lambda: drained(database))
        nats_server.kill()
        nats_server.wipe()
        nats_server.start()

        async def refilled() -> bool:
            return bus.is_connected and await published(bus) == list(range(20))

        await until(refilled)


async def test_a_lost_tail_is_published_again(database: Database, bus: Bus) -> None:
    async with relaying(database, bus):
        await database.run(emit, numbers=range(20))
        await until(lambda: drained(database))
    # What a truncated file looks like to a relay that comes back: fewer messages than it remembers.
    js = (await bus.client()).jetstream()
    await database.run(lambda tx: tx.execute(text("update relay_position set last_seq = last_seq + 7")))
    await database.run(emit, numbers=range(20, 25))
    async with relaying(database, bus):
        await until(lambda: drained(database))
    assert (await js.stream_info(stream_name("notes"))).state.messages == 25
    assert sorted(set(await published(bus))) == list(range(25))


async def test_a_rewritten_stream_is_noticed(database: Database, bus: Bus) -> None:
    async with relaying(database, bus):
        await database.run(emit, numbers=range(5))
        await until(lambda: drained(database))
    js = (await bus.client()).jetstream()
    await js.delete_msg(stream_name("notes"), 5)
    with capture_logs() as logs:
        async with relaying(database, bus):
            await database.run(emit, numbers=range(5, 6))
            await until(lambda: drained(database))
    assert next(log["queued"] for log in logs if log["event"] == "stream_rewritten") == 5


async def test_two_relays_publish_everything_once(database: Database, bus: Bus) -> None:
    async with relaying(database, bus), relaying(database, bus):
        for start in range(0, 300, 10):
            await database.run(emit, numbers=range(start, start + 10))
        await until(lambda: drained(database))
    assert await published(bus) == list(range(300))


async def test_another_relay_takes_over_when_the_lock_connection_dies(database: Database, bus: Bus) -> None:
    async with relaying(database, bus), relaying(database, bus):
        await database.run(emit, numbers=range(5))
        await until(lambda: drained(database))
        engine = make_engine(database.url, pool_size=0)
        with engine.begin() as connection:
            ended = connection.execute(
                text("""
                    select pg_terminate_backend(pid) from pg_locks join pg_database on pg_database.oid = database
                    where locktype = 'advisory' and granted and datname = current_database()
                """)
            ).all()
        engine.dispose()
        assert len(ended) == 1
        await database.run(emit, numbers=range(5, 10))
        await until(lambda: drained(database))
    assert sorted(set(await published(bus))) == list(range(10))


async def test_a_stream_that_refuses_keeps_the_queue(database: Database, bus: Bus) -> None:
    async with relaying(database, bus):
        await database.run(emit, numbers=range(1))
        await until(lambda: drained(database))
        js = (await bus.client()).jetstream()
        config = (await js.stream_info(stream_name("notes"))).config
        config.max_msgs = 1
        await js.update_stream(config)
        await database.run(emit, numbers=range(1, 4))
        await asyncio.sleep(1)
        assert await queued(database) == 3
        config.max_msgs = -1
        await js.update_stream(config)
        await until(lambda: drained(database))
    assert sorted(set(await published(bus))) == [0, 1, 2, 3]


async def test_the_stream_refuses_new_events_rather_than_dropping_old_ones(database: Database, bus: Bus) -> None:
    async with relaying(database, bus):
        await database.run(emit, numbers=range(1))
        await until(lambda: drained(database))
    config = (await (await bus.client()).jetstream().stream_info(stream_name("notes"))).config
    assert config.discard == "new"
