"""The platform under load: its people, their conversations, and what each run of load costs whom."""

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace

import httpx2

from deploy.local.stack import Stack
from deploy.local.topology import WORKERS
from tests.load import requests
from tests.load.figures import Figures, Refused
from tests.load.people import Guest, People
from tests.load.requests import Ask
from tests.load.stand import Stand, quiet
from tests.load.usage import be_nice
from tests.load.yardstick import Yardstick

# In flight -> rooms and sends under way in each.
SOCKETS = {1: (1, 1), 8: (8, 1), 32: (32, 1), 128: (32, 4)}
ROOMS = 32
# Raised, not switched off: the limiters work all the same. The address of everybody is the same one here.
SETTINGS = {
    "SEND_RATE": "1000000",
    "SEND_BURST": "1000000",
    "COMMAND_RATE": "1000000",
    "COMMAND_BURST": "1000000",
    "LOGIN_LIMIT": "100000/0.001",
    "LOGIN_IP_LIMIT": "100000/0.001",
    "REGISTER_IP_LIMIT": "100000/0.001",
}
# Passwords are not measured here; cheap hashes are for debugging only.
OVERRIDES = {"auth": {"DEBUG": "true", "PASSWORD_ITERATIONS": "1000"}}
NICENESS = 10


class Target(Stand):
    """One whole platform and the people on it."""

    def __init__(self, stack: Stack, *, seconds: float, rounds: int, yardstick: Yardstick | None = None) -> None:
        super().__init__(stack, seconds=seconds, rounds=rounds)
        self.yardstick = yardstick
        self.people = People(stack.gateway_url)
        self._rooms: list[tuple[str, Guest, Guest]] = []
        self._gatherings: dict[int, str] = {}

    async def rooms(self) -> list[tuple[str, Guest, Guest]]:
        """Direct conversations, each with its two people."""
        guests = await self.people.first(2 * ROOMS)
        pairs = list(zip(guests[::2], guests[1::2], strict=True))
        if not self._rooms:
            self._rooms = [(await self.people.direct(a, b), a, b) for a, b in pairs]
        return [(place, a, b) for (place, _, _), (a, b) in zip(self._rooms, pairs, strict=True)]

    async def gathering(self, count: int) -> tuple[str, list[Guest]]:
        """One group and all who are in it, the owner first."""
        guests = await self.people.first(count)
        if count not in self._gatherings:
            self._gatherings[count] = await self.people.group(guests[0], guests[1:])
            await quiet(self.stack)
        return self._gatherings[count], guests

    async def sockets(self, in_flight: int, *, seconds: float = 0.0, rate: float = 0.0) -> Figures:
        """Load by sockets: with so many sends under way, or with so many a second whatever comes back."""
        count, width = SOCKETS[in_flight]
        rooms = [
            {"conversation_id": place, "sender": a.access, "receiver": b.access}
            for place, a, b in (await self.rooms())[:count]
        ]
        return self._sockets(rooms, width, seconds or self.seconds, rate)

    async def posts(self, in_flight: int, *, seconds: float = 0.0) -> Figures:
        """Load by sends over REST."""
        asks = [requests.post(place, guest.access) for place, a, b in await self.rooms() for guest in (a, b)]
        return self.rest(asks, in_flight, seconds=seconds)

    def rest(self, asks: Sequence[Ask], in_flight: int, *, seconds: float = 0.0) -> Figures:
        """Load by requests of any kind."""
        accounts = self.accounts()
        figures = requests.load(self.stack.gateway_url, asks, in_flight, seconds or self.seconds)
        return replace(figures, cpu=accounts.milliseconds_each(figures.count))

    @property
    def socket_url(self) -> str:
        """Where sockets connect."""
        return self.stack.gateway_url.replace("http", "ws", 1)

    @property
    def gateway_pid(self) -> int:
        """The process that holds the sockets. Raises: Refused while it is down."""
        pid = self.stack.pid("gateway")
        if pid is None:
            raise Refused("the gateway is down")
        return pid

    def connected(self) -> int:
        """How many sockets the gateway has."""
        shown = httpx2.get(f"http://{self.stack.environments.metrics('gateway')}/metrics").text
        return round(float(re.findall(r"^messaging_sockets\S* ([\d.e+]+)$", shown, re.MULTILINE)[0]))

    def quieten(self) -> None:
        """Let notifications, its database's part of PostgreSQL and the workers work only when nobody else wants to."""
        pids = [self.stack.pid(name) for name in ("notifications", *WORKERS)]
        for pid in (*pids, *self.backends()["notifications"]):
            if pid:
                be_nice(pid, NICENESS)

    def _sockets(self, rooms: Sequence[dict[str, str]], width: int, seconds: float, rate: float) -> Figures:
        asked = {"url": self.socket_url, "rooms": rooms, "width": width, "seconds": seconds, "rate": rate}
        accounts = self.accounts()
        client = [sys.executable, "-m", "tests.load.sockets"]
        run = subprocess.run(client, input=json.dumps(asked), capture_output=True, text=True, timeout=seconds + 60)
        if run.returncode:
            raise Refused(run.stderr)
        seen = json.loads(run.stdout)
        if seen["failure"]:
            raise Refused(seen["failure"])
        spent = accounts.milliseconds_each(seen["count"]) | {"client": seen["client_seconds"] * 1000 / seen["count"]}
        return Figures(count=seen["count"], rate=seen["rate"], p50=seen["p50"], p99=seen["p99"], cpu=spent)
