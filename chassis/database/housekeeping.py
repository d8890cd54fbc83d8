"""Deletes what has been kept long enough from the tables that every service has, a little at a time."""

import asyncio

import structlog
from sqlalchemy import text

from chassis.database import Database, Transaction
from chassis.errors import Failure

log = structlog.get_logger(__name__)

_BATCH = 1000
_EVERY_SECONDS = 600.0
# The outbox can fill a stream that was lost, which keeps 7 days; an inbox must remember longer than that. A repeated
# request gets its first answer for 30 days.
_RULES = (
    (
        "outbox",
        # The oldest have the lowest ids, so that no index on the time is needed.
        "id in (select id from (select id, created_at from outbox order by id limit :count) oldest"
        " where created_at < now() - interval '7 days'"
        " and not exists (select 1 from unpublished where unpublished.id = oldest.id))",
    ),
    ("inbox", "ctid = any(array(select ctid from inbox where created_at < now() - interval '14 days' limit :count))"),
    (
        "requests",
        "ctid = any(array(select ctid from requests where created_at < now() - interval '30 days' limit :count))",
    ),
    ("jobs", "id in (select id from jobs where finished_at < now() - interval '30 days' limit :count)"),
)


def tidy(tx: Transaction) -> int:
    """Delete at most one batch from each table. Returns how many rows went; 0 when another replica is at it."""
    if not tx.execute(text("select pg_try_advisory_xact_lock(hashtextextended('housekeeping', 0))")).scalar_one():
        return 0
    return sum(
        tx.execute(text(f"delete from {table} where {condition}"), {"count": _BATCH}).rowcount  # noqa: S608 - constants
        for table, condition in _RULES
    )


class Housekeeper:
    """Tidies up every ten minutes, until nothing is left to do."""

    def __init__(self, database: Database) -> None:
        """Take the service's own database."""
        self._database = database

    async def run(self) -> None:
        """Work until cancelled; an outage is waited out."""
        while True:
            try:
                while await self._database.run(tidy):
                    await asyncio.sleep(1)
            except Failure as failure:
                log.warning("housekeeping_interrupted", reason=failure.reason)
            await asyncio.sleep(_EVERY_SECONDS)
