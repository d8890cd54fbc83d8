"""`make bench`: how fast messages pass, and what each costs, with every check switched on.

Starts a platform of its own with raised limits, makes its people and conversations through the API, and loads it from
the same machine: REST by wrk, sockets by clients on picows. Each figure is the median of three runs of bounded length.
With YARDSTICK=<directory> in the environment, the bare path in that directory runs after every run of the product that
it has an equal of, and the ratios of the medians are printed. Charts go to .data/bench/.
"""

import argparse
import asyncio
import os
import resource
import shutil
import sys
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path

from deploy.local.process import ROOT
from deploy.local.stack import Stack
from tests.load.gathering import deaf, fanout, idle
from tests.load.reading import reading
from tests.load.sending import paced, send
from tests.load.target import OVERRIDES, SETTINGS, SOCKETS, Target
from tests.load.yardstick import Yardstick

OUTPUT = ROOT / ".data" / "bench"

Measure = Callable[[Target, Path], Awaitable[None]]


def measures(options: argparse.Namespace) -> Mapping[str, Measure]:
    """What can be measured, in the order in which it is."""
    crowd = options.crowd
    return {
        "send": partial(send, in_flight=options.in_flight),
        "paced": paced,
        "reading": reading,
        "fanout": partial(fanout, crowd=crowd),
        "deaf": partial(deaf, crowd=crowd),
        "idle": partial(idle, crowd=crowd, sockets=options.sockets),
    }


def arguments() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("measures", nargs="*", metavar="MEASURE", help="send paced reading fanout deaf idle; all")
    parser.add_argument("--seconds", type=float, default=6.0, help="length of a run (%(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each; their medians count (%(default)s)")
    parser.add_argument("--in-flight", nargs="+", type=int, choices=tuple(SOCKETS), default=tuple(SOCKETS))
    parser.add_argument("--crowd", type=int, default=1000, help="members of the one group (%(default)s)")
    parser.add_argument("--sockets", type=int, default=5000, help="idle sockets (%(default)s)")
    return parser


async def measure(stack: Stack, yardstick: Yardstick | None, options: argparse.Namespace) -> None:
    """Measure what was asked for. Nothing else runs on the loop, so runs may block it."""
    known = measures(options)
    target = Target(stack, seconds=options.seconds, rounds=options.rounds, yardstick=yardstick)
    await target.rooms()
    target.quieten()
    for name in options.measures or known:
        print(f"{name}: {(getattr(known[name], 'func', known[name]).__doc__ or '').strip()}", flush=True)
        await known[name](target, OUTPUT)
        print(flush=True)
    await target.people.close()


def many_files() -> None:
    """Allow thousands of sockets, in the gateway and in clients: all inherit it."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)


def main() -> int:
    parser = arguments()
    options = parser.parse_args()
    if unknown := set(options.measures) - measures(options).keys():
        parser.error(f"what is {', '.join(sorted(unknown))}?")
    if shutil.which("wrk") is None:
        print("wrk is needed: apt-get install wrk", file=sys.stderr)
        return 2
    many_files()
    OUTPUT.mkdir(parents=True, exist_ok=True)
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
