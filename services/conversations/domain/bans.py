"""Keeping people out."""

from collections.abc import Mapping
from datetime import datetime

from chassis.database import Transaction
from chassis.paging import Cursor, Page
from services.conversations.domain.participants import dismiss, lock_group
from services.conversations.model.bans import Ban, require_to_come
from services.conversations.model.errors import RoleInsufficient, UserUnavailable
from services.conversations.model.ids import ConversationId, UserId
from services.conversations.model.permissions import Action, require, require_over
from services.conversations.store import bans, conversations, participants, people


def ban(
    tx: Transaction,
    *,
    conversation_id: ConversationId,
    actor_id: UserId,
    user_id: UserId,
    expires_at: datetime | None,
    newcomers: Mapping[UserId, str],
) -> Ban:
    """Keep somebody out of a group until a time, or for good; who takes part is removed with it.

    Raises: ConversationNotFound, DirectConversation, RoleInsufficient, ExpiryPast, UserUnavailable.
    Emits: MemberRemoved, if they took part.
    """
    conversation, actor = lock_group(tx, conversation_id, actor_id)
    require(actor.role, Action.BAN_PARTICIPANT)
    require_to_come(expires_at, at=tx.now)
    if user_id == actor_id:
        # Owners stand above everybody, but who bans themselves could leave nobody in charge.
        raise RoleInsufficient()
    target = participants.named(tx, conversation_id, [user_id]).get(user_id)
    if target is not None and target.left_at is None:
        require_over(actor.role, target.role, Action.BAN_PARTICIPANT)
        dismiss(tx, conversation, target, actor_id=actor_id)
    people.meet(tx, newcomers)
    if people.unknown(tx, user_ids=[user_id]):
        raise UserUnavailable()
    made = Ban(conversation_id, user_id, actor_id, created_at=tx.now, expires_at=expires_at)
    bans.save(tx, made)
    until = {"expires_at": expires_at.isoformat()} if expires_at else {}
    tx.audit("participant.banned", "conversation", conversation_id, after={"user_id": user_id, **until})
    return made


def unban(tx: Transaction, *, conversation_id: ConversationId, actor_id: UserId, user_id: UserId) -> None:
    """Let somebody come back, when they ask or are asked.

    Raises: ConversationNotFound, DirectConversation, RoleInsufficient.
    """
    _, actor = lock_group(tx, conversation_id, actor_id)
    require(actor.role, Action.BAN_PARTICIPANT)
    if bans.remove(tx, conversation_id, user_id):
        tx.audit("participant.unbanned", "conversation", conversation_id, before={"user_id": user_id})


def list_bans(
    tx: Transaction, *, conversation_id: ConversationId, member_id: UserId, cursor: Cursor | None, size: int
) -> Page[Ban]:
    """A page of those who are banned, the latest first.

    Raises: ConversationNotFound, DirectConversation, RoleInsufficient.
    """
    conversations.get(tx, conversation_id, member_id=member_id).require_group()
    require(participants.member(tx, conversation_id, member_id).role, Action.BAN_PARTICIPANT)
    return bans.page(tx, conversation_id, cursor=cursor, size=size)
