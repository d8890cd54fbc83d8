"""Creating, finding, changing and ending conversations."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from chassis.database import Transaction
from chassis.errors import EtagMismatch
from chassis.ids import uuid7
from services.conversations.domain.participants import lock_group
from services.conversations.model.changes import ChangeKind
from services.conversations.model.conversations import (
    Conversation,
    ConversationKind,
    HistoryVisibility,
    MemberView,
    PostingPolicy,
    ordered_pair,
)
from services.conversations.model.errors import Blocked, DirectNeedsOnePeer, ParticipantLimit, UserUnavailable
from services.conversations.model.events import (
    ConversationCreated,
    ConversationDeleted,
    ConversationHidden,
    ConversationUpdated,
    MemberAdded,
)
from services.conversations.model.ids import ConversationId, UserId
from services.conversations.model.limits import Limits
from services.conversations.model.permissions import Action, Role, require
from services.conversations.store import changes, conversations, participants, people, views


def create_group(
    tx: Transaction,
    *,
    kind: ConversationKind,
    creator_id: UserId,
    title: str,
    description: str,
    is_public: bool,
    history_visibility: HistoryVisibility,
    participant_ids: Sequence[UserId],
    newcomers: Mapping[UserId, str],
    limits: Limits,
) -> tuple[MemberView, bool]:
    """Create a group or channel; `newcomers` are those of its people whom the users service has just vouched for.

    Answers as `create_direct` does; a group is always new.

    Raises: ParticipantLimit, UserUnavailable. Emits: ConversationCreated, MemberAdded of each.
    """
    member_ids = list(dict.fromkeys([creator_id, *participant_ids]))
    if len(member_ids) > limits.participants:
        raise ParticipantLimit(limit=str(limits.participants))
    people.meet(tx, newcomers)
    if not people.are_available(tx, member_ids, to=creator_id):
        raise UserUnavailable()
    roles = {user_id: Role.OWNER if user_id == creator_id else Role.MEMBER for user_id in member_ids}
    conversation = replace(
        _new(tx, kind, creator_id, len(roles), title=title, description=description),
        is_public=is_public,
        history_visibility=history_visibility,
        posting_policy=PostingPolicy.of_new(kind),
    )
    conversations.add(tx, conversation)
    _begin(tx, conversation, roles)
    return views.view(tx, conversation.conversation_id, member_id=creator_id), True


def create_direct(
    tx: Transaction,
    *,
    creator_id: UserId,
    participant_ids: Sequence[UserId],
    title: str,
    description: str,
    is_public: bool,
    history_visibility: HistoryVisibility,
    newcomers: Mapping[UserId, str],
) -> tuple[MemberView, bool]:
    """Find or create the one conversation of two people, and tell whether it is new.

    Raises: DirectNeedsOnePeer, UserUnavailable, Blocked.
    Emits: ConversationCreated, MemberAdded of both; ConversationHidden where it was hidden.
    """
    peer_ids = set(participant_ids) - {creator_id}
    is_plain = not (title or description or is_public) and history_visibility is HistoryVisibility.ALL
    if len(peer_ids) != 1 or not is_plain:
        raise DirectNeedsOnePeer()
    [peer_id] = peer_ids
    pair = ordered_pair(creator_id, peer_id)
    conversation_id = conversations.of_pair(tx, pair)
    is_new = conversation_id is None and _create_direct(tx, creator_id, peer_id, newcomers)
    found = conversation_id or conversations.of_pair(tx, pair)
    assert found is not None  # noqa: S101 - direct conversations are never deleted, and this pair has one now
    if not is_new and participants.show(tx, found, creator_id):
        tx.emit(ConversationHidden(creator_id, found, is_hidden=False))
    return views.view(tx, found, member_id=creator_id), is_new


def _create_direct(tx: Transaction, creator_id: UserId, peer_id: UserId, newcomers: Mapping[UserId, str]) -> bool:
    people.meet(tx, newcomers)
    if people.is_either_blocked(tx, creator_id, peer_id):
        raise Blocked()
    if not people.are_available(tx, [creator_id, peer_id], to=creator_id):
        raise UserUnavailable()
    conversation = _new(tx, ConversationKind.DIRECT, creator_id, 2, pair=ordered_pair(creator_id, peer_id))
    if not conversations.add(tx, conversation):
        # The other one, or this one's other device, was faster.
        return False
    _begin(tx, conversation, {creator_id: Role.MEMBER, peer_id: Role.MEMBER})
    return True


def _new(
    tx: Transaction,
    kind: ConversationKind,
    creator_id: UserId,
    count: int,
    *,
    title: str = "",
    description: str = "",
    pair: tuple[UserId, UserId] | None = None,
) -> Conversation:
    return Conversation(
        conversation_id=ConversationId(uuid7()),
        kind=kind,
        title=title,
        description=description,
        creator_id=creator_id,
        pair=pair,
        last_seq=0,
        # Its creation, and everybody's joining.
        rev=1 + count,
        participant_count=count,
        created_at=tx.now,
        updated_at=tx.now,
    )


def _begin(tx: Transaction, conversation: Conversation, roles: dict[UserId, Role]) -> None:
    participants.add(tx, conversation, roles)
    creator_id, target_id = conversation.creator_id, conversation.conversation_id
    changes.append(
        tx, conversation, ChangeKind.CONVERSATION_CREATED, actor_id=creator_id, target_ids=[target_id], first_rev=1
    )
    changes.append(tx, conversation, ChangeKind.MEMBER_ADDED, actor_id=creator_id, target_ids=list(roles), first_rev=2)
    tx.emit(ConversationCreated(conversation, rev=1))
    members = participants.named(tx, target_id, list(roles))
    for rev, user_id in enumerate(roles, start=2):
        tx.emit(MemberAdded(members[user_id], conversation, rev))


def update(
    tx: Transaction,
    *,
    conversation_id: ConversationId,
    actor_id: UserId,
    given: Mapping[str, Any],
    etag: str,
) -> MemberView:
    """Change those settings of a group that are given, by the names of Conversation's fields.

    Raises: ConversationNotFound, DirectConversation, RoleInsufficient, EtagMismatch. Emits: ConversationUpdated.
    """
    conversation, actor = lock_group(tx, conversation_id, actor_id)
    require(actor.role, Action.CHANGE_SETTINGS)
    if etag and etag != str(conversation.rev):
        raise EtagMismatch()
    wanted = replace(conversation, **given)
    if wanted != conversation:
        updated = replace(wanted, updated_at=tx.now).changed()
        conversations.save(tx, updated)
        changes.append(tx, updated, ChangeKind.CONVERSATION_UPDATED, actor_id=actor_id, target_ids=[conversation_id])
        tx.emit(ConversationUpdated(updated))
    return views.view(tx, conversation_id, member_id=actor_id)


def delete(tx: Transaction, *, conversation_id: ConversationId, actor_id: UserId) -> None:
    """End a group for all; hide a direct conversation from the one who asks until its next message.

    Raises: ConversationNotFound, RoleInsufficient. Emits: ConversationDeleted of a group, else ConversationHidden.
    """
    conversation = conversations.lock(tx, conversation_id, member_id=actor_id)
    actor = participants.member(tx, conversation_id, actor_id)
    if conversation.kind is ConversationKind.DIRECT:
        participants.hide(tx, conversation, actor_id)
        tx.emit(ConversationHidden(actor_id, conversation_id, is_hidden=True))
        # Private: the log, which all members read, does not tell it.
        tx.audit("conversation.hidden", "conversation", conversation_id)
        return
    require(actor.role, Action.DELETE_CONVERSATION)
    deleted = conversation.changed()
    conversations.save(tx, deleted, is_deleted=True)
    changes.append(tx, deleted, ChangeKind.CONVERSATION_DELETED, actor_id=actor_id, target_ids=[conversation_id])
    tx.emit(ConversationDeleted(conversation_id, deleted.rev))
