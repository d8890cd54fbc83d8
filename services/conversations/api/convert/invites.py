"""Ways in, and who is kept out."""

from typing import cast

from messaging.conversations.v1 import bans_pb2, invites_pb2, participants_pb2
from services.conversations.api.convert.values import time
from services.conversations.model.bans import Ban
from services.conversations.model.ids import InviteId
from services.conversations.model.invites import Invite


def ban(source: Ban) -> bans_pb2.Ban:
    """Somebody who is kept out."""
    return bans_pb2.Ban(
        conversation_id=source.conversation_id,
        user_id=source.user_id,
        actor_id=source.actor_id,
        create_time=time(source.created_at),
        expire_time=time(source.expires_at) if source.expires_at else None,
    )


def invite(source: Invite) -> invites_pb2.Invite:
    """A way in, with its code."""
    return invites_pb2.Invite(
        invite_id=source.invite_id,
        conversation_id=source.conversation_id,
        code=source.code,
        creator_id=source.creator_id,
        role=cast("participants_pb2.Role.ValueType", source.role),
        max_uses=source.max_uses or 0,
        use_count=source.use_count,
        create_time=time(source.created_at),
        expire_time=time(source.expires_at) if source.expires_at else None,
    )


def invite_id(text: str) -> InviteId:
    """In the spelling that everything compares by."""
    return InviteId(text.lower())
