"""Reminds people of messages that they have not acknowledged."""

import time

from chassis.database import Database
from services.conversations.domain import reminders
from services.conversations.model.limits import Limits

# The round's name, which beat asks for.
REMIND = "remind"

# Each may be about a thousand people.
_AT_ONCE = 20
_TRANSACTION_SECONDS = 5.0
# The next round goes on where this one ends.
_ROUND_SECONDS = 20.0


class Reminding:
    """Takes batch after batch until nothing is due; any worker may take any of them."""

    def __init__(self, database: Database, limits: Limits) -> None:
        self._database = database
        self._limits = limits

    def go_round(self) -> None:
        """Have those reminded whose time it is. Raises: Failure during an outage."""
        end = time.monotonic() + _ROUND_SECONDS
        while time.monotonic() < end:
            with self._database.transaction(_TRANSACTION_SECONDS) as tx:
                if reminders.remind_due(tx, count=_AT_ONCE, limits=self._limits) < _AT_ONCE:
                    return
