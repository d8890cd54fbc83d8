"""`make bench`: how fast messages pass, and what each costs, with every check switched on.

Starts a platform of its own with raised limits, makes its people and conversations through the API, and loads it from
the same machine: REST by wrk, sockets by a client on picows. With YARDSTICK=<directory> in the environment, the bare
path in that directory runs after every run of the product, and the ratios of the medians are printed.
"""

import argparse
import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import nats
import nats.js.errors

from deploy.local.stack import Stack
from tests.load import requests
from tests.load.figures import Figures, Refused, middle
from tests.load.usage import Accounts, be_nice
from tests.load.yardstick import Yardstick
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
MEASURED = ("gateway", "conversations", "postgres", "nats", "redis", "notifications")
NICENESS = 10


class Bench:
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
        accounts = self._accounts()
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
        accounts = self._accounts()
        senders = [(place, person.access) for place, a, b in self._rooms for person in (a, b)]
        figures = requests.load(self._stack.gateway_url, senders, in_flight, seconds or self.seconds)
        return replace(figures, cpu=accounts.milliseconds_each(figures.messages))

    def quieten(self) -> None:
        """Let notifications work only when nobody else wants to."""
        for name in ("notifications", "notifications-worker"):
            if pid := self._stack.pid(name):
                be_nice(pid, NICENESS)

    def _accounts(self) -> Accounts:
        return Accounts({name: pid for name in MEASURED if (pid := self._stack.pid(name))})


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


def row(name: str, figures: Figures) -> str:
    """A line of the table."""
    spent = "  ".join(f"{process} {milliseconds:.3f}" for process, milliseconds in figures.cpu.items())
    return f"{name:<22} {figures.rate:7.0f} msg/s  p50 {figures.p50:6.1f}  p99 {figures.p99:6.1f} ms   CPU-ms {spent}"


def ratio(product: Figures, yardstick: Figures) -> str:
    """How the product compares."""
    rate, cpu = product.rate / yardstick.rate, product.path_cpu / yardstick.path_cpu
    return f"{'':22} messages/s {rate:.2f} x, CPU per message {cpu:.2f} x the yardstick's (gateway + conversations)"


async def compare(
    bench: Bench, stack: Stack, yardstick: Yardstick | None, kind: str, in_flight: int, rounds: int
) -> None:
    """Run product and yardstick in turn and print the medians."""
    await bench.renew()
    ours, theirs = [], []
    for number in range(rounds):
        figures = bench.rest(in_flight) if kind == "rest" else bench.sockets(in_flight)
        pending = await quiet(stack)
        print(row(f"  {kind} {in_flight} run {number + 1}", figures), f" backlog {pending}", flush=True)
        ours.append(figures)
        if yardstick is not None:
            where = [str(part) for part in SOCKETS[in_flight]] if kind == "ws" else [str(in_flight)]
            theirs.append(yardstick.run(kind, *where, f"{bench.seconds:.0f}"))
            print(row(f"  yardstick run {number + 1}", theirs[-1]), flush=True)
    print(row(f"{kind} {in_flight} in flight", middle(ours)))
    if theirs:
        print(row("yardstick", middle(theirs)))
        print(ratio(middle(ours), middle(theirs)))
    print(flush=True)


async def measure(stack: Stack, yardstick: Yardstick | None, options: argparse.Namespace) -> None:
    """Prepare, warm up, measure. Nothing else runs on the loop, so runs may block it."""
    bench = Bench(stack, options.seconds)
    await bench.settle()
    bench.quieten()
    bench.sockets(128, 2.0)
    bench.rest(32, 2.0)
    await quiet(stack)
    for kind in options.kinds:
        for in_flight in options.in_flight:
            await compare(bench, stack, yardstick, kind, in_flight, options.rounds)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=6.0, help="length of a run")
    parser.add_argument("--kinds", nargs="+", choices=("rest", "ws"), default=("rest", "ws"))
    parser.add_argument("--in-flight", nargs="+", type=int, choices=tuple(SOCKETS), default=tuple(SOCKETS))
    parser.add_argument("--rounds", type=int, default=3, help="runs of each kind; their medians count")
    options = parser.parse_args()
    if shutil.which("wrk") is None:
        print("wrk is needed: apt-get install wrk", file=sys.stderr)
        return 2
    named = os.environ.get("YARDSTICK")
    directory = Path(tempfile.mkdtemp(prefix="bench-"))
    stack = Stack.private(directory, SETTINGS, OVERRIDES)
    try:
        stack.start_platform()
        yardstick = Yardstick(Path(named), stack) if named else None
        asyncio.run(measure(stack, yardstick, options))
    finally:
        stack.stop()
        shutil.rmtree(directory)
    return 0


if __name__ == "__main__":
    sys.exit(main())
