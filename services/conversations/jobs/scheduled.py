"""Sends scheduled messages whose time has come."""

import time

import structlog

from chassis.database import Database
from chassis.errors import Failure
from services.conversations.domain import scheduled
from services.conversations.model.limits import Limits

log = structlog.get_logger(__name__)

# The round's name, which beat asks for.
SEND_SCHEDULED = "send_scheduled"

_AT_ONCE = 64
_TRANSACTION_SECONDS = 5.0
# The next round goes on where this one ends.
_ROUND_SECONDS = 20.0


class ScheduledSender:
    """Sends batch after batch until nothing is due; a worker that dies takes its batch back with its transaction."""

    def __init__(self, database: Database, limits: Limits) -> None:
        self._database = database
        self._limits = limits

    def go_round(self) -> None:
        """Send what is due. Raises: Failure during an outage."""
        count, end = _AT_ONCE, time.monotonic() + _ROUND_SECONDS
        while time.monotonic() < end:
            try:
                with self._database.transaction(_TRANSACTION_SECONDS) as tx:
                    sent = scheduled.send_due(tx, count=count, limits=self._limits)
            except Failure:
                raise
            except Exception:
                log.exception("scheduled_batch_failed", messages=count)
                if count == 1:
                    # Perhaps a newer release wrote it: what fails alone must not keep the others from being sent.
                    with self._database.transaction(_TRANSACTION_SECONDS) as tx:
                        scheduled.pass_over_first(tx)
                count = 1
            else:
                if sent < count:
                    return
