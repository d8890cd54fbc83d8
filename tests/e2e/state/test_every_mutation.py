"""Old client state and events make what a fresh client fetches: after every mutation that the platform has.

Two devices of one person, one of another, and one of somebody who joined late hear it all.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from deploy.local.stack import Stack
from gateway.app import ROUTERS
from gateway.openapi import Document
from gateway.realtime.commands import COMMANDS
from tests.e2e.state import gatherings, messages
from tests.e2e.state.scene import ACTS, Scene
from tests.support.devices import Device, connected, noted, settled
from tests.support.openapi import operations
from tests.support.people import Person

# What is done there is not part of what a client keeps of conversations.
ELSEWHERE = ("/users/", "/auth/", "/admin/")
# How a connection is opened and kept; and who is there is told apart from all this.
CONNECTING = {"authenticate", "resume", "presence.set"}
# In the order in which they are written down.
_NOTED = [act for acts in ACTS.values() for act in acts]
PLAY = [act for module in (messages, gatherings) for act in vars(module).values() if act in _NOTED]


def test_no_mutation_is_forgotten() -> None:
    routes = [route for router in ROUTERS for route in router.routes]
    offered = {
        f"{method.upper()} {path.removeprefix('/api/v1')}"
        for method, path, _ in operations(Document(routes).value)
        if method != "get" and not path.removeprefix("/api/v1").startswith(ELSEWHERE)
    }
    assert ACTS.keys() == offered | ({"message.send", *COMMANDS} - CONNECTING)


@asynccontextmanager
async def scene(url: str) -> AsyncIterator[tuple[Scene, list[list[Device]]]]:
    """The people, where they meet, and their devices."""
    ann, ben, cyn, dan = people = await asyncio.gather(*(Person.join(url) for _ in range(4)))
    body = {"kind": "group", "title": "Us", "history_visibility": "since_joined", "participant_ids": [ben.user_id]}
    group = str((await ann.ask("POST", "conversations/", expect=201, json=body))["id"])
    old = await ann.say(group, "before Cyn came")
    await ann.ask("POST", f"conversations/{group}/participants/", expect=201, json={"user_ids": [cyn.user_id]})
    club = await ben.group(cyn, title="Club")
    await ben.ask("PATCH", f"conversations/{club}/", json={"is_public": True})
    box = await _full_box(ann, ben)
    async with AsyncExitStack() as stack:
        devices = [await stack.enter_async_context(connected(person)) for person in (ann, ann, ben, cyn)]
        await noted(devices)
        direct = await ann.direct(ben)
        played = Scene(ann, ben, cyn, dan, group, direct, club, box, devices[0].socket, old)
        yield played, [devices[:2], devices[2:3], devices[3:]]
    await asyncio.gather(*(person.close() for person in people))


async def _full_box(ann: Person, ben: Person) -> str:
    box = await ben.group(ann, title="Box")
    for content in ("hello", f"@{ann.username}"):
        await ben.say(box, content)
    await ben.say(box, "notice", requires_acknowledgement=True)
    async with asyncio.timeout(10):
        while len((await ann.ask("GET", "notifications/"))["results"]) < 4:
            await asyncio.sleep(0.1)
    return box


async def test_what_clients_show_after_every_mutation_is_what_a_fresh_one_fetches(platform: Stack) -> None:
    async with scene(platform.gateway_url) as (played, of_each):
        for act in PLAY:
            played.places = {played.group}
            await act(played)
            await asyncio.gather(*(settled(devices, played.places, after=act.__name__) for devices in of_each))
        await asyncio.gather(*(settled(devices, None, after="everything") for devices in of_each))
