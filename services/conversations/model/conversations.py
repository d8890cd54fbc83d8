"""Conversations and what is shared about them."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import IntEnum

from services.conversations.model.errors import DirectConversation
from services.conversations.model.ids import ConversationId, UserId
from services.conversations.model.participants import Participant, Settings
from services.conversations.model.viewers import Viewed


class ConversationKind(IntEnum):
    """Its shape; numbers as in the contract and in the database."""

    DIRECT = 1
    GROUP = 2
    CHANNEL = 3


class HistoryVisibility(IntEnum):
    """What newcomers may read of what was said before; numbers as in the contract and in the database."""

    ALL = 1
    SINCE_JOINED = 2


class PostingPolicy(IntEnum):
    """Who may write; numbers as in the contract and in the database."""

    MEMBERS = 1
    MODERATORS = 2

    @classmethod
    def of_new(cls, kind: ConversationKind) -> "PostingPolicy":
        """What holds until somebody sets something else."""
        return cls.MODERATORS if kind is ConversationKind.CHANNEL else cls.MEMBERS


@dataclass(frozen=True, slots=True)
class Conversation:
    """As all its members see it. `rev` counts shared changes and `last_seq` messages, both without holes."""

    conversation_id: ConversationId
    kind: ConversationKind
    title: str
    description: str
    creator_id: UserId
    pair: tuple[UserId, UserId] | None
    last_seq: int
    rev: int
    participant_count: int
    created_at: datetime
    updated_at: datetime
    is_public: bool = False
    history_visibility: HistoryVisibility = HistoryVisibility.ALL
    posting_policy: PostingPolicy = PostingPolicy.MEMBERS
    slow_mode_seconds: int = 0

    def require_group(self) -> None:
        """Raises: DirectConversation."""
        if self.kind is ConversationKind.DIRECT:
            raise DirectConversation()

    def changed(self, *, members: int = 0) -> "Conversation":
        """The conversation after one more shared change, by which so many members came or went."""
        return replace(self, rev=self.rev + 1, participant_count=self.participant_count + members)

    @property
    def visible_to_newcomers_after(self) -> int:
        """The number up to which those who join now do not see messages."""
        return self.last_seq if self.history_visibility is HistoryVisibility.SINCE_JOINED else 0

    def peer_of(self, user_id: UserId) -> UserId | None:
        """The other person of a direct conversation."""
        if self.pair is None:
            return None
        return self.pair[1] if self.pair[0] == user_id else self.pair[0]


@dataclass(frozen=True, slots=True)
class MemberView:
    """A conversation as one of its members sees it."""

    conversation: Conversation
    membership: Participant
    settings: Settings
    last_message: Viewed | None

    @property
    def unread_count(self) -> int:
        """Messages behind the member's read position; arithmetic, because seq has no holes."""
        return self.conversation.last_seq - self.membership.read_seq


@dataclass(frozen=True, slots=True)
class Revision:
    """A conversation in the fewest words."""

    conversation_id: ConversationId
    rev: int
    last_seq: int
    # Of a member's: messages up to this number are not for them.
    visible_after: int = 0


def ordered_pair(one: UserId, other: UserId) -> tuple[UserId, UserId]:
    """The pair by which their direct conversation is found, whoever asks."""
    return (one, other) if one < other else (other, one)
