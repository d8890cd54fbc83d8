"""Who may not take part."""

from dataclasses import dataclass
from datetime import datetime

from services.conversations.model.errors import ExpiryPast
from services.conversations.model.ids import ConversationId, UserId


@dataclass(frozen=True, slots=True)
class Ban:
    """Somebody who is kept out; for good when nothing says until when."""

    conversation_id: ConversationId
    user_id: UserId
    actor_id: UserId
    created_at: datetime
    expires_at: datetime | None


def require_to_come(expires_at: datetime | None, *, at: datetime) -> None:
    """What ends must not have ended already. Raises: ExpiryPast."""
    if expires_at is not None and expires_at <= at:
        raise ExpiryPast()
