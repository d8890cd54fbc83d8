"""`make bench`: how fast messages pass, and what each costs, with every check switched on.

Starts a platform of its own with raised limits, makes its people and conversations through the API, and loads it from
the same machine: REST by wrk, sockets by a client on picows. With YARDSTICK=<directory> in the environment, the bare
path in that directory runs after every run of the product, and the ratios of the medians are printed.
"""

import argparse
import asyncio
import os
import shutil
import sys
import tempfile
from pathlib import Path

from deploy.local.stack import Stack
from tests.load.figures import Figures, middle
from tests.load.target import OVERRIDES, SETTINGS, SOCKETS, Target, quiet
from tests.load.yardstick import Yardstick


def row(name: str, figures: Figures) -> str:
    """A line of the table."""
    spent = "  ".join(f"{process} {milliseconds:.3f}" for process, milliseconds in figures.cpu.items())
    return f"{name:<22} {figures.rate:7.0f} msg/s  p50 {figures.p50:6.1f}  p99 {figures.p99:6.1f} ms   CPU-ms {spent}"


def ratio(product: Figures, yardstick: Figures) -> str:
    """How the product compares."""
    rate, cpu = product.rate / yardstick.rate, product.path_cpu / yardstick.path_cpu
    return f"{'':22} messages/s {rate:.2f} x, CPU per message {cpu:.2f} x the yardstick's (gateway + conversations)"


async def compare(
    target: Target, stack: Stack, yardstick: Yardstick | None, kind: str, in_flight: int, rounds: int
) -> None:
    """Run product and yardstick in turn and print the medians."""
    await target.renew()
    ours, theirs = [], []
    for number in range(rounds):
        figures = target.rest(in_flight) if kind == "rest" else target.sockets(in_flight)
        pending = await quiet(stack)
        print(row(f"  {kind} {in_flight} run {number + 1}", figures), f" backlog {pending}", flush=True)
        ours.append(figures)
        if yardstick is not None:
            where = [str(part) for part in SOCKETS[in_flight]] if kind == "ws" else [str(in_flight)]
            theirs.append(yardstick.run(kind, *where, f"{target.seconds:.0f}"))
            print(row(f"  yardstick run {number + 1}", theirs[-1]), flush=True)
    print(row(f"{kind} {in_flight} in flight", middle(ours)))
    if theirs:
        print(row("yardstick", middle(theirs)))
        print(ratio(middle(ours), middle(theirs)))
    print(flush=True)


async def measure(stack: Stack, yardstick: Yardstick | None, options: argparse.Namespace) -> None:
    """Prepare, warm up, measure. Nothing else runs on the loop, so runs may block it."""
    target = Target(stack, options.seconds)
    await target.settle()
    target.quieten()
    target.sockets(128, 2.0)
    target.rest(32, 2.0)
    await quiet(stack)
    for kind in options.kinds:
        for in_flight in options.in_flight:
            await compare(target, stack, yardstick, kind, in_flight, options.rounds)


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
