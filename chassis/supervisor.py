"""Runs the long-lived parts of a process together: when one fails, all drain, and the process exits."""

import asyncio
import signal
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

import structlog

log = structlog.get_logger(__name__)


class Part(Protocol):
    """Something long-lived. `run` works until it is cancelled and cleans up then; returning early is a failure."""

    async def run(self) -> None:
        """Work until cancelled."""


class Supervisor:
    """Starts parts in the given order and ends them in the reverse one."""

    def __init__(self, *parts: Part, on_exit: Callable[[], Coroutine[Any, Any, None]] | None = None) -> None:
        """Take the parts, dependencies first, and what to close after all of them have ended."""
        self._parts = parts
        self._on_exit = on_exit

    async def run(self) -> int:
        """Work until SIGTERM or SIGINT, or until a part fails. Returns the process's exit code."""
        stopping = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stopping.set)
        tasks = [asyncio.create_task(part.run(), name=type(part).__name__) for part in self._parts]
        asked = asyncio.create_task(stopping.wait())
        try:
            await asyncio.wait([asked, *tasks], return_when=asyncio.FIRST_COMPLETED)
        finally:
            asked.cancel()
            failed = [task for task in tasks if task.done()]
            for task in failed:
                error = None if task.cancelled() else task.exception()
                log.error("part_failed", part=task.get_name(), exc_info=error)
            for task in reversed(tasks):
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
            if self._on_exit is not None:
                await self._on_exit()
        return 1 if failed else 0
