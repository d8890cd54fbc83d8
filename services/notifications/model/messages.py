"""A message as far as a notification shows it, and whom it calls."""

from dataclasses import dataclass
from datetime import datetime

from services.notifications.model.ids import ConversationId, MessageId, UserId
from services.notifications.model.notifications import Kind

BODY_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Readers:
    """Those who are named or, where it is so said, everybody else."""

    user_ids: frozenset[UserId]
    are_all_others: bool = False

    def without(self, user_ids: frozenset[UserId]) -> "Readers":
        """Those of them who are not named here."""
        named = self.user_ids | user_ids if self.are_all_others else self.user_ids - user_ids
        return Readers(named, self.are_all_others)

    def __bool__(self) -> bool:
        """Whether there can be anybody."""
        return self.are_all_others or bool(self.user_ids)


EVERYBODY = Readers(frozenset(), are_all_others=True)


@dataclass(frozen=True, slots=True)
class Mentions:
    """Whom a text addresses: some by name, or everybody."""

    user_ids: frozenset[UserId] = frozenset()
    is_everybody: bool = False

    def beyond(self, other: "Mentions") -> Readers:
        """Whom these address and the others do not."""
        if other.is_everybody:
            return Readers(frozenset())
        if self.is_everybody:
            return Readers(other.user_ids, are_all_others=True)
        return Readers(self.user_ids - other.user_ids)


@dataclass(frozen=True, slots=True)
class Message:
    """Who wrote what where and whom it concerns; `seq` is its number within the conversation."""

    message_id: MessageId
    conversation_id: ConversationId
    seq: int
    sender_id: UserId
    content: str

    # When it was sent or, of an edit, edited: who wanted quiet then hears nothing of it, however late it is told.
    told_at: datetime
    mentions: Mentions = Mentions()
    requires_acknowledgement: bool = False
    thread_root_id: MessageId | None = None
    thread_author_id: UserId | None = None

    # W3C context of the request that sent it, or empty.
    traceparent: str = ""

    @property
    def calls(self) -> bool:
        """Whether it may concern somebody for more than being there."""
        return bool(self.mentions.user_ids) or self.mentions.is_everybody or self.thread_root_id is not None

    @property
    def excerpt(self) -> str:
        """The beginning of the text, for a notification's body."""
        return self.content[:BODY_LENGTH]


@dataclass(frozen=True, slots=True)
class Missed:
    """What a member has not read of some messages of a conversation: how many, the newest, and why it concerns them."""

    conversation_id: ConversationId
    user_id: UserId
    newest_id: MessageId
    count: int = 1
    kind: Kind = Kind.MESSAGE

    # Their numbers, the newest first, unless they are simply messages.
    seqs: tuple[int, ...] | None = None
