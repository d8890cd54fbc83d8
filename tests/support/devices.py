"""Devices of people: a client that keeps state with a connection that feeds it, and how they are compared."""

import asyncio
import time
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from tests.support.client import Client
from tests.support.people import Person, Socket
from tests.support.states import fetch

# Until then the inbox of somebody who has just connected counts messages without telling of it.
_NOTED_SECONDS = 4.0


class Device:
    """A client with its connection; frames before `begun` are in what it fetched."""

    def __init__(self, client: Client, socket: Socket, begun: int = 0) -> None:
        self.client = client
        self.socket = socket
        self._read = begun

    async def catch_up(self) -> None:
        """Take in every frame that has come, and resume when one is missing."""
        while self._read < len(self.socket.frames):
            self._read += 1
            await self.client.hear(self.socket.frames[self._read - 1])
            if self.client.is_behind:
                await self.resume()

    async def resume(self, revs: Mapping[str, int] | None = None, epoch: str = "") -> None:
        """Catch up by asking what was missed."""
        client = self.client
        client.is_resuming = True
        payload = {"epoch": epoch or self.socket.hello["epoch"], "revs": client.revs if revs is None else revs}
        await self.socket.command("resume", payload)
        await self.catch_up()


@asynccontextmanager
async def connected(person: Person, url: str = "") -> AsyncIterator[Device]:
    """A new device: it is connected first, so that nothing is missed between what it fetches and what it hears."""
    async with person.socket(url=url) as socket:
        begun = len(socket.frames)
        yield Device(Client(person, await fetch(person)), socket, begun)


async def noted(devices: Sequence[Device]) -> None:
    """Wait until everybody knows that these people are connected, and have them fetch what they show from then on."""
    await asyncio.sleep(_NOTED_SECONDS)
    for device in devices:
        await device.catch_up()
        await device.client.fetch_own()


async def settled(devices: Sequence[Device], places: Collection[str] | None, *, after: str) -> None:
    """Wait until all devices of one person show what a fresh one fetches."""
    person = devices[0].client.person
    deadline = time.monotonic() + 5
    while True:
        fresh = await fetch(person, places)
        differences = []
        for device in devices:
            await device.catch_up()
            differences += differing(device.client.shown(places), fresh)
        if not differences:
            return
        assert time.monotonic() < deadline, f"after {after}: " + "; ".join(differences)
        await asyncio.sleep(0.1)


def differing(old: Any, fresh: Any, path: str = "") -> list[str]:
    """Where two states are not the same."""
    if isinstance(old, Mapping) and isinstance(fresh, Mapping):
        names = [*old, *(name for name in fresh if name not in old)]
        return [found for name in names for found in differing(old.get(name), fresh.get(name), f"{path}.{name}")]
    return [] if old == fresh else [f"{path} is {old!r}, fetched {fresh!r}"]
