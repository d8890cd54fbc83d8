"""Announces positions that moved again within a second, once that second is over."""

import asyncio

import structlog

from chassis.database import Database
from chassis.errors import Exhausted, Unavailable
from services.conversations.domain import receipts

log = structlog.get_logger(__name__)

_PAUSE_SECONDS = 0.5


class PositionAnnouncer:
    """Looks twice a second; what waits is in the database, so any replica may announce it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            try:
                announced = await self._database.run(receipts.announce_due)
            except (Unavailable, Exhausted) as failure:
                log.warning("announcing_waits", reason=failure.reason)
                announced = 0
            if not announced:
                await asyncio.sleep(_PAUSE_SECONDS)
