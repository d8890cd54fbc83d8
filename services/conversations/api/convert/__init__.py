"""Between the contract's messages and the model's nouns. Enums have the same numbers on both sides."""

from services.conversations.api.convert.conversations import (
    changes,
    conversation,
    participant,
    revisions,
    settings,
    view,
)
from services.conversations.api.convert.messages import draft, message, selection, sent
from services.conversations.api.convert.scheduled import scheduled, scheduled_draft, scheduled_id
from services.conversations.api.convert.values import conversation_id, message_id, moment, time, user_id

__all__ = [
    "changes",
    "conversation",
    "conversation_id",
    "draft",
    "message",
    "message_id",
    "moment",
    "participant",
    "revisions",
    "scheduled",
    "scheduled_draft",
    "scheduled_id",
    "selection",
    "sent",
    "settings",
    "time",
    "user_id",
    "view",
]
