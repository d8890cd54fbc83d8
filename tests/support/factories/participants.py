"""Participants, and what decides whether they may write."""

from datetime import UTC, datetime
from typing import Any

from chassis.ids import uuid7
from services.conversations.model.ids import ConversationId, UserId
from services.conversations.model.participants import Participant, Standing
from services.conversations.model.permissions import Role
from services.conversations.model.positions import Position


def participant(**fields: Any) -> Participant:
    """A member who has read nothing, as the store returns it."""
    defaults: dict[str, Any] = {
        "conversation_id": ConversationId(uuid7()),
        "user_id": UserId(uuid7()),
        "role": Role.MEMBER,
        "read_seq": 0,
        "delivered_seq": 0,
        "joined_at": datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC),
    }
    return Participant(**{**defaults, **fields})


def standing(**fields: Any) -> Standing:
    """Of a member whom nothing keeps from writing."""
    defaults: dict[str, Any] = {"role": Role.MEMBER, "is_active": True, "is_blocked": False, "muted_until": None}
    return Standing(**{**defaults, **fields})


def position(last_seq: int, **fields: Any) -> Position:
    """Of somebody in a conversation of so many messages."""
    return Position(participant(**fields), last_seq, unannounced=0, is_announcement_due=True)
