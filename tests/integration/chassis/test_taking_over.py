"""A consumer that goes on where another one died."""

import pytest

from chassis.bus import Bus
from chassis.database import Database
from chassis.streams import stream_name

from .test_consumer import consuming, publish, reads, rows, stream
from .test_relay import until

__all__ = ["stream"]


@pytest.mark.usefixtures("stream")
async def test_what_was_taken_and_not_acknowledged_comes_before_what_came_later(database: Database, bus: Bus) -> None:
    async with consuming(database, bus):
        await publish(bus, 1, "a")
        await reads(database, 1, "a")
    js = (await bus.client()).jetstream()
    for letter in "bc":
        await publish(bus, 1, letter)
    # Somebody who dies before the acknowledgement; the server waits 30 s for it.
    taken = await js.pull_subscribe_bind("test", stream=stream_name("source"))
    assert len(await taken.fetch(2, timeout=30)) == 2
    await taken.unsubscribe()
    await publish(bus, 1, "d")
    async with consuming(database, bus):
        await reads(database, 1, "abcd", 10)


@pytest.mark.usefixtures("stream")
async def test_what_was_acknowledged_does_not_come_again(database: Database, bus: Bus) -> None:
    js = (await bus.client()).jetstream()

    async def is_acknowledged() -> bool:
        info = await js.consumer_info(stream_name("source"), "test")
        return bool(info.num_pending == 0 and info.num_ack_pending == 0)

    async with consuming(database, bus):
        await publish(bus, 1, "a")
        await reads(database, 1, "a")
        await until(is_acknowledged, 10)
    await rows(database, "delete from inbox returning 1")
    async with consuming(database, bus):
        await publish(bus, 1, "b")
        await reads(database, 1, "ab")
