"""Redis as something that nobody waits for: it answers within a moment or counts as down, and is then left alone."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import redis.asyncio
import structlog
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.commands.core import AsyncScript
from redis.exceptions import RedisError

from chassis.errors import DependencyUnavailable

Answer = TypeVar("Answer")
log = structlog.get_logger(__name__)

_TIMEOUT_SECONDS = 0.1
# So many failures in a row, and for a while nobody asks but one caller at a time who tries whether it is back.
_FAILURES = 3
_PAUSE_SECONDS = 1.0
_CONNECTIONS = 8


class BriefRedis:
    """A few connections behind a circuit breaker; a Redis that hangs costs a few callers a moment."""

    def __init__(self, url: str) -> None:
        """Connect on first use."""
        self.client = redis.asyncio.Redis.from_url(
            url,
            socket_timeout=None,
            socket_connect_timeout=None,
            # A connection that idled through a restart of Redis is found out when it is used.
            retry=Retry(NoBackoff(), 1),
        )
        # Who waits for a connection waits for others of this process, which says nothing about Redis.
        self._slots = asyncio.Semaphore(_CONNECTIONS)
        self._failures = 0
        self._shut_until = 0.0

    def script(self, source: str) -> AsyncScript:
        """Prepare a Lua script, to be run within `ask`."""
        return self.client.register_script(source)

    async def ask(self, question: Callable[[], Awaitable[Answer]], *, timeout: float = _TIMEOUT_SECONDS) -> Answer:
        """Do something with the client or a script; `timeout` seconds are for what nobody waits for.

        Raises: DependencyUnavailable.
        """
        async with self._slots:
            if self._failures >= _FAILURES:
                if time.monotonic() < self._shut_until:
                    raise DependencyUnavailable(retry_after=_PAUSE_SECONDS)
                # This caller tries; the others stay out until it knows.
                self._shut_until = time.monotonic() + _PAUSE_SECONDS
            try:
                async with asyncio.timeout(timeout):
                    answer = await question()
            except (RedisError, OSError, TimeoutError) as error:
                self._failures += 1
                self._shut_until = time.monotonic() + _PAUSE_SECONDS
                log.warning("redis_down", error=type(error).__name__)
                raise DependencyUnavailable(retry_after=_PAUSE_SECONDS) from error
            self._failures = 0
            return answer

    async def close(self) -> None:
        """Close the connections."""
        await self.client.aclose()
