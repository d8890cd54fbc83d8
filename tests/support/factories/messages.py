"""Messages, and drafts and items on their way to become one."""

from datetime import UTC, datetime
from typing import Any

from google.protobuf.field_mask_pb2 import FieldMask

from chassis.ids import uuid7
from messaging.conversations.v1 import messages_pb2 as pb
from services.conversations.model.ids import ConversationId, MessageId, UserId
from services.conversations.model.messages import Draft, Message, MessageType, Priority


def message(**fields: Any) -> Message:
    """The first of a conversation, as the store returns it."""
    defaults: dict[str, Any] = {
        "message_id": MessageId(uuid7()),
        "conversation_id": ConversationId(uuid7()),
        "seq": 1,
        "rev": 4,
        "sender_id": UserId(uuid7()),
        "message_type": MessageType.TEXT,
        "content": "Are you there?",
        "priority": Priority.NORMAL,
        "is_important": False,
        "client_message_id": uuid7(),
        "created_at": datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC),
    }
    return Message(**{**defaults, **fields})


def draft(**fields: Any) -> Draft:
    """One that nothing is wrong with."""
    defaults: dict[str, Any] = {
        "sender_id": UserId(uuid7()),
        "conversation_id": ConversationId(uuid7()),
        "client_message_id": uuid7(),
        "content": "Are you there?",
    }
    return Draft(**{**defaults, **fields})


def item(sender_id: str, conversation_id: str, content: str = "Are you there?", **fields: Any) -> pb.SendItem:
    """What the gateway sends for a message under a key of its own."""
    fields.setdefault("client_message_id", uuid7())
    return pb.SendItem(sender_id=sender_id, conversation_id=conversation_id, content=content, **fields)


def edit_request(message_id: str, content: str, **fields: Any) -> pb.EditMessageRequest:
    """For another text."""
    mask = FieldMask(paths=["content"])
    return pb.EditMessageRequest(message_id=message_id, content=content, update_mask=mask, **fields)


def shared(message: pb.Message) -> pb.Message:
    """What all see of a message that was read as one of them."""
    seen = pb.Message()
    seen.CopyFrom(message)
    seen.ClearField("viewer")
    return seen
