"""Announces those of whom nothing is heard any more, because the process that they were connected to is gone."""

import asyncio
import time

import structlog

from chassis.bus import Bus
from chassis.errors import DependencyUnavailable
from messaging.users.v1.events_pb2 import PresenceChanged
from services.users.model.presences import ONLINE_MS
from services.users.store.presences import Presences

log = structlog.get_logger(__name__)

_PAUSE_SECONDS = 5.0
# In one turn of Redis.
_PORTION = 500


class Sweeper:
    """Looks every few seconds; of several replicas one finds each person."""

    def __init__(self, bus: Bus, presences: Presences, *, patience_seconds: float = ONLINE_MS / 1000) -> None:
        """`patience_seconds` are for heartbeats to come, once this process is up and Redis answers."""
        self._bus = bus
        self._presences = presences
        self._patience_seconds = patience_seconds

    async def run(self) -> None:
        """Work until cancelled."""
        since = time.monotonic()
        while True:
            # What is swept while the bus is away, nobody would ever hear of.
            is_time = time.monotonic() - since >= self._patience_seconds and self._bus.is_connected
            try:
                # Looked at in any case: whoever could not send heartbeats is not gone.
                lost = await self._presences.sweep(limit=_PORTION if is_time else 0)
            except DependencyUnavailable:
                since, lost = time.monotonic(), []
            if lost:
                log.info("presences_expired", count=len(lost))
                await self._bus.publish_live("live.users.presence", PresenceChanged(user_ids=lost).SerializeToString())
            else:
                await asyncio.sleep(_PAUSE_SECONDS)
