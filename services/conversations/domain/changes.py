"""What happened to a conversation since somebody last looked."""

from collections.abc import Sequence

from chassis.database import Transaction
from chassis.paging import MAX_PAGE_BYTES
from services.conversations.model.changes import (
    MEMBER_KINDS,
    MESSAGE_KINDS,
    Change,
    Changes,
    ChangesMode,
    Entry,
    Target,
)
from services.conversations.model.conversations import Conversation
from services.conversations.model.ids import ConversationId, UserId
from services.conversations.model.messages import Message
from services.conversations.store import changes, conversations, messages, participants

# More are not told one by one, and not at all when what they changed is more, too.
MOST = 1000
# Targets are read so many at a time: what does not fit into the answer need not be read to its end.
_CHUNK = 200


def list_changes(
    tx: Transaction, *, conversation_id: ConversationId, after_rev: int, member_id: UserId | None
) -> Changes:
    """Tell what a member, or without one the platform itself, missed after a revision, as things are now.

    Raises: ConversationNotFound.
    """
    conversation = conversations.get(tx, conversation_id, member_id=member_id)
    missed = conversation.rev - after_rev
    if 0 <= missed <= MOST:
        entries = changes.after(tx, conversation, after_rev)
        return Changes(ChangesMode.EVENTS, _up_to_a_page(tx, conversation, entries, member_id), conversation.rev)
    if missed > 0 and _sent_since(tx, conversation, after_rev) <= MOST:
        entries = changes.compacted(tx, conversation, after_rev, count=MOST + 1)
        told = _up_to_a_page(tx, conversation, entries, member_id) if len(entries) <= MOST else []
        if len(told) == len(entries):
            return Changes(ChangesMode.COMPACTED, told, conversation.rev)
    return Changes(ChangesMode.RESET, [], conversation.rev)


def _sent_since(tx: Transaction, conversation: Conversation, after_rev: int) -> int:
    first = changes.first_sent_after(tx, conversation.conversation_id, after_rev)
    # seq has no holes, so nothing need be counted.
    return 0 if first is None else conversation.last_seq - first + 1


def _up_to_a_page(
    tx: Transaction, conversation: Conversation, entries: Sequence[Entry], member_id: UserId | None
) -> list[Change]:
    """Those at the beginning that fit into an answer, at least one, with their targets."""
    told: list[Change] = []
    weight = 0
    for begun in range(0, len(entries), _CHUNK):
        for change in _with_targets(tx, conversation, entries[begun : begun + _CHUNK], member_id):
            weight += 500 + (messages.size_of(change.target) if isinstance(change.target, Message) else 0)
            if told and weight > MAX_PAGE_BYTES:
                return told
            told.append(change)
    return told


def _with_targets(
    tx: Transaction, conversation: Conversation, entries: Sequence[Entry], member_id: UserId | None
) -> list[Change]:
    message_ids = [entry.target_id for entry in entries if entry.kind in MESSAGE_KINDS]
    sent = messages.named(tx, message_ids, member_id=member_id)
    user_ids = [UserId(entry.target_id) for entry in entries if entry.kind in MEMBER_KINDS]
    members = participants.named(tx, conversation.conversation_id, user_ids)
    targets: dict[str, Target] = {conversation.conversation_id: conversation, **sent}
    targets |= {member.user_id: member for member in members.values()}
    return [Change(entry, targets.get(entry.target_id)) for entry in entries]
