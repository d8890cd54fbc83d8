"""Devices that always come back: each resumes where it was, and counts what is missing or comes twice.

They are light on purpose: hundreds of them share one loop with whoever breaks what they are connected to.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
import picows

from tests.load.people import Guest

# Full jitter: a random share of a delay that doubles from the first to the longest.
FIRST_DELAY, LONGEST_DELAY = 1.0, 10.0
HANDSHAKE_SECONDS = 10.0
# Handshakes under way at once when all come for the first time.
AT_ONCE = 32
EPOCH_LOST = "another epoch"
DRAINING = 4001


class Device(picows.WSListener):
    """One device of somebody, connected or about to be."""

    def __init__(self, fleet: "Fleet", guest: Guest) -> None:
        self.fleet = fleet
        self.guest = guest
        self.revs: dict[str, int] = {}
        # Conversation -> how many messages were announced.
        self.messages: Counter[str] = Counter()
        self.is_live = asyncio.Event()
        # Of this outage: when it began, how often the device has tried, and what it was told to make up for it.
        self.lost_at = 0.0
        self.attempts = 0
        self._heard_at = 0.0
        self._epoch = ""
        self._transport: picows.WSTransport | None = None

    async def stay(self) -> None:
        """Be connected, for ever."""
        headers = {"Authorization": f"Bearer {self.guest.access}"}
        turn = 0
        while True:
            url = self.fleet.urls[turn % len(self.fleet.urls)]
            try:
                async with self.fleet.first_places:
                    transport, _ = await picows.ws_connect(
                        lambda: self,
                        f"{url.replace('http', 'ws', 1)}/api/v1/ws/",
                        extra_headers=headers,
                        websocket_handshake_timeout=HANDSHAKE_SECONDS,
                    )
                await transport.wait_disconnected()
            except (OSError, TimeoutError, picows.WSError):
                self.fleet.refused += 1
            turn += 1
            delay = min(FIRST_DELAY * 2**self.attempts, LONGEST_DELAY)
            self.attempts += 1
            await asyncio.sleep(random.uniform(0, delay))

    def leave(self) -> None:
        """End the connection, if there is one."""
        if self._transport is not None:
            self._transport.disconnect()

    def on_ws_connected(self, transport: picows.WSTransport) -> None:
        self._transport = transport
        if self._epoch:
            # Behind the token, without waiting for hello: it has a second to arrive.
            self._resume()

    def on_ws_disconnected(self, _transport: picows.WSTransport) -> None:
        self._transport = None
        if self.is_live.is_set():
            self.is_live.clear()
            self.lost_at = time.monotonic()
            self.fleet.losses += 1

    def on_ws_frame(self, transport: picows.WSTransport, frame: picows.WSFrame) -> None:
        if frame.msg_type == picows.WSMsgType.CLOSE:
            if self.is_live.is_set():
                self.fleet.note_close(frame.get_close_code().value)
            transport.disconnect()
        if frame.msg_type != picows.WSMsgType.TEXT:
            return
        shown = orjson.loads(frame.get_payload_as_bytes())
        now = time.monotonic()
        if self._heard_at:
            self.fleet.silence = max(self.fleet.silence, now - self._heard_at)
        self._heard_at = now
        match shown:
            case {"conversation_id": str(conversation_id), "rev": int(rev), "type": str(kind)}:
                self._note(conversation_id, rev, is_message=kind == "message.created")
            case {"type": "hello", "payload": {"epoch": str(epoch)}}:
                if not self._epoch:
                    self._epoch = epoch
                    self._resume()
                self.fleet.errors[EPOCH_LOST] += epoch != self._epoch
            case {"type": "resumed", "payload": {"conversations": dict(conversations)}}:
                self._come_back(conversations, now)
            case {"type": "error", "payload": {"code": str(code)}}:
                self.fleet.errors[code] += 1

    def _resume(self) -> None:
        asked = {"type": "resume", "id": "r", "payload": {"epoch": self._epoch, "revs": self.revs}}
        if self._transport is not None:
            self._transport.send(picows.WSMsgType.TEXT, orjson.dumps(asked))

    def _note(self, conversation_id: str, rev: int, *, is_message: bool) -> None:
        before = self.revs.get(conversation_id, rev - 1)
        if rev != before + 1 and not self.is_live.is_set():
            # The resume was too late to hold back what is live; its answer has it again, behind what was missed.
            self.fleet.early += 1
            return
        self.messages[conversation_id] += is_message
        self.fleet.gaps += max(0, rev - before - 1)
        self.fleet.repeats += rev <= before
        self.fleet.caught_up += not self.is_live.is_set()
        self.revs[conversation_id] = max(rev, before)

    def _come_back(self, conversations: Mapping[str, Any], now: float) -> None:
        for conversation_id, found in conversations.items():
            known = self.revs.get(conversation_id)
            self.revs[conversation_id] = found["rev"]
            if known is not None:
                self.fleet.modes[found["mode"]] += 1
                self.fleet.gaps += abs(found["rev"] - known)
        if self.lost_at:
            self.fleet.returns.append(now - self.lost_at)
        self.attempts = 0
        self.is_live.set()


class Fleet:
    """All devices, and what they went through."""

    def __init__(self, urls: Sequence[str]) -> None:
        """Take the addresses of the gateways, which devices try in turn."""
        self.urls = urls
        self.devices: list[Device] = []
        self.first_places = asyncio.Semaphore(AT_ONCE)
        self.losses = self.refused = self.gaps = self.repeats = self.caught_up = self.early = 0
        self.silence = 0.0
        self.returns: list[float] = []
        self.closes: Counter[int] = Counter()
        self.drained_at: list[float] = []
        self.modes: Counter[str] = Counter()
        self.errors: Counter[str] = Counter()
        self._staying: list[asyncio.Task[None]] = []

    async def come(self, guests: Sequence[Guest], *, each: int) -> None:
        """Connect so many devices of everybody, and wait until all are live."""
        self.devices = [Device(self, guest) for guest in guests for _ in range(each)]
        self._staying = [asyncio.create_task(device.stay()) for device in self.devices]
        for task in self._staying:
            task.add_done_callback(self._note_defect)
        await self.are_back()
        # From here on nobody waits for anybody.
        self.first_places = asyncio.Semaphore(len(self.devices))
        self.refused, self.silence, self.caught_up = 0, 0.0, 0
        self.modes.clear()
        self.closes.clear()

    async def are_back(self) -> None:
        """Wait until every device is live."""
        for device in self.devices:
            await device.is_live.wait()

    def note_close(self, code: int) -> None:
        """Count a live device that was closed."""
        self.closes[code] += 1
        if code == DRAINING:
            self.drained_at.append(time.monotonic())

    def _note_defect(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled():
            self.errors[repr(task.exception())] += 1

    async def leave(self) -> None:
        """End all connections."""
        for task in self._staying:
            task.cancel()
        await asyncio.gather(*self._staying, return_exceptions=True)
        for device in self.devices:
            device.leave()
