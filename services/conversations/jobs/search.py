"""Learns the words of new messages, for those who will mistype them."""

import time

from chassis.database import Database
from services.conversations.domain import search

# The round's name, which beat asks for.
LEARN_WORDS = "learn_words"

_TRANSACTION_SECONDS = 5.0
# Between the turns sends come first; what is left then is learned in the next round.
_PAUSE_SECONDS = 0.2
_ROUND_SECONDS = 20.0


class WordLearner:
    """Turn by turn, of whichever worker gets there first."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def go_round(self) -> None:
        """Learn what is settled. Raises: Failure during an outage."""
        end = time.monotonic() + _ROUND_SECONDS
        while time.monotonic() < end:
            with self._database.transaction(_TRANSACTION_SECONDS) as tx:
                has_more = search.learn(tx)
            if not has_more:
                return
            time.sleep(_PAUSE_SECONDS)
