"""Who takes part: joining, roles, leaving."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from chassis.database import Transaction
from chassis.paging import Cursor, Page
from services.conversations.model.changes import ChangeKind
from services.conversations.model.conversations import Conversation, MemberView
from services.conversations.model.errors import (
    Banned,
    ConversationNotFound,
    OwnerRequired,
    ParticipantLimit,
    UserUnavailable,
)
from services.conversations.model.events import MemberAdded, MemberRemoved, MembershipChanged
from services.conversations.model.ids import ConversationId, UserId
from services.conversations.model.limits import Limits
from services.conversations.model.participants import Participant, still_to_come
from services.conversations.model.permissions import (
    Action,
    Role,
    require,
    require_may_bring,
    require_may_change,
    require_over,
)
from services.conversations.store import bans, changes, conversations, participants, people, views


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

    Raises: ConversationNotFound, DirectConversation, RoleInsufficient, Banned, UserUnavailable, ParticipantLimit.
    Emits: MemberAdded of each who was not in it.
    """
    conversation, actor = lock_group(tx, conversation_id, actor_id)
    require_may_bring(actor.role, role, Action.ADD_PARTICIPANT)
    wanted = list(dict.fromkeys(user_ids))
    known = participants.named(tx, conversation_id, wanted)
    joining = [user_id for user_id in wanted if user_id not in known or known[user_id].left_at is not None]
    if joining:
        admit(tx, conversation, joining, role, actor_id=actor_id, newcomers=newcomers, limits=limits)
        known = participants.named(tx, conversation_id, wanted)
    return [known[user_id] for user_id in wanted]


def join(
    tx: Transaction,
    *,
    conversation_id: ConversationId,
    user_id: UserId,
    newcomers: Mapping[UserId, str],
    limits: Limits,
) -> MemberView:
    """Have somebody take part in a public conversation; who does already stays as they are.

    Raises: ConversationNotFound, also for private ones, Banned, UserUnavailable, ParticipantLimit. Emits: MemberAdded.
    """
    conversation = conversations.lock(tx, conversation_id, member_id=user_id, or_public=True)
    if not is_present(tx, conversation_id, user_id):
        if not conversation.is_public:
            raise ConversationNotFound()
        admit(tx, conversation, [user_id], Role.MEMBER, actor_id=user_id, newcomers=newcomers, limits=limits)
    return views.view(tx, conversation_id, member_id=user_id)


def admit(
    tx: Transaction,
    conversation: Conversation,
    user_ids: Sequence[UserId],
    role: Role,
    *,
    actor_id: UserId,
    newcomers: Mapping[UserId, str],
    limits: Limits,
) -> None:
    """Let people into a locked conversation who are not in it.

    Raises: Banned, UserUnavailable, ParticipantLimit. Emits: MemberAdded of each.
    """
    conversation_id, count = conversation.conversation_id, len(user_ids)
    if bans.hold_any(tx, conversation_id, user_ids):
        raise Banned()
    people.meet(tx, newcomers)
    if not people.are_available(tx, user_ids, to=actor_id):
        raise UserUnavailable()
    if conversation.participant_count + count > limits.participants:
        raise ParticipantLimit(limit=str(limits.participants))
    grown = replace(
        conversation, rev=conversation.rev + count, participant_count=conversation.participant_count + count
    )
    participants.add(tx, grown, dict.fromkeys(user_ids, role))
    conversations.save(tx, grown)
    changes.append(tx, grown, ChangeKind.MEMBER_ADDED, actor_id=actor_id, target_ids=user_ids)
    members = participants.named(tx, conversation_id, user_ids)
    for rev, user_id in enumerate(user_ids, start=conversation.rev + 1):
        tx.emit(MemberAdded(members[user_id], grown, rev))


def list_participants(
    tx: Transaction, *, conversation_id: ConversationId, member_id: UserId, cursor: Cursor | None, size: int
) -> Page[Participant]:
    """A page of those who take part, by the time they joined. Raises: ConversationNotFound."""
    conversations.get(tx, conversation_id, member_id=member_id)
    return participants.page(tx, conversation_id, cursor=cursor, size=size)


def update(
    tx: Transaction, *, conversation_id: ConversationId, actor_id: UserId, user_id: UserId, given: Mapping[str, Any]
) -> Participant:
    """Give a participant another `role`, or mute them: `muted_until` a time, or none to end it.

    Raises: ConversationNotFound, ParticipantNotFound, DirectConversation, RoleInsufficient, OwnerRequired.
    Emits: MembershipChanged.
    """
    conversation, actor = lock_group(tx, conversation_id, actor_id)
    target = participants.other(tx, conversation_id, user_id)
    wanted = replace(target, **given)
    if "role" in given:
        require_may_change(actor.role, target.role, wanted.role, is_self=user_id == actor_id)
    if "muted_until" in given:
        require_over(actor.role, target.role, Action.MUTE_PARTICIPANT)
        wanted = replace(wanted, muted_until=still_to_come(wanted.muted_until, at=tx.now))
    if wanted == target:
        return target
    if target.role is Role.OWNER is not wanted.role:
        _require_other_owner(tx, conversation_id)
    change(tx, conversation, [wanted], actor_id=actor_id)
    return wanted


def transfer(tx: Transaction, *, conversation_id: ConversationId, actor_id: UserId, user_id: UserId) -> MemberView:
    """Make another participant the owner; the former one becomes an admin, so that there is always one.

    Raises: ConversationNotFound, ParticipantNotFound, DirectConversation, RoleInsufficient.
    Emits: MembershipChanged of both.
    """
    conversation, actor = lock_group(tx, conversation_id, actor_id)
    require(actor.role, Action.TRANSFER_OWNERSHIP)
    target = participants.other(tx, conversation_id, user_id)
    if user_id != actor_id:
        risen = [] if target.role is Role.OWNER else [replace(target, role=Role.OWNER)]
        change(tx, conversation, [*risen, replace(actor, role=Role.ADMIN)], actor_id=actor_id)
    return views.view(tx, conversation_id, member_id=actor_id)


def change(tx: Transaction, conversation: Conversation, members: Sequence[Participant], *, actor_id: UserId) -> None:
    """Write what all see of these members of a locked conversation. Emits: MembershipChanged of each."""
    for member in members:
        conversation = conversation.changed()
        participants.save(tx, member)
        tx.emit(MembershipChanged(member, conversation.rev))
    conversations.save(tx, conversation)
    target_ids = [member.user_id for member in members]
    changes.append(tx, conversation, ChangeKind.MEMBERSHIP_CHANGED, actor_id=actor_id, target_ids=target_ids)


def remove(tx: Transaction, *, conversation_id: ConversationId, actor_id: UserId, user_id: UserId) -> None:
    """Remove a participant from a group, or leave it; what is said from now on does not reach them.

    Raises: ConversationNotFound, ParticipantNotFound, DirectConversation, RoleInsufficient, OwnerRequired.
    Emits: MemberRemoved.
    """
    conversation, actor = lock_group(tx, conversation_id, actor_id)
    target = participants.other(tx, conversation_id, user_id)
    if user_id != actor_id:
        require_over(actor.role, target.role, Action.REMOVE_PARTICIPANT)
    if target.role is Role.OWNER:
        _require_other_owner(tx, conversation_id)
    dismiss(tx, conversation, target, actor_id=actor_id)


def dismiss(tx: Transaction, conversation: Conversation, member: Participant, *, actor_id: UserId) -> None:
    """End a participation in a locked conversation. Emits: MemberRemoved."""
    changed, gone = conversation.changed(members=-1), replace(member, left_at=tx.now)
    participants.end(tx, gone)
    conversations.save(tx, changed)
    changes.append(tx, changed, ChangeKind.MEMBER_REMOVED, actor_id=actor_id, target_ids=[member.user_id])
    tx.emit(MemberRemoved(gone, changed.rev))


def lock_group(tx: Transaction, conversation_id: ConversationId, actor_id: UserId) -> tuple[Conversation, Participant]:
    """Lock a group for what one of its members does to others. Raises: ConversationNotFound, DirectConversation."""
    conversation = conversations.lock(tx, conversation_id, member_id=actor_id)
    actor = participants.member(tx, conversation_id, actor_id)
    conversation.require_group()
    return conversation, actor


def is_present(tx: Transaction, conversation_id: ConversationId, user_id: UserId) -> bool:
    """Tell whether somebody takes part now."""
    found = participants.named(tx, conversation_id, [user_id])
    return user_id in found and found[user_id].left_at is None


def _require_other_owner(tx: Transaction, conversation_id: ConversationId) -> None:
    if participants.count_owners(tx, conversation_id) < 2:
        raise OwnerRequired()
