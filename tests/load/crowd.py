"""A load client of its own process: a crowd of sockets that takes one step after the other.

Each line of standard input is a step as JSON, `{"step": "open" | "deaf" | "send", …}`, answered by a line; the end of
input closes all. Every refusal, gap or lost delivery fails the step.
"""

import asyncio
import base64
import json
import os
import resource
import socket
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import orjson
import picows
import uvloop

from tests.load.figures import quantile

# How long after the last send everything must have arrived, and how long a socket may take to be live.
PATIENCE = 15.0
AT_ONCE = 32
# How every frame of a new message begins: read without JSON, for it comes to everybody.
CREATED = b'{"type":"message.created","conversation_id":"'
ID = slice(len(CREATED), len(CREATED) + 36)
REV = ID.stop + len(b'","rev":')


@dataclass(slots=True)
class Tally:
    """One message on its way to everybody."""

    sent: float
    count: int = 0
    last: float = 0.0


@dataclass(frozen=True)
class Stream:
    """What one socket sends: so many a second, or so many under way until everybody has each."""

    token: str
    conversation_id: str
    rate: float = 0.0
    width: int = 0
    characters: int = 0


class Peer(picows.WSListener):
    """One socket that reads everything."""

    def __init__(self, crowd: "Crowd", token: str) -> None:
        self.crowd = crowd
        self.token = token
        self.revs: dict[bytes, int] = {}
        self.is_live = asyncio.get_running_loop().create_future()

    def on_ws_connected(self, transport: picows.WSTransport) -> None:
        self.transport = transport

    def on_ws_disconnected(self, _transport: picows.WSTransport) -> None:
        self.crowd.fail("a socket was closed")

    def command(self, kind: str, number: str, payload: dict[str, Any]) -> None:
        self.transport.send(picows.WSMsgType.TEXT, orjson.dumps({"type": kind, "id": number, "payload": payload}))

    def on_ws_frame(self, _transport: picows.WSTransport, frame: picows.WSFrame) -> None:
        if frame.msg_type == picows.WSMsgType.CLOSE:
            self.crowd.fail(f"a socket was closed with {frame.get_close_code()}")
        if frame.msg_type != picows.WSMsgType.TEXT:
            return
        data = frame.get_payload_as_bytes()
        if data.startswith(CREATED):
            self.note(data)
            return
        shown = orjson.loads(data)
        kind = shown["type"]
        if kind == "hello":
            self.command("resume", "0", {"epoch": shown["payload"]["epoch"]})
        elif kind == "resumed":
            self.is_live.set_result(None)
        elif kind == "error":
            self.crowd.fail(str(shown["payload"]))
        else:
            self.crowd.others[kind] = self.crowd.others.get(kind, 0) + 1

    def note(self, data: bytes) -> None:
        """Take in a new message."""
        conversation_id, rev = data[ID], int(data[REV : data.index(b",", REV)])
        before = self.revs.get(conversation_id)
        if before is not None and rev != before + 1:
            self.crowd.fail(f"rev {rev} came after {before}")
        self.revs[conversation_id] = rev
        if conversation_id == self.crowd.measured:
            self.crowd.count(rev, data)


class Crowd:
    """All sockets and what they saw."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.peers: dict[str, Peer] = {}
        self.deaf: list[socket.socket] = []
        self.failure: str | None = None
        self.others: dict[str, int] = {}
        self.measured = b""
        self._everyone: list[Peer] = []
        self._tallies: dict[int, Tally] = {}
        self._times: list[float] = []
        self._complete = 0
        self._audience = 0
        self._again: Stream | None = None
        self._sent = 0
        self._end = 0.0
        self._is_closing = False

    def fail(self, why: str) -> None:
        if not self._is_closing:
            self.failure = self.failure or why
            self._end = 0.0

    async def open(self, tokens: Sequence[str]) -> dict[str, Any]:
        """Open a socket with each token and make it live."""
        places, times = asyncio.Semaphore(AT_ONCE), list[float]()

        async def one(token: str) -> None:
            async with places:
                begun, peer = time.perf_counter(), Peer(self, token)
                headers = {"Authorization": f"Bearer {token}"}
                await picows.ws_connect(lambda: peer, f"{self.url}/api/v1/ws/", extra_headers=headers)
                async with asyncio.timeout(PATIENCE):
                    await peer.is_live
                times.append(time.perf_counter() - begun)
                self.peers[token] = peer
                self._everyone.append(peer)

        begun = time.perf_counter()
        await asyncio.gather(*map(one, tokens))
        elapsed = time.perf_counter() - begun
        return {"count": len(tokens), "rate": len(tokens) / elapsed, **_quantiles("", times)}

    async def leave_deaf(self, tokens: Sequence[str]) -> dict[str, Any]:
        """Open sockets that will never read."""
        self.deaf = await asyncio.to_thread(lambda: [_handshake(self.url, token) for token in tokens])
        # Who says nothing for a second is live.
        await asyncio.sleep(1.5)
        return {"count": len(self.deaf)}

    async def send(self, streams: Sequence[Stream], audience: int, seconds: float) -> dict[str, Any]:
        """Send for so long and wait until the `audience` has each message of the first stream."""
        first = streams[0]
        self.measured, self._audience, self._again = first.conversation_id.encode(), audience, first
        self._tallies, self._times, self._complete, self._sent, self.others = {}, [], 0, 0, {}
        cpu, begun = _cpu(), time.perf_counter()
        self._end = begun + seconds
        for _ in range(first.width):
            self._fire(first, 0.0)
        await asyncio.gather(*(self._pace(stream, begun) for stream in streams), asyncio.sleep(seconds))
        deadline = time.perf_counter() + PATIENCE
        while self.failure is None and self._complete < self._sent:
            if time.perf_counter() > deadline:
                self.fail(f"of {self._sent} messages {self._complete} reached everybody")
            await asyncio.sleep(0.005)
        return self.seen(begun) | {"client_seconds": _cpu() - cpu}

    def seen(self, begun: float) -> dict[str, Any]:
        """What has come since then."""
        elapsed = max((tally.last for tally in self._tallies.values()), default=begun) - begun
        last = [tally.last - tally.sent for tally in self._tallies.values()]
        return {
            "messages": self._sent,
            "count": len(self._times),
            "rate": len(self._times) / max(elapsed, 1e-9),
            **_quantiles("", self._times),
            **_quantiles("last_", last),
            "others": self.others,
        }

    def count(self, rev: int, data: bytes) -> None:
        """Count a delivery of the measured conversation."""
        now = time.perf_counter()
        tally = self._tallies.get(rev)
        if tally is None:
            sent = float(orjson.loads(data)["payload"]["content"].split()[1])
            tally = self._tallies[rev] = Tally(sent)
        tally.count += 1
        tally.last = now
        self._times.append(now - tally.sent)
        if tally.count == self._audience:
            self._complete += 1
            if self._again is not None and self._again.width:
                self._fire(self._again, 0.0)

    def close(self) -> None:
        self._is_closing = True
        for peer in self._everyone:
            peer.transport.disconnect()
        for connection in self.deaf:
            connection.close()

    async def _pace(self, stream: Stream, begun: float) -> None:
        number = 0
        while stream.rate and (due := begun + number / stream.rate) < self._end:
            await asyncio.sleep(due - time.perf_counter())
            self._fire(stream, due)
            number += 1

    def _fire(self, stream: Stream, due: float) -> None:
        at = due or time.perf_counter()
        if at > self._end:
            return
        if stream is self._again:
            self._sent += 1
        content = f"load {at:.6f} ".ljust(stream.characters, ".")
        payload = {"conversation_id": stream.conversation_id, "content": content}
        self.peers[stream.token].command("message.send", "1", payload)


def _handshake(url: str, token: str) -> socket.socket:
    address = urlsplit(url)
    connection = socket.socket()
    # Little room, so that what is not read soon stays with the gateway.
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.connect((address.hostname, address.port))
    lines = (
        "GET /api/v1/ws/ HTTP/1.1",
        f"Host: {address.netloc}",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
        f"Authorization: Bearer {token}",
    )
    connection.sendall("\r\n".join((*lines, "", "")).encode())
    answer = connection.recv(12)
    assert answer.endswith(b" 101"), answer
    return connection


def _quantiles(name: str, seconds: Sequence[float]) -> dict[str, float]:
    return {f"{name}p50": quantile(seconds, 0.5) * 1000, f"{name}p99": quantile(seconds, 0.99) * 1000}


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def obey(crowd: Crowd) -> None:
    """Take steps until there are no more."""
    while line := await asyncio.to_thread(sys.stdin.readline):
        asked = json.loads(line)
        match asked.pop("step"):
            case "open":
                answer = await crowd.open(**asked)
            case "deaf":
                answer = await crowd.leave_deaf(**asked)
            case _:
                streams = [Stream(**stream) for stream in asked.pop("streams")]
                answer = await crowd.send(streams, **asked)
        print(json.dumps(answer | {"failure": crowd.failure}), flush=True)
    crowd.close()


async def main() -> None:
    await obey(Crowd(sys.argv[1]))


if __name__ == "__main__":
    uvloop.run(main())
