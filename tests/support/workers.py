"""Processes of the background that a test starts and ends by itself: workers with their children, and beat."""

import asyncio
import contextlib
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from deploy.local.process import ROOT
from deploy.local.stack import Stack


@asynccontextmanager
async def process(environment: dict[str, str], *arguments: str) -> AsyncIterator[Process]:
    """A real process with its children; killed at the end unless the test ended it."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", *arguments, env=environment, cwd=ROOT, stdout=DEVNULL, start_new_session=True
    )
    try:
        yield child
    finally:
        await end(child, signal.SIGKILL)


async def end(child: Process, number: signal.Signals) -> None:
    """Send a signal, SIGKILL to its children as well, and wait until it has ended."""
    if child.returncode is None:
        if number is signal.SIGKILL:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, number)
        else:
            child.send_signal(number)
    await child.wait()


@asynccontextmanager
async def beating(stack: Stack, directory: Path, tasks: Mapping[str, str]) -> AsyncIterator[Process]:
    """Beat, faster than usual: each task, which goes to its queue, once a second."""
    path = directory / "beat.toml"
    entries = (f'[[entry]]\ntask = "{task}"\nqueue = "{queue}"\nevery = 1\n' for task, queue in tasks.items())
    path.write_text("".join(entries))
    async with process({**stack.environment("beat"), "BEAT_SCHEDULE": str(path)}, "chassis.beat") as child:
        yield child
