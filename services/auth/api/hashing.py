"""Password hashing beside everything else: own threads, few places, a short wait, then a refusal."""

import asyncio
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

from services.auth.model.accounts import Credentials, Proof
from services.auth.model.errors import HashingBusy
from services.auth.model.passwords import PasswordHash

P = ParamSpec("P")
R = TypeVar("R")

_WAIT_SECONDS = 1.0


class Hasher:
    """Bounds what guessing passwords can cost: hashing takes `places` cores at most, and never a transaction."""

    def __init__(self, *, iterations: int, places: int) -> None:
        """Start no thread yet."""
        self._iterations = iterations
        self._threads = ThreadPoolExecutor(places, thread_name_prefix="hashing", initializer=_yield_to_others)
        self._places = asyncio.Semaphore(places)

    async def hash(self, password: str) -> PasswordHash:
        """Hash a new password. Raises: HashingBusy."""
        return await self._run(PasswordHash.make, password, self._iterations)

    async def prove(self, password: str, credentials: Credentials | None) -> Proof:
        """Compare a password. Raises: CredentialsInvalid, after the same time without an account; HashingBusy."""
        return await self._run(Proof.of, password, credentials, self._iterations)

    async def _run(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        try:
            async with asyncio.timeout(_WAIT_SECONDS):
                await self._places.acquire()
        except TimeoutError as error:
            raise HashingBusy(retry_after=_WAIT_SECONDS) from error
        future = asyncio.get_running_loop().run_in_executor(self._threads, partial(work, *args, **kwargs))
        # The place belongs to the thread: a caller who goes away leaves it at work.
        future.add_done_callback(lambda _: self._places.release())
        return await asyncio.shield(future)

    def close(self) -> None:
        """Let what runs finish, and end the threads."""
        self._threads.shutdown()


def _yield_to_others() -> None:
    # Linux's threads have a niceness of their own: a flood of logins takes what processor time the rest leaves.
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)
