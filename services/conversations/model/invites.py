"""Codes by which people join."""

import secrets
from dataclasses import dataclass
from datetime import datetime

from services.conversations.model.ids import ConversationId, InviteId, UserId
from services.conversations.model.permissions import Role


@dataclass(frozen=True, slots=True)
class Invite:
    """A way in; without `max_uses` for any number of people, without `expires_at` for good."""

    invite_id: InviteId
    conversation_id: ConversationId
    code: str
    creator_id: UserId
    role: Role
    max_uses: int | None
    use_count: int
    created_at: datetime
    expires_at: datetime | None


def new_code() -> str:
    """144 random bits, which nobody guesses."""
    return secrets.token_urlsafe(18)
