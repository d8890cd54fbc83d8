"""Who takes part in a conversation, and who of them is looking."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, IntEnum

from services.notifications.model.ids import ConversationId, UserId


@dataclass(frozen=True, slots=True)
class Member:
    """A membership as an event tells it; `rev` is the conversation's revision at that event."""

    conversation_id: ConversationId
    user_id: UserId
    is_present: bool
    read_seq: int
    rev: int
    # Messages up to this number are not for them, who joined afterwards.
    visible_after: int = 0


class Level(IntEnum):
    """Of which messages a member wants to be notified; numbers as in the contract and in the database."""

    ALL = 1
    MENTIONS = 2
    NONE = 3


@dataclass(frozen=True, slots=True)
class Settings:
    """What a member has chosen; nothing but a required acknowledgement gets past either choice."""

    conversation_id: ConversationId
    user_id: UserId
    level: Level
    snoozed_until: datetime | None


@dataclass(frozen=True, slots=True)
class Position:
    """How far a member has read."""

    conversation_id: ConversationId
    user_id: UserId
    read_seq: int


class Attention(Enum):
    """What somebody who is connected gives to the platform."""

    LOOKING = "looking"
    AWAY = "away"


@dataclass(frozen=True, slots=True)
class Audience:
    """What is known at any moment of the people around events; who is unknown counts as not there."""

    attention: Mapping[UserId, Attention] = field(default_factory=dict)
    names: Mapping[UserId, str] = field(default_factory=dict)

    def is_looking(self, user_id: UserId) -> bool:
        """Whether they see for themselves what happens."""
        return self.attention.get(user_id) is Attention.LOOKING

    def is_connected(self, user_id: UserId) -> bool:
        """Whether a device of theirs is connected."""
        return user_id in self.attention

    def name(self, user_id: UserId | None) -> str:
        """What to call them, empty when that is not known."""
        return self.names.get(user_id, "") if user_id else ""
