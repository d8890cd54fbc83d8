"""Keeps the signing keys young and the tables small."""

import asyncio
from datetime import timedelta

import structlog

from chassis.crypto import Box
from chassis.database import Database
from chassis.errors import Failure
from services.auth.domain import keys, sessions

log = structlog.get_logger(__name__)

_EVERY_SECONDS = 60.0


class Upkeep:
    """Looks once a minute whether something is due; every replica does, the database decides who comes first."""

    def __init__(self, database: Database, box: Box, *, key_age: timedelta) -> None:
        """Take the age at which the newest signing key gets a successor."""
        self._database = database
        self._box = box
        self._key_age = key_age

    async def run(self) -> None:
        """Work until cancelled; an outage is waited out."""
        while True:
            try:
                await self._database.run(keys.keep_fresh, box=self._box, max_age=self._key_age)
                await self._database.run(sessions.forget_expired)
            except Failure as failure:
                log.warning("upkeep_interrupted", reason=failure.reason)
            await asyncio.sleep(_EVERY_SECONDS)
