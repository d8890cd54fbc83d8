"""Who takes part: joining, roles, leaving."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from chassis.database import Transaction
from chassis.paging import Cursor, Page
from services.conversations.model.changes import ChangeKind
from services.conversations.model.errors import OwnerRequired, ParticipantLimit, UserUnavailable
from services.conversations.model.events import MemberAdded, MemberRemoved, MembershipChanged
from services.conversations.model.ids import ConversationId, UserId
from services.conversations.model.limits import Limits
from services.conversations.model.participants import Participant
from services.conversations.model.permissions import Role, require_may_add, require_may_change, require_may_remove
from services.conversations.store import changes, conversations, participants, people


def add(
    tx: Transaction,
    *,
    conversation_id: ConversationId,
    actor_id: UserId,
    user_ids: Sequence[UserId],
    role: Role,
    newcomers: Mapping[UserId, str],
    limits: Limits,
) -> list[Participant]:
    """Add people to a group; those who are in it already stay as they are. Answers all of them, in the order given.

    Raises: ConversationNotFound, DirectConversation, RoleInsufficient, UserUnavailable, ParticipantLimit.
    Emits: MemberAdded of each who was not in it.
    """
    conversation = conversations.lock(tx, conversation_id, member_id=actor_id)
    actor = participants.member(tx, conversation_id, actor_id)
    conversation.require_group()
    require_may_add(actor.role, role)
    wanted = list(dict.fromkeys(user_ids))
    known = participants.named(tx, conversation_id, wanted)
    joining = [user_id for user_id in wanted if user_id not in known or known[user_id].left_at is not None]
    if not joining:
        return [known[user_id] for user_id in wanted]
    people.meet(tx, newcomers)
    if not people.are_available(tx, joining, to=actor_id):
        raise UserUnavailable()
    if conversation.participant_count + len(joining) > limits.participants:
        raise ParticipantLimit(limit=str(limits.participants))
    grown = replace(
        conversation,
        rev=conversation.rev + len(joining),
        participant_count=conversation.participant_count + len(joining),
    )
    participants.add(tx, grown, dict.fromkeys(joining, role))
    conversations.save(tx, grown)
    changes.append(tx, grown, ChangeKind.MEMBER_ADDED, actor_id=actor_id, target_ids=joining)
    members = participants.named(tx, conversation_id, wanted)
    for rev, user_id in enumerate(joining, start=conversation.rev + 1):
        tx.emit(MemberAdded(members[user_id], grown, rev))
    return [members[user_id] for user_id in wanted]


def list_participants(
    tx: Transaction, *, conversation_id: ConversationId, member_id: UserId, cursor: Cursor | None, size: int
) -> Page[Participant]:
    """A page of those who take part, by the time they joined. Raises: ConversationNotFound."""
    conversations.get(tx, conversation_id, member_id=member_id)
    return participants.page(tx, conversation_id, cursor=cursor, size=size)


def change_role(
    tx: Transaction, *, conversation_id: ConversationId, actor_id: UserId, user_id: UserId, role: Role
) -> Participant:
    """Give a participant another role.

    Raises: ConversationNotFound, ParticipantNotFound, DirectConversation, RoleInsufficient, OwnerRequired.
    Emits: MembershipChanged.
    """
    conversation = conversations.lock(tx, conversation_id, member_id=actor_id)
    actor = participants.member(tx, conversation_id, actor_id)
    conversation.require_group()
    target = participants.other(tx, conversation_id, user_id)
    require_may_change(actor.role, target.role, role, is_self=user_id == actor_id)
    if role is target.role:
        return target
    if target.role is Role.OWNER:
        _require_other_owner(tx, conversation_id)
    changed, promoted = conversation.changed(), replace(target, role=role)
    participants.set_role(tx, promoted)
    conversations.save(tx, changed)
    changes.append(tx, changed, ChangeKind.MEMBERSHIP_CHANGED, actor_id=actor_id, target_ids=[user_id])
    tx.emit(MembershipChanged(promoted, changed.rev))
    return promoted


def remove(tx: Transaction, *, conversation_id: ConversationId, actor_id: UserId, user_id: UserId) -> None:
    """Remove a participant from a group, or leave it; what is said from now on does not reach them.

    Raises: ConversationNotFound, ParticipantNotFound, DirectConversation, RoleInsufficient, OwnerRequired.
    Emits: MemberRemoved.
    """
    conversation = conversations.lock(tx, conversation_id, member_id=actor_id)
    actor = participants.member(tx, conversation_id, actor_id)
    conversation.require_group()
    target = participants.other(tx, conversation_id, user_id)
    if user_id != actor_id:
        require_may_remove(actor.role, target.role)
    if target.role is Role.OWNER:
        _require_other_owner(tx, conversation_id)
    changed, gone = conversation.changed(members=-1), replace(target, left_at=tx.now)
    participants.end(tx, gone)
    conversations.save(tx, changed)
    changes.append(tx, changed, ChangeKind.MEMBER_REMOVED, actor_id=actor_id, target_ids=[user_id])
    tx.emit(MemberRemoved(gone, changed.rev))


def _require_other_owner(tx: Transaction, conversation_id: ConversationId) -> None:
    if participants.count_owners(tx, conversation_id) < 2:
        raise OwnerRequired()
