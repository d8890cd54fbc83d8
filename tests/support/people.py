"""People as the outside world sees them: an account, a REST client and sockets, all through the gateway."""

import asyncio
import contextlib
import itertools
import json
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Self

import httpx2
from websockets.asyncio.client import ClientConnection, connect

from tests.support import frames

PASSWORD = "securepassword123"
# Seconds for what comes soon on every machine: only what is broken waits for their end.
PATIENCE = 30.0
_numbers = itertools.count(1)


class Person:
    """Somebody with an account who is logged in."""

    def __init__(self, url: str, http: httpx2.AsyncClient, username: str, tokens: Mapping[str, Any]) -> None:
        self.url = url
        self.http = http
        self.username = username
        self.email = f"{username}@example.org"
        self.user_id = str(tokens["user_id"])
        self._take(tokens)

    @classmethod
    async def join(cls, url: str, username: str = "") -> Self:
        """Register and log in."""
        username = username or f"person{next(_numbers)}-{uuid.uuid4().hex[:8]}"
        http = httpx2.AsyncClient(base_url=url, timeout=PATIENCE)
        body = {"email": f"{username}@example.org", "username": username, "password": PASSWORD}
        registered = await http.post("/api/v1/auth/register/", json={**body, "first_name": "A", "last_name": "B"})
        assert registered.status_code == 201, registered.text
        tokens = await http.post("/api/v1/auth/token/", json={"email": body["email"], "password": PASSWORD})
        assert tokens.status_code == 200, tokens.text
        return cls(url, http, username, tokens.json())

    async def log_in(self) -> None:
        """Begin another session."""
        self._take(await self.ask("POST", "auth/token/", json={"email": self.email, "password": PASSWORD}))

    async def stay(self) -> None:
        """Continue the session in time, as somebody who is there for more than one test."""
        if time.monotonic() - self._since > 120:
            self._take(await self.ask("POST", "auth/token/refresh/", json={"refresh": self.refresh}))

    def _take(self, tokens: Mapping[str, Any]) -> None:
        self.access, self.refresh = str(tokens["access"]), str(tokens["refresh"])
        self.http.headers["Authorization"] = f"Bearer {self.access}"
        self._since = time.monotonic()

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
    async def socket(
        self, revs: Mapping[str, int] | None = None, epoch: str = "", *, url: str = ""
    ) -> AsyncIterator["Socket"]:
        """An authenticated socket, of another gateway where its address is given.

        With revs it resumes from them, otherwise it is live from now.
        """
        async with connect((url or self.url).replace("http", "ws", 1) + "/api/v1/ws/", max_size=None) as connection:
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
        # Set, and made anew, whenever there is something to look at.
        self._came = asyncio.Event()
        self._ids = itertools.count(1)
        # Command id -> its type, to know what an answer has to look like.
        self._asked: dict[str, str] = {}
        self._by_kind: dict[str, list[Any]] = defaultdict(list)
        self._answers: dict[str, Any] = {}
        # What ended the reading: nothing comes any more.
        self._end: BaseException | None = None

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[None]:
        """Note frames for the length of the block."""
        task = asyncio.create_task(self._read())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            if isinstance(self._end, AssertionError):
                # A frame that is not as documented.
                raise self._end

    async def command(self, kind: str, payload: Mapping[str, Any], *, wait: bool = True) -> Any:
        """Send a command and return the frame that answers it."""
        number = str(next(self._ids))
        self._asked[number] = kind
        await self.connection.send(json.dumps({"type": kind, "id": number, "payload": payload}))
        if not wait:
            return None
        return await self._wait(lambda: self._answers.get(number), f"the answer to {kind}", PATIENCE)

    async def send(self, conversation_id: str, *contents: str, at_once: int = 50) -> list[Any]:
        """Say things in this order, so many at once that no machine is too slow; returns the messages."""
        messages = []
        for n in range(0, len(contents), at_once):
            payloads = [{"conversation_id": conversation_id, "content": text} for text in contents[n : n + at_once]]
            answers = await asyncio.gather(*(self.command("message.send", payload) for payload in payloads))
            assert {answer["type"] for answer in answers} == {"ack"}, answers
            messages += [answer["payload"] for answer in answers]
        return messages

    async def until(self, kind: str, *, count: int = 1, seconds: float = PATIENCE) -> Any:
        """Wait for the n-th frame of a type and return it."""
        came = self._by_kind[kind]
        return await self._wait(lambda: came[count - 1] if len(came) >= count else None, f"{kind} #{count}", seconds)

    async def first(self, matches: Callable[[Any], bool], *, seconds: float = PATIENCE) -> Any:
        """Wait for a frame that matches and return it."""
        looked_at = 0

        def find() -> Any:
            nonlocal looked_at
            found = next(filter(matches, itertools.islice(self.frames, looked_at, None)), None)
            looked_at = len(self.frames)
            return found

        return await self._wait(find, "a frame that matches", seconds)

    def messages(self) -> list[Any]:
        """The messages that were announced, in the order in which they came."""
        return [frame["payload"] for frame in self._by_kind["message.created"]]

    async def _wait(self, find: Callable[[], Any], what: str, seconds: float) -> Any:
        """What is found, as soon as there is something; fails at once when the connection ends without it."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while (found := find()) is None and self._end is None:
                    await self._came.wait()
                if found is not None:
                    return found
        raise AssertionError(f"{what} has not come; {self._told()}") from self._end

    def _told(self) -> str:
        """What is worth knowing when something has not come."""
        refused = Counter(
            (self._asked.get(frame["id"]), frame["payload"]["code"]) for frame in self._by_kind["error"]
        ).most_common(5)
        return (
            f"{'still open' if self._end is None else f'ended by {self.connection.close_code} {self._end!r}'}, "
            f"asked {dict(Counter(self._asked.values()))}, refused {refused}, "
            f"got {dict(Counter(frame['type'] for frame in self.frames))}, "
            f"at last {[frame['type'] for frame in self.frames[-5:]]}"
        )

    async def _read(self) -> None:
        try:
            async for text in self.connection:
                frame = json.loads(text)
                frames.check(frame, self._asked.get(frame.get("id")))
                self._note(frame)
            self._end = EOFError()
        except BaseException as end:
            self._end = end
            raise
        finally:
            self._look()

    def _note(self, frame: Any) -> None:
        self.frames.append(frame)
        self._by_kind[frame["type"]].append(frame)
        if frame.get("id") is not None:
            self._answers.setdefault(frame["id"], frame)
        self._look()

    def _look(self) -> None:
        came, self._came = self._came, asyncio.Event()
        came.set()
