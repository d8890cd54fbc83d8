"""The ways in which a gateway ends under its sockets."""

import asyncio
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from deploy.local import ports, probes
from deploy.local.process import Process, Spec
from deploy.local.stack import Stack
from tests.faults.devices import Fleet

# How often it dies while devices resume, and at which resume or closing each time.
DEATHS, VISIT = 3, 20
DISARMED = {"DEBUG": "false", "FAILPOINT": ""}


@dataclass(frozen=True)
class Way:
    """An ending, after which the gateway is there again; or another one is."""

    meaning: str
    end: Callable[[Stack, Fleet], Awaitable[None]]


async def _kill(stack: Stack, _fleet: Fleet) -> None:
    await asyncio.to_thread(stack.kill, "gateway")
    await asyncio.to_thread(stack.start, "gateway")


async def _drain(stack: Stack, _fleet: Fleet) -> None:
    await asyncio.to_thread(stack.restart, "gateway")


async def _halt(stack: Stack, _fleet: Fleet) -> None:
    await asyncio.to_thread(stack.halt, "gateway")


async def _kill_resuming(stack: Stack, _fleet: Fleet) -> None:
    before = _deaths(stack)
    await asyncio.to_thread(stack.kill, "gateway")
    armed = {"DEBUG": "true", "FAILPOINT": f"before_resumed:{VISIT}"}
    await asyncio.to_thread(stack.start, "gateway", armed)
    # Its keeper starts it again.
    await _until_dead(stack, before + DEATHS)
    await asyncio.to_thread(stack.kill, "gateway")
    await asyncio.to_thread(stack.start, "gateway", DISARMED)


async def _kill_draining(stack: Stack, fleet: Fleet) -> None:
    before = _deaths(stack)
    await asyncio.to_thread(stack.kill, "gateway")
    armed = {"DEBUG": "true", "FAILPOINT": f"while_draining:{VISIT}"}
    await asyncio.to_thread(stack.start, "gateway", armed)
    await fleet.are_back()
    await asyncio.to_thread(stack.halt, "gateway")
    await _until_dead(stack, before + 1)
    await asyncio.to_thread(stack.start, "gateway", DISARMED)


WAYS = {
    "kill": Way("the gateway is killed and started again", _kill),
    "drain": Way("the gateway is told to end and started again", _drain),
    "elsewhere": Way("one of two gateways is told to end", _halt),
    "resuming": Way("the gateway dies again and again while devices resume", _kill_resuming),
    "draining": Way("the gateway dies while it drains", _kill_draining),
}


def _deaths(stack: Stack) -> int:
    logs = stack.journal.directory.glob("gateway.log*")
    return sum(log.read_bytes().count(b'"failpoint_reached"') for log in logs)


async def _until_dead(stack: Stack, deaths: int) -> None:
    async with asyncio.timeout(120):
        while _deaths(stack) < deaths:
            await asyncio.sleep(0.1)


@contextmanager
def second_gateway(stack: Stack) -> Iterator[str]:
    """Run another gateway process on the same services; yields its address."""
    port = ports.free()
    environment = {**stack.environment("gateway"), "PORT": str(port), "METRICS_LISTEN": ""}
    spec = Spec(
        name="second-gateway",
        command=[sys.executable, "-m", "gateway", "serve"],
        environment=environment,
        ready=partial(probes.answers, "127.0.0.1", port, "/readyz"),
    )
    process = Process(spec, stack.journal, threading.Event(), lambda: None)
    process.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.stop()
