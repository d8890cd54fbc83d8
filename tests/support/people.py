"""People as the outside world sees them: an account, a REST client and sockets, all through the gateway."""

import asyncio
import itertools
import json
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Self

import httpx2
from websockets.asyncio.client import ClientConnection, connect

from tests.support import frames

PASSWORD = "securepassword123"
_numbers = itertools.count(1)


class Person:
    """Somebody with an account who is logged in."""

    def __init__(self, url: str, http: httpx2.AsyncClient, username: str, tokens: Mapping[str, Any]) -> None:
        self.url = url
        self.http = http
        self.username = username
        self.email = f"{username}@example.org"
        self.user_id = str(tokens["user_id"])
        self.access = str(tokens["access"])
        self.refresh = str(tokens["refresh"])
        self.http.headers["Authorization"] = f"Bearer {self.access}"

    @classmethod
    async def join(cls, url: str, username: str = "") -> Self:
        """Register and log in."""
        username = username or f"person{next(_numbers)}-{uuid.uuid4().hex[:8]}"
        http = httpx2.AsyncClient(base_url=url, timeout=10)
        body = {"email": f"{username}@example.org", "username": username, "password": PASSWORD}
        registered = await http.post("/api/v1/auth/register/", json={**body, "first_name": "A", "last_name": "B"})
        assert registered.status_code == 201, registered.text
        tokens = await http.post("/api/v1/auth/token/", json={"email": body["email"], "password": PASSWORD})
        assert tokens.status_code == 200, tokens.text
        return cls(url, http, username, tokens.json())

    async def log_in(self) -> None:
        """Begin another session."""
        tokens = await self.ask("POST", "auth/token/", json={"email": self.email, "password": PASSWORD})
        self.access, self.refresh = tokens["access"], tokens["refresh"]
        self.http.headers["Authorization"] = f"Bearer {self.access}"

    async def ask(self, method: str, path: str, *, expect: int = 200, **options: Any) -> Any:
        """Make a request below /api/v1/ and return the JSON of the expected answer."""
        answer = await self.http.request(method, f"/api/v1/{path}", **options)
        assert answer.status_code == expect, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    async def direct(self, other: "Person") -> str:
        """The id of the direct conversation with somebody."""
        body = {"kind": "direct", "participant_ids": [other.user_id]}
        answer = await self.http.post("/api/v1/conversations/", json=body)
        assert answer.status_code in {200, 201}, answer.text
        return str(answer.json()["id"])

    async def group(self, *others: "Person", title: str = "A group") -> str:
        """The id of a new group."""
        body = {"kind": "group", "title": title, "participant_ids": [other.user_id for other in others]}
        return str((await self.ask("POST", "conversations/", expect=201, json=body))["id"])

    async def say(self, conversation_id: str, content: str, **fields: Any) -> Any:
        """Send a message over REST."""
        body = {"content": content, **fields}
        return await self.ask("POST", f"conversations/{conversation_id}/messages/", expect=201, json=body)

    async def read_all(self, conversation_id: str) -> list[Any]:
        """All messages of a conversation, oldest first."""
        messages: list[Any] = []
        path = f"conversations/{conversation_id}/messages/?after_seq=0&page_size=200"
        while path:
            page = await self.ask("GET", path)
            messages += page["results"]
            path = str(page["next"] or "").partition("/api/v1/")[2]
        return messages

    @asynccontextmanager
    async def socket(self, revs: Mapping[str, int] | None = None, epoch: str = "") -> AsyncIterator["Socket"]:
        """An authenticated socket; with revs it resumes from them, otherwise it is live from now."""
        async with connect(self.url.replace("http", "ws", 1) + "/api/v1/ws/", max_size=None) as connection:
            socket = Socket(connection)
            async with socket.reading():
                await socket.command("authenticate", {"access": self.access}, wait=False)
                socket.hello = (await socket.until("hello"))["payload"]
                payload = {"epoch": epoch or socket.hello["epoch"], "revs": revs or {}}
                socket.resumed = (await socket.command("resume", payload))["payload"]
                yield socket

    async def close(self) -> None:
        """End the REST client."""
        await self.http.aclose()


class Socket:
    """A socket that notes every frame it gets, and holds each to the documentation."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.frames: list[Any] = []
        self.hello: dict[str, Any] = {}
        self.resumed: dict[str, Any] = {}
        self._came = asyncio.Condition()
        self._ids = itertools.count(1)
        # Command id -> its type, to know what an answer has to look like.
        self._asked: dict[str, str] = {}

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[None]:
        """Note frames for the length of the block."""
        task = asyncio.create_task(self._read())
        try:
            yield
        finally:
            task.cancel()
            [ended] = await asyncio.gather(task, return_exceptions=True)
            if isinstance(ended, AssertionError):
                # A frame that is not as documented.
                raise ended

    async def command(self, kind: str, payload: Mapping[str, Any], *, wait: bool = True) -> Any:
        """Send a command and return the frame that answers it."""
        number = str(next(self._ids))
        self._asked[number] = kind
        await self.connection.send(json.dumps({"type": kind, "id": number, "payload": payload}))
        return await self.first(lambda frame: frame.get("id") == number) if wait else None

    async def until(self, kind: str, *, count: int = 1, seconds: float = 10) -> Any:
        """Wait for the n-th frame of a type and return it."""

        def matches() -> list[Any]:
            return [frame for frame in self.frames if frame["type"] == kind]

        async with asyncio.timeout(seconds), self._came:
            await self._came.wait_for(lambda: len(matches()) >= count)
        return matches()[count - 1]

    async def first(self, matches: Callable[[Any], bool], *, seconds: float = 10) -> Any:
        """Wait for a frame that matches and return it."""
        async with asyncio.timeout(seconds), self._came:
            await self._came.wait_for(lambda: any(map(matches, self.frames)))
        return next(filter(matches, self.frames))

    def messages(self) -> list[Any]:
        """The messages that were announced, in the order in which they came."""
        return [frame["payload"] for frame in self.frames if frame["type"] == "message.created"]

    async def _read(self) -> None:
        async for text in self.connection:
            frame = json.loads(text)
            frames.check(frame, self._asked.get(frame.get("id")))
            async with self._came:
                self.frames.append(frame)
                self._came.notify_all()
