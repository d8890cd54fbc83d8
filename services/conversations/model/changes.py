"""The change log: what happened to a conversation, by revision, without any text."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum, IntEnum, auto

from services.conversations.model.conversations import Conversation
from services.conversations.model.ids import UserId
from services.conversations.model.messages import Message
from services.conversations.model.participants import Participant


class ChangeKind(IntEnum):
    """What a change was; numbers as in the contract and in the database."""

    CONVERSATION_CREATED = 1
    CONVERSATION_UPDATED = 2
    CONVERSATION_DELETED = 3
    MESSAGE_SENT = 4
    MESSAGE_EDITED = 5
    MESSAGE_DELETED = 6
    MEMBER_ADDED = 7
    MEMBER_REMOVED = 8
    MEMBERSHIP_CHANGED = 9
    MESSAGE_UPDATED = 10
    REACTION_CHANGED = 11
    PIN_CHANGED = 12


MESSAGE_KINDS = frozenset(
    {
        ChangeKind.MESSAGE_SENT,
        ChangeKind.MESSAGE_EDITED,
        ChangeKind.MESSAGE_DELETED,
        ChangeKind.MESSAGE_UPDATED,
        ChangeKind.REACTION_CHANGED,
        ChangeKind.PIN_CHANGED,
    }
)
MEMBER_KINDS = frozenset({ChangeKind.MEMBER_ADDED, ChangeKind.MEMBER_REMOVED, ChangeKind.MEMBERSHIP_CHANGED})


# What a later change of something new amounts to for one who has not heard of it at all.
_BEGINNING_OF = {
    ChangeKind.CONVERSATION_UPDATED: ChangeKind.CONVERSATION_CREATED,
    ChangeKind.MESSAGE_EDITED: ChangeKind.MESSAGE_SENT,
    ChangeKind.MESSAGE_DELETED: ChangeKind.MESSAGE_SENT,
    ChangeKind.MESSAGE_UPDATED: ChangeKind.MESSAGE_SENT,
    ChangeKind.REACTION_CHANGED: ChangeKind.MESSAGE_SENT,
    ChangeKind.PIN_CHANGED: ChangeKind.MESSAGE_SENT,
    ChangeKind.MEMBERSHIP_CHANGED: ChangeKind.MEMBER_ADDED,
}
BEGINNINGS = frozenset(_BEGINNING_OF.values())
# One of these says less than the message as it is now, which stands for all that happened to it.
_PARTIAL = frozenset({ChangeKind.MESSAGE_UPDATED, ChangeKind.REACTION_CHANGED, ChangeKind.PIN_CHANGED})


def settled(last: ChangeKind, *, is_new: bool) -> ChangeKind:
    """The one change that stands for all changes of a target."""
    if is_new:
        return _BEGINNING_OF.get(last, last)
    return ChangeKind.MESSAGE_EDITED if last in _PARTIAL else last


class ChangesMode(Enum):
    """How a list of changes is to be read."""

    EVENTS = auto()
    COMPACTED = auto()
    RESET = auto()


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the log."""

    rev: int
    kind: ChangeKind
    actor_id: UserId
    target_id: str
    created_at: datetime


Target = Message | Participant | Conversation


@dataclass(frozen=True, slots=True)
class Change:
    """A line of the log with its target as it is now."""

    entry: Entry
    # None when the one who asks may not see it.
    target: Target | None


@dataclass(frozen=True, slots=True)
class Changes:
    """What happened after a revision, and the revision at the time of reading."""

    mode: ChangesMode
    changes: list[Change]
    rev: int
