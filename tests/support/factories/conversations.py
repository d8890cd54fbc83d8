"""Conversations, and what asks for new ones."""

from datetime import UTC, datetime
from typing import Any

from google.protobuf.field_mask_pb2 import FieldMask

from chassis.ids import uuid7
from messaging.conversations.v1 import conversations_pb2 as pb
from services.conversations.model.conversations import Conversation, ConversationKind
from services.conversations.model.ids import ConversationId, UserId


def conversation(**fields: Any) -> Conversation:
    """An empty group of three, as the store returns it."""
    defaults: dict[str, Any] = {
        "conversation_id": ConversationId(uuid7()),
        "kind": ConversationKind.GROUP,
        "title": "Engine room",
        "description": "",
        "creator_id": UserId(uuid7()),
        "pair": None,
        "last_seq": 0,
        "rev": 4,
        "participant_count": 3,
        "created_at": datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC),
        "updated_at": datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC),
    }
    return Conversation(**{**defaults, **fields})


def direct_request(peer_id: str, **fields: Any) -> pb.CreateConversationRequest:
    """For a direct conversation."""
    return pb.CreateConversationRequest(kind=pb.CONVERSATION_KIND_DIRECT, participant_ids=[peer_id], **fields)


def group_request(*others: str, **fields: Any) -> pb.CreateConversationRequest:
    """For a group."""
    fields.setdefault("title", "Engine room")
    return pb.CreateConversationRequest(kind=pb.CONVERSATION_KIND_GROUP, participant_ids=others, **fields)


def settings_request(conversation_id: str, *, etag: str = "", **settings: Any) -> pb.UpdateConversationRequest:
    """For other settings, those that are named."""
    mask = FieldMask(paths=list(settings))
    return pb.UpdateConversationRequest(conversation_id=conversation_id, update_mask=mask, etag=etag, **settings)
