"""A load client of its own process: rooms of two sockets, one of which sends, with so many sends under way.

Reads what to do as JSON from standard input and prints what it saw. Every refusal, gap or lost delivery fails it.
"""

import asyncio
import json
import resource
import sys
import time
from typing import Any

import orjson
import picows
import uvloop

from tests.load.figures import quantile

# How long after the last send everything must have arrived.
PATIENCE = 15.0


class Peer(picows.WSListener):
    """One socket; both of a room note when a message came that carries the time of its sending."""

    def __init__(self, run: "Run", token: str, conversation_id: str, *, is_sender: bool) -> None:
        self.run = run
        self.token = token
        self.conversation_id = conversation_id
        self.is_sender = is_sender
        self.sent_at: dict[str, float] = {}
        self.count = 0
        self.rev: int | None = None
        self.delivered = 0
        self.is_live = asyncio.get_running_loop().create_future()

    def on_ws_connected(self, transport: picows.WSTransport) -> None:
        self.transport = transport

    def on_ws_disconnected(self, _transport: picows.WSTransport) -> None:
        self.run.fail("a socket was closed")

    def command(self, kind: str, number: str, payload: dict[str, Any]) -> None:
        self.transport.send(picows.WSMsgType.TEXT, orjson.dumps({"type": kind, "id": number, "payload": payload}))

    def fire(self, due: float = 0.0) -> None:
        """Send. What was due earlier is late by what this client or the machine lost, and counts as such."""
        at = due or time.perf_counter()
        if at > self.run.end:
            return
        self.count += 1
        number = str(self.count)
        self.sent_at[number] = at
        self.command("message.send", number, {"conversation_id": self.conversation_id, "content": f"load {at:.6f}"})

    def on_ws_frame(self, _transport: picows.WSTransport, frame: picows.WSFrame) -> None:
        if frame.msg_type != picows.WSMsgType.TEXT:
            return
        shown = orjson.loads(frame.get_payload_as_bytes())
        kind = shown["type"]
        if kind == "ack":
            self.run.acks.append(time.perf_counter() - self.sent_at.pop(shown["id"]))
            if not self.run.is_paced:
                self.fire()
        elif kind == "message.created":
            self._note(shown)
        elif kind == "hello":
            self.command("resume", "0", {"epoch": shown["payload"]["epoch"]})
        elif kind == "resumed":
            self.is_live.set_result(None)
        elif kind == "error":
            self.run.fail(str(shown["payload"]))

    def _note(self, shown: dict[str, Any]) -> None:
        if self.rev is not None and shown["rev"] != self.rev + 1:
            self.run.fail(f"rev {shown['rev']} came after {self.rev}")
        self.rev = shown["rev"]
        self.delivered += 1
        if not self.is_sender:
            self.run.deliveries.append(time.perf_counter() - float(shown["payload"]["content"].split()[1]))


class Run:
    """All rooms and what they saw."""

    def __init__(self, *, is_paced: bool) -> None:
        self.is_paced = is_paced
        self.acks: list[float] = []
        self.deliveries: list[float] = []
        self.end = 0.0
        self.failure: str | None = None
        self.is_over = False

    def fail(self, why: str) -> None:
        if not self.is_over:
            self.failure = self.failure or why
            self.end = 0.0


async def load(url: str, rooms: list[dict[str, str]], width: int, seconds: float, rate: float = 0) -> dict[str, Any]:
    """Send for so long, wait until everything has arrived, and say how it went.

    Each room keeps `width` sends under way; with a rate, so many a second leave instead, whatever has come back.
    """
    run = Run(is_paced=rate > 0)
    peers = [
        Peer(run, room[token], room["conversation_id"], is_sender=token == "sender")
        for room in rooms
        for token in ("sender", "receiver")
    ]
    for peer in peers:
        headers = {"Authorization": f"Bearer {peer.token}"}
        await picows.ws_connect(lambda peer=peer: peer, f"{url}/api/v1/ws/", extra_headers=headers)
        async with asyncio.timeout(PATIENCE):
            await peer.is_live
    begun = time.perf_counter()
    run.end = begun + seconds
    senders = [peer for peer in peers if peer.is_sender]
    if rate:
        for number in range(int(rate * seconds)):
            await asyncio.sleep(begun + number / rate - time.perf_counter())
            senders[number % len(senders)].fire(begun + number / rate)
    else:
        for peer in senders:
            for _ in range(width):
                peer.fire()
        await asyncio.sleep(seconds)
    sent = sum(peer.count for peer in senders)
    deadline = time.perf_counter() + PATIENCE
    while run.failure is None and (len(run.acks) < sent or sum(peer.delivered for peer in peers) < 2 * sent):
        if time.perf_counter() > deadline:
            run.fail(f"of {sent} sends {len(run.acks)} were acknowledged, {len(run.deliveries)} delivered")
        await asyncio.sleep(0.005)
        sent = sum(peer.count for peer in senders)
    elapsed = time.perf_counter() - begun
    run.is_over = True
    for peer in peers:
        peer.transport.disconnect()
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "failure": run.failure,
        "count": len(run.acks),
        "rate": len(run.deliveries) / elapsed,
        "p50": quantile(run.deliveries, 0.5) * 1000,
        "p99": quantile(run.deliveries, 0.99) * 1000,
        "client_seconds": used.ru_utime + used.ru_stime,
    }


def main() -> None:
    asked = json.load(sys.stdin)
    print(json.dumps(uvloop.run(load(**asked))))


if __name__ == "__main__":
    main()
