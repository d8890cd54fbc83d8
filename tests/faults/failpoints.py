"""`python -m tests.faults.failpoints --point K3 --kills 100`: one process dies at one place, over and over, under load.

Prints what the clients were told and what became of it; ends with status 1 when a promise is broken or when too little
happened to prove one.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.local.stack import Stack
from tests.faults.history import Verdict, vacuous
from tests.faults.nursery import Nursery
from tests.faults.talkers import suffer
from tests.support.stack import OVERRIDES, SETTINGS

SENDS = "Messages.SendMessages"


@dataclass(frozen=True)
class Case:
    """Where which process dies, how likely at each visit, and what has to have happened besides."""

    meaning: str
    process: str
    failpoint: str
    must: Sequence[str] = ()


CASES = {
    "K1": Case("a send, before BEGIN", "conversations", f"before_begin@{SENDS}:0.08", ["unknown"]),
    "K2": Case("a send, written but not committed", "conversations", f"before_commit@{SENDS}:0.08", ["unknown"]),
    "K3": Case("a send, committed but not answered", "conversations", f"after_commit@{SENDS}:0.08", ["replayed"]),
    "K4": Case("the relay, before it publishes", "conversations", "before_publish:0.08"),
    "K5": Case("the relay, published but still queued", "conversations", "after_publish:0.08", ["republished"]),
    "K6": Case(
        "a consumer, committed but not acknowledged", "notifications", "after_commit@consumer:0.15", ["redelivered"]
    ),
    "K7": Case("a consumer, before COMMIT", "notifications", "before_commit@consumer:0.15"),
    "G1": Case("the gateway, a send stored but not answered", "gateway", "before_answer:0.05", ["unknown", "replayed"]),
}


async def rehearse(nursery: Nursery, case: Case, *, kills: int) -> Verdict:
    """Have one process die so often while people talk, let it live again, and judge what is left."""

    async def nemesis() -> int:
        before = nursery.deaths
        for _ in range(kills):
            await asyncio.to_thread(nursery.bear, case.failpoint)
            async with asyncio.timeout(60):
                while nursery.is_alive:
                    await asyncio.sleep(0.01)
        await asyncio.to_thread(nursery.bear, "")
        return nursery.deaths - before

    if not nursery.is_alive:
        await asyncio.to_thread(nursery.bear, "")
    return await suffer(nursery.stack, nemesis)


def shortcomings(case: Case, verdict: Verdict, *, kills: int) -> list[str]:
    """Broken promises, and what is missing for a proof."""
    broken = [f"{count} {name}" for name, count in verdict.broken.items()]
    return broken + vacuous(verdict, kills=kills, must=case.must)


COLUMNS = ("kills", "ok", "unknown", "replayed", "republished", "redelivered", "lost", "duplicated", "holes")
HEAD = "    " + "".join(f"{name:>12}" for name in (*COLUMNS, "kills/min"))


def row(name: str, verdict: Verdict, seconds: float) -> str:
    """A line of the table."""
    counts = (*(getattr(verdict, column) for column in COLUMNS), round(verdict.kills * 60 / seconds))
    return f"{name:<4}" + "".join(f"{count:>12}" for count in counts)


async def main(arguments: Sequence[str]) -> int:
    """Rehearse the chosen cases on a stack of their own."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.failpoints")
    parser.add_argument("--point", choices=[*CASES, "all"], default="all")
    parser.add_argument("--kills", type=int, default=100)
    chosen = parser.parse_args(arguments)
    failed = False
    with tempfile.TemporaryDirectory() as directory:
        stack = Stack.private(Path(directory), SETTINGS, OVERRIDES)
        try:
            await asyncio.to_thread(stack.start_platform)
            print(HEAD, flush=True)
            for name in CASES if chosen.point == "all" else [chosen.point]:
                case, began = CASES[name], time.monotonic()
                with Nursery(stack, case.process) as nursery:
                    verdict = await rehearse(nursery, case, kills=chosen.kills)
                print(row(name, verdict, time.monotonic() - began), f" {case.meaning}", flush=True)
                for shortcoming in shortcomings(case, verdict, kills=chosen.kills):
                    print(f"    FAILED: {shortcoming}", flush=True)
                    failed = True
        finally:
            await asyncio.to_thread(stack.discard)
    return int(failed)


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1:])))
