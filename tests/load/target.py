"""The platform under load: its people, their conversations, and what each run of load costs whom."""

import asyncio
import contextlib
import json
import subprocess
import sys
import time
from dataclasses import replace

import nats
import nats.js.errors
import psycopg2

from deploy.local.stack import Stack
from deploy.local.topology import WORKERS
from tests.load import requests
from tests.load.figures import Figures, Refused
from tests.load.usage import Accounts, be_nice
from tests.support.people import Person

# In flight -> rooms and sends under way in each.
SOCKETS = {1: (1, 1), 32: (32, 1), 128: (32, 4)}
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


class Target:
    """One platform and the people on it."""

    def __init__(self, stack: Stack, seconds: float) -> None:
        self._stack = stack
        self.seconds = seconds
        self._people: list[Person] = []
        self._rooms: list[tuple[str, Person, Person]] = []

    async def settle(self) -> None:
        """Make the people and their conversations."""
        places = asyncio.Semaphore(4)

        async def join() -> Person:
            async with places:
                return await Person.join(self._stack.gateway_url)

        self._people = await asyncio.gather(*(join() for _ in range(2 * ROOMS)))
        for a, b in zip(self._people[::2], self._people[1::2], strict=True):
            self._rooms.append((await a.direct(b), a, b))

    async def renew(self) -> None:
        """Log everybody in again: access tokens live five minutes."""
        for person in self._people:
            body = {"refresh": person.refresh}
            tokens = await person.ask("POST", "auth/token/refresh/", json=body)
            person.access, person.refresh = tokens["access"], tokens["refresh"]

    def sockets(self, in_flight: int, seconds: float = 0.0, rate: float = 0.0) -> Figures:
        """Load by sockets: with so many sends under way, or with so many a second."""
        count, width = SOCKETS[in_flight]
        rooms = [
            {"conversation_id": place, "sender": a.access, "receiver": b.access} for place, a, b in self._rooms[:count]
        ]
        url = self._stack.gateway_url.replace("http", "ws", 1)
        asked = {"url": url, "rooms": rooms, "width": width, "seconds": seconds or self.seconds, "rate": rate}
        accounts = Accounts(self._groups)
        client = [sys.executable, "-m", "tests.load.sockets"]
        run = subprocess.run(client, input=json.dumps(asked), capture_output=True, text=True)
        if run.returncode:
            raise Refused(run.stderr)
        seen = json.loads(run.stdout)
        if seen["failure"]:
            raise Refused(seen["failure"])
        messages = seen["messages"]
        return Figures(
            messages=messages,
            rate=seen["rate"],
            p50=seen["p50"],
            p99=seen["p99"],
            cpu=accounts.milliseconds_each(messages) | {"client": seen["client_seconds"] * 1000 / messages},
        )

    def rest(self, in_flight: int, seconds: float = 0.0) -> Figures:
        """Load by requests."""
        accounts = Accounts(self._groups)
        senders = [(place, person.access) for place, a, b in self._rooms for person in (a, b)]
        figures = requests.load(self._stack.gateway_url, senders, in_flight, seconds or self.seconds)
        return replace(figures, cpu=accounts.milliseconds_each(figures.messages))

    def quieten(self) -> None:
        """Let notifications, its database's part of PostgreSQL and the workers work only when nobody else wants to."""
        pids = [self._stack.pid(name) for name in ("notifications", *WORKERS)]
        for pid in (*pids, *self._backends()["notifications"]):
            if pid:
                be_nice(pid, NICENESS)

    def _groups(self) -> dict[str, list[int]]:
        """The processes whose cost is shown; PostgreSQL whole, and of it what works for the databases on the way."""
        groups = {name: [pid] for name in MEASURED if (pid := self._stack.pid(name))}
        return groups | {f"of it {database}": pids for database, pids in self._backends().items()}

    def _backends(self) -> dict[str, list[int]]:
        asked = "select datname, pid from pg_stat_activity where datname is not null"
        with contextlib.closing(psycopg2.connect(self._stack.superuser_url())) as server, server.cursor() as cursor:
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
