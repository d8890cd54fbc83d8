"""What every measure stands on: processes under load, whose use is counted, and runs whose medians are shown."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Sequence

import nats
import nats.js.errors
import psycopg2

from deploy.local.stack import Stack
from tests.load.figures import Figures, middle, row
from tests.load.usage import Accounts

MEASURED = ("gateway", "conversations", "nats", "redis", "notifications", "postgres")
DATABASES = ("conversations", "notifications")

Run = Callable[[], Awaitable[Figures]]


class Stand:
    """Processes, which of them count, and how often and how long they are measured."""

    def __init__(self, stack: Stack, *, seconds: float, rounds: int, measured: Sequence[str] = MEASURED) -> None:
        self.stack = stack
        self.seconds = seconds
        self.rounds = rounds
        self._measured = measured

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

    def accounts(self) -> Accounts:
        """Begin to count what is spent, as it is shown: PostgreSQL whole, and of it what works for the databases."""
        return Accounts(self._groups)

    def _groups(self) -> dict[str, list[int]]:
        groups = {name: [pid] for name in self._measured if (pid := self.stack.pid(name))}
        shares = {f"of it {name}": pids for name, pids in self.backends().items() if name in self._measured}
        return groups | shares

    def backends(self) -> dict[str, list[int]]:
        """PostgreSQL's processes that work for a database."""
        asked = "select datname, pid from pg_stat_activity where datname is not null"
        with contextlib.closing(psycopg2.connect(self.stack.superuser_url())) as server, server.cursor() as cursor:
            cursor.execute(asked)
            rows = cursor.fetchall()
        return {name: [pid for database, pid in rows if database.endswith(name)] for name in DATABASES}


async def backlog(stack: Stack) -> int:
    """Events of conversations that notifications has not yet handled."""
    client = await nats.connect(stack.nats_url())
    try:
        consumers = await client.jetstream().consumers_info("messaging_conversations")
        waiting = [consumer for consumer in consumers if "notifications" in (consumer.name or "")]
        return sum((consumer.num_pending or 0) + (consumer.num_ack_pending or 0) for consumer in waiting)
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
