"""Who counts as being there."""

import asyncio

from tests.support.doors import Door
from tests.support.people import Person


async def test_two_sockets_that_open_together_make_one_present(door: Door, ada: Person, cyn: Person) -> None:
    async def becomes(wanted: str) -> None:
        async with asyncio.timeout(10):
            while (await ada.ask("GET", f"users/{cyn.user_id}/"))["presence"]["state"] != wanted:
                await asyncio.sleep(0.1)

    async def stay(until: asyncio.Event) -> None:
        async with cyn.socket():
            await until.wait()

    await becomes("offline")
    enough = asyncio.Event()
    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(2):
                group.create_task(stay(enough))
            try:
                await becomes("online")
            finally:
                enough.set()
    finally:
        await becomes("offline")
