"""Entries of an inbox, and messages as they show them."""

from datetime import UTC, datetime
from typing import Any

from chassis.ids import uuid7
from services.notifications.model.ids import ConversationId, MessageId, NotificationId, UserId
from services.notifications.model.messages import Message
from services.notifications.model.notifications import Kind, Notification


def user_id() -> UserId:
    return UserId(uuid7())


def notification(**fields: Any) -> Notification:
    """An unread one about a message."""
    defaults: dict[str, Any] = {
        "notification_id": NotificationId(uuid7()),
        "user_id": user_id(),
        "kind": Kind.MESSAGE,
        "title": "Ada Lovelace",
        "body": "Are you there?",
        "actor_id": user_id(),
        "conversation_id": ConversationId(uuid7()),
        "message_id": MessageId(uuid7()),
        "count": 1,
        "created_at": datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC),
        "read_at": None,
    }
    return Notification(**{**defaults, **fields})


def message(**fields: Any) -> Message:
    """The first of a conversation."""
    defaults: dict[str, Any] = {
        "message_id": MessageId(uuid7()),
        "conversation_id": ConversationId(uuid7()),
        "seq": 1,
        "sender_id": user_id(),
        "content": "Are you there?",
        "told_at": datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC),
    }
    return Message(**{**defaults, **fields})
