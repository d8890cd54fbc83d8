"""Codes by which people join: making them, ending them, coming in by one."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from chassis.database import Transaction
from chassis.ids import uuid7
from chassis.paging import Cursor, Page
from services.conversations.domain.participants import admit, is_present
from services.conversations.model.bans import require_to_come
from services.conversations.model.conversations import Conversation, MemberView
from services.conversations.model.errors import InviteNotFound
from services.conversations.model.ids import ConversationId, InviteId, UserId
from services.conversations.model.invites import Invite, new_code
from services.conversations.model.limits import Limits
from services.conversations.model.permissions import Action, Role, require, require_may_bring
from services.conversations.store import conversations, invites, participants, views


def create(
    tx: Transaction,
    *,
    conversation_id: ConversationId,
    actor_id: UserId,
    role: Role,
    expires_at: datetime | None,
    max_uses: int | None,
) -> Invite:
    """Make a code by which people join a group in a role below one's own.

    Raises: ConversationNotFound, DirectConversation, RoleInsufficient, ExpiryPast.
    """
    require_may_bring(_role(tx, conversation_id, actor_id), role, Action.INVITE)
    require_to_come(expires_at, at=tx.now)
    made = Invite(
        invite_id=InviteId(uuid7()),
        conversation_id=conversation_id,
        code=new_code(),
        creator_id=actor_id,
        role=role,
        max_uses=max_uses,
        use_count=0,
        created_at=tx.now,
        expires_at=expires_at,
    )
    invites.add(tx, made)
    tx.audit("invite.created", "conversation", conversation_id, after={"invite_id": made.invite_id, "role": role.name})
    return made


def list_invites(
    tx: Transaction, *, conversation_id: ConversationId, member_id: UserId, cursor: Cursor | None, size: int
) -> Page[Invite]:
    """A page of those that were not revoked, the latest first.

    Raises: ConversationNotFound, DirectConversation, RoleInsufficient.
    """
    require(_role(tx, conversation_id, member_id), Action.INVITE)
    return invites.page(tx, conversation_id, cursor=cursor, size=size)


def get(tx: Transaction, *, conversation_id: ConversationId, invite_id: InviteId, member_id: UserId) -> Invite:
    """One of them. Raises: ConversationNotFound, DirectConversation, RoleInsufficient, InviteNotFound."""
    require(_role(tx, conversation_id, member_id), Action.INVITE)
    return invites.get(tx, conversation_id, invite_id)


def update(
    tx: Transaction,
    *,
    conversation_id: ConversationId,
    invite_id: InviteId,
    actor_id: UserId,
    given: Mapping[str, Any],
) -> Invite:
    """Have an invite count longer or shorter, `expires_at`, or more or less often, `max_uses`.

    Raises: ConversationNotFound, DirectConversation, RoleInsufficient, InviteNotFound, ExpiryPast.
    """
    require(_role(tx, conversation_id, actor_id), Action.INVITE)
    found = invites.get(tx, conversation_id, invite_id)
    require_to_come(given.get("expires_at"), at=tx.now)
    return invites.change(tx, conversation_id, invite_id, given) if given else found


def revoke(tx: Transaction, *, conversation_id: ConversationId, invite_id: InviteId, actor_id: UserId) -> None:
    """End an invite for good. Raises: ConversationNotFound, DirectConversation, RoleInsufficient, InviteNotFound."""
    require(_role(tx, conversation_id, actor_id), Action.INVITE)
    invites.revoke(tx, conversation_id, invite_id)
    tx.audit("invite.revoked", "conversation", conversation_id, before={"invite_id": invite_id})


def preview(tx: Transaction, *, code: str, user_id: UserId) -> Conversation:
    """The conversation that a code opens. Raises: InviteNotFound."""
    return invites.preview(tx, code, user_id=user_id)


def accept(
    tx: Transaction, *, code: str, user_id: UserId, newcomers: Mapping[UserId, str], limits: Limits
) -> MemberView:
    """Come in by a code; who is in already stays as they are, and nothing is used up.

    Raises: InviteNotFound, UserUnavailable, ParticipantLimit. Emits: MemberAdded.
    """
    conversation_id = invites.leads_to(tx, code, user_id=user_id)
    conversation = conversations.lock(tx, conversation_id, member_id=None, missing=InviteNotFound)
    if not is_present(tx, conversation_id, user_id):
        # Others may have come in, or the invite ended, while this waited for the lock.
        role = invites.use(tx, code, user_id=user_id)
        admit(tx, conversation, [user_id], role, actor_id=user_id, newcomers=newcomers, limits=limits)
    return views.view(tx, conversation_id, member_id=user_id)


def _role(tx: Transaction, conversation_id: ConversationId, member_id: UserId) -> Role:
    conversations.get(tx, conversation_id, member_id=member_id).require_group()
    return participants.member(tx, conversation_id, member_id).role
