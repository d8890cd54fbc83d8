"""What asks for ways in."""

from typing import Any

from google.protobuf.field_mask_pb2 import FieldMask

from messaging.conversations.v1 import invites_pb2 as pb


def invite_request(conversation_id: str, **fields: Any) -> pb.CreateInviteRequest:
    """For an invite of a member, for good and for anybody, unless it says otherwise."""
    return pb.CreateInviteRequest(conversation_id=conversation_id, **fields)


def invite_change(invite: pb.Invite, **fields: Any) -> pb.UpdateInviteRequest:
    """For other ends of an invite, those that are named."""
    mask = FieldMask(paths=list(fields))
    return pb.UpdateInviteRequest(
        conversation_id=invite.conversation_id, invite_id=invite.invite_id, update_mask=mask, **fields
    )
