"""A gateway on the test's own loop in front of real services, and what tests ask of its sockets."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx2
from websockets.asyncio.client import connect

from deploy.local.stack import Stack
from gateway import server, wiring
from gateway.settings import Settings
from tests.support.people import PATIENCE, Person, Socket
from tests.support.proxy import Proxy


@dataclass
class Door:
    """A running gateway: its address, and the ways to NATS and to conversations that a test may cut."""

    url: str
    nats: Proxy
    conversations: Proxy
    running: asyncio.Task[int]

    @asynccontextmanager
    async def connected(
        self, person: Person | None = None, *, headers: Mapping[str, str] | None = None, query: str = ""
    ) -> AsyncIterator[Socket]:
        """A socket after its handshake, with the person's token in its header; nothing is said over it yet."""
        given = {"Authorization": f"Bearer {person.access}"} if person is not None else {}
        url = f"{self.url.replace('http', 'ws', 1)}/api/v1/ws/{query}"
        async with connect(url, max_size=None, additional_headers={**given, **(headers or {})}) as connection:
            socket = Socket(connection)
            async with socket.reading():
                yield socket

    async def end(self) -> None:
        """Drain and stop it."""
        self.running.cancel()
        await asyncio.gather(self.running, return_exceptions=True)
        await asyncio.gather(self.nats.cut(), self.conversations.cut())


@asynccontextmanager
async def open_door(platform: Stack, **changes: str) -> AsyncIterator[Door]:
    """Start a gateway with the platform's settings, except for the given ones."""
    environment = platform.environment("gateway")
    address = urlsplit(environment["NATS_URL"])
    nats, conversations = Proxy(address.port or 4222), Proxy(int(environment["CONVERSATIONS_TARGET"].split(":")[1]))
    await asyncio.gather(nats.mend(), conversations.mend())
    values = {
        **environment,
        "NATS_URL": address._replace(netloc=f"{address.username}:{address.password}@127.0.0.1:{nats.port}").geturl(),
        "CONVERSATIONS_TARGET": f"127.0.0.1:{conversations.port}",
        "PORT": "0",
        "METRICS_LISTEN": "",
        "DRAIN_SECONDS": "1",
        **changes,
    }
    settings = Settings.model_validate({name.lower(): value for name, value in values.items()})
    listener = server.listen(settings)
    running = asyncio.create_task(wiring.build(settings, listener).run())
    door = Door(f"http://127.0.0.1:{listener.getsockname()[1]}", nats, conversations, running)
    try:
        await _ready(door.url)
        yield door
    finally:
        await door.end()


async def _ready(url: str) -> None:
    async with asyncio.timeout(PATIENCE), httpx2.AsyncClient(base_url=url) as http:
        while (await http.get("/readyz")).status_code != 200:
            await asyncio.sleep(0.05)


async def close_code(socket: Socket) -> int | None:
    """Wait until the other side closes, and say with which code."""
    async with asyncio.timeout(PATIENCE):
        await socket.connection.wait_closed()
    return socket.connection.close_code


async def said(socket: Socket, text: str | bytes) -> Any:
    """Send something raw and return the next error frame."""
    before = sum(frame["type"] == "error" for frame in socket.frames)
    await socket.connection.send(text)
    return (await socket.until("error", count=before + 1))["payload"]


async def silence(socket: Socket, seconds: float = 0.3) -> list[Any]:
    """What comes within a while, apart from digests and from who else comes and goes."""
    before = len(socket.frames)
    await asyncio.sleep(seconds)
    return [frame for frame in socket.frames[before:] if frame["type"] not in {"digest", "presence.changed"}]


def events(socket: Socket, conversation_id: str) -> list[tuple[str, int]]:
    """Types and revs of a conversation's numbered events, in the order in which they came."""
    return [
        (frame["type"], frame["rev"])
        for frame in socket.frames
        if frame.get("conversation_id") == conversation_id and "rev" in frame
    ]


def command(kind: str, payload: Mapping[str, Any] | None = None, number: str = "x") -> str:
    return json.dumps({"type": kind, "id": number, "payload": payload or {}})


def shared(message: Mapping[str, Any]) -> dict[str, Any]:
    """What all see of a message that one person was answered."""
    return {
        name: value for name, value in message.items() if name not in {"status", "is_bookmarked", "has_acknowledged"}
    }
