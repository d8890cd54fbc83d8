"""Participants, and what decides whether they may write."""

from datetime import UTC, datetime, timedelta
from typing import Any

from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.timestamp_pb2 import Timestamp

from chassis.ids import uuid7
from messaging.conversations.v1 import bans_pb2
from messaging.conversations.v1 import participants_pb2 as pb
from services.conversations.model.ids import ConversationId, UserId
from services.conversations.model.participants import Participant, Standing
from services.conversations.model.permissions import Role
from services.conversations.model.positions import Position, PositionKind


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
    return Position(participant(**fields), last_seq, PositionKind(0), is_announcement_due=True, is_read_shared=True)


def hence(**span: float) -> Timestamp:
    """The time so long from now."""
    stamp = Timestamp()
    stamp.FromDatetime(datetime.now(UTC) + timedelta(**span))
    return stamp


def participant_request(
    conversation_id: str, user_id: str, *, request_id: str = "", **fields: Any
) -> pb.UpdateParticipantRequest:
    """For another role, or a mute: those fields that are named; none for the end of a mute."""
    return pb.UpdateParticipantRequest(
        conversation_id=conversation_id,
        user_id=user_id,
        update_mask=FieldMask(paths=list(fields)),
        request_id=request_id,
        **fields,
    )


def membership_request(conversation_id: str, *, request_id: str = "", **fields: Any) -> pb.UpdateMembershipRequest:
    """For other settings of one's own, those that are named."""
    mask = FieldMask(paths=list(fields))
    return pb.UpdateMembershipRequest(
        conversation_id=conversation_id, update_mask=mask, request_id=request_id, **fields
    )


def ban_request(conversation_id: str, user_id: str, **fields: Any) -> bans_pb2.BanUserRequest:
    """For a ban, for good unless it says until when."""
    return bans_pb2.BanUserRequest(conversation_id=conversation_id, user_id=user_id, **fields)
