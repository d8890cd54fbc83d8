"""Pins: messages that a conversation keeps at hand."""

from dataclasses import dataclass
from datetime import datetime

from services.conversations.model.ids import UserId
from services.conversations.model.viewers import Viewed

# Of one conversation.
MAX_PINS = 100


@dataclass(frozen=True, slots=True)
class Pin:
    """A pinned message as one member sees it."""

    viewed: Viewed
    actor_id: UserId
    created_at: datetime
