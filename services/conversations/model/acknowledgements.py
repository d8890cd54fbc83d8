"""Acknowledgements: who has confirmed that they took notice."""

from dataclasses import dataclass
from datetime import datetime

from services.conversations.model.ids import MessageId, UserId


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """Whether somebody has acknowledged a message, and when."""

    message_id: MessageId
    user_id: UserId
    created_at: datetime | None
