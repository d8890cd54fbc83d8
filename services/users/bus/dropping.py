"""Drops cached profiles as soon as their change is published, whichever replica made it and whatever became of it."""

import asyncio

from nats.aio.msg import Msg

from chassis.bus import Bus
from services.users.model.profiles import UserId
from services.users.store.cache import ProfileCache

_RETRY_SECONDS = 0.5
# What an entry was made of; contacts are asked for by each reader.
_KINDS = ("profile_updated", "privacy_changed", "user_blocked", "user_unblocked")


class CacheDropper:
    """Hears this service's own events; while Redis is down it remembers what is to be dropped."""

    def __init__(self, bus: Bus, cache: ProfileCache) -> None:
        self._bus = bus
        self._cache = cache
        self._changed: set[UserId] = set()
        self._has_changed = asyncio.Event()

    async def run(self) -> None:
        """Drop until cancelled."""
        for kind in _KINDS:
            await self._bus.subscribe(f"messaging.users.v1.{kind}.*", self._hear)
        while True:
            await self._has_changed.wait()
            self._has_changed.clear()
            dropping, self._changed = self._changed, set()
            if not await self._cache.drop(dropping):
                self._changed |= dropping
                self._has_changed.set()
                await asyncio.sleep(_RETRY_SECONDS)

    async def _hear(self, message: Msg) -> None:
        self._changed.add(UserId(message.subject.rsplit(".", 1)[1]))
        self._has_changed.set()
