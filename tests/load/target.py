"""The platform under load: its people, their conversations, and what each run of load costs whom."""

import asyncio
import contextlib
import json
import re
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

import httpx2
import nats
import nats.js.errors
import psycopg2

from deploy.local.stack import Stack
from deploy.local.topology import WORKERS
from tests.load import requests
from tests.load.figures import Figures, Refused, middle, row
from tests.load.people import Guest, People
from tests.load.requests import Ask
from tests.load.usage import Accounts, be_nice
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
MEASURED = ("gateway", "conversations", "nats", "redis", "notifications", "postgres")
DATABASES = ("conversations", "notifications")
NICENESS = 10

Run = Callable[[], Awaitable[Figures]]


class Target:
    """One platform, the people on it, and how often and how long it is measured."""

    def __init__(self, stack: Stack, *, seconds: float, rounds: int, yardstick: Yardstick | None = None) -> None:
        self.stack = stack
        self.seconds = seconds
        self.rounds = rounds
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

    async def repeat(self, name: str, unit: str, run: Run, beside: Run | None = None) -> list[Figures]:
        """Run so many times, each after notifications has caught up, and answer and print the medians.

        `beside` runs after every run, on an idle platform; its medians come second.
        """
        runs: list[Sequence[Figures]] = []
        for number in range(self.rounds):
            ours = await run()
            pending = await quiet(self.stack)
            print(row(f"  {name} run {number + 1}", unit, ours), f" backlog {pending}", flush=True)
            runs.append([ours, await beside()] if beside is not None else [ours])
        medians = [middle(side) for side in zip(*runs, strict=True)]
        print(row(name, unit, medians[0]), flush=True)
        return medians

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

    def accounts(self) -> Accounts:
        """Begin to count what is spent, as it is shown: PostgreSQL whole, and of it what works for the databases."""
        return Accounts(lambda: _groups(self.stack))

    def quieten(self) -> None:
        """Let notifications, its database's part of PostgreSQL and the workers work only when nobody else wants to."""
        pids = [self.stack.pid(name) for name in ("notifications", *WORKERS)]
        for pid in (*pids, *_backends(self.stack)["notifications"]):
            if pid:
                be_nice(pid, NICENESS)

    def _sockets(self, rooms: Sequence[dict[str, str]], width: int, seconds: float, rate: float) -> Figures:
        asked = {"url": self.socket_url, "rooms": rooms, "width": width, "seconds": seconds, "rate": rate}
        accounts = self.accounts()
        client = [sys.executable, "-m", "tests.load.sockets"]
        run = subprocess.run(client, input=json.dumps(asked), capture_output=True, text=True)
        if run.returncode:
            raise Refused(run.stderr)
        seen = json.loads(run.stdout)
        if seen["failure"]:
            raise Refused(seen["failure"])
        spent = accounts.milliseconds_each(seen["count"]) | {"client": seen["client_seconds"] * 1000 / seen["count"]}
        return Figures(count=seen["count"], rate=seen["rate"], p50=seen["p50"], p99=seen["p99"], cpu=spent)


def _groups(stack: Stack) -> dict[str, list[int]]:
    groups = {name: [pid] for name in MEASURED if (pid := stack.pid(name))}
    return groups | {f"of it {database}": pids for database, pids in _backends(stack).items()}


def _backends(stack: Stack) -> dict[str, list[int]]:
    asked = "select datname, pid from pg_stat_activity where datname is not null"
    with contextlib.closing(psycopg2.connect(stack.superuser_url())) as server, server.cursor() as cursor:
        cursor.execute(asked)
        rows = cursor.fetchall()
    return {name: [pid for database, pid in rows if database.endswith(name)] for name in DATABASES}


async def backlog(stack: Stack) -> int:
    """Events of conversations that notifications has not yet handled."""
    client = await nats.connect(stack.nats_url())
    try:
        consumers = await client.jetstream().consumers_info("messaging_conversations")
        return sum(consumer.num_pending or 0 for consumer in consumers if "notifications" in (consumer.name or ""))
    except nats.js.errors.NotFoundError:
        return 0
    finally:
        await client.close()


async def quiet(stack: Stack, seconds: float = 120.0) -> int:
    """Wait until notifications has caught up, so that a run does not pay for the one before; tell what there was."""
    left = first = await backlog(stack)
    deadline = time.monotonic() + seconds
    while left and time.monotonic() < deadline:
        await asyncio.sleep(0.2)
        left = await backlog(stack)
    return first
