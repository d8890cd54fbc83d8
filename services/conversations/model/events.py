"""What this service tells the others, in the past tense. `rev` is the shared change's; events without have none."""

from dataclasses import dataclass

from services.conversations.model.conversations import Conversation
from services.conversations.model.drafts import SavedDraft
from services.conversations.model.ids import ConversationId, MessageId, UserId
from services.conversations.model.messages import Message
from services.conversations.model.participants import Participant, Settings
from services.conversations.model.scheduled import Scheduled


@dataclass(frozen=True, slots=True)
class ConversationCreated:
    """A conversation came into being; its members follow."""

    conversation: Conversation
    rev: int


@dataclass(frozen=True, slots=True)
class ConversationUpdated:
    """Settings changed."""

    conversation: Conversation


@dataclass(frozen=True, slots=True)
class ConversationDeleted:
    """Gone for all."""

    conversation_id: ConversationId
    rev: int


@dataclass(frozen=True, slots=True)
class MemberAdded:
    """Somebody joined."""

    participant: Participant
    conversation: Conversation
    rev: int


@dataclass(frozen=True, slots=True)
class MemberRemoved:
    """Somebody left or was removed."""

    participant: Participant
    rev: int


@dataclass(frozen=True, slots=True)
class MembershipChanged:
    """Somebody has another role or nickname, or was muted by a moderator."""

    participant: Participant
    rev: int


@dataclass(frozen=True, slots=True)
class MessageSent:
    """A message was stored; its sender's positions moved with it. Of a reply it is told who began the thread."""

    message: Message
    thread_author_id: UserId | None = None


@dataclass(frozen=True, slots=True)
class MessageEdited:
    """A message has other words or marks than before."""

    message: Message
    before: Message
    # Who has deleted it for themselves, where it concerns more people than before.
    hidden_from_ids: tuple[UserId, ...] = ()


@dataclass(frozen=True, slots=True)
class MessageDeleted:
    """A message was deleted for everyone."""

    message: Message


@dataclass(frozen=True, slots=True)
class MessageHidden:
    """A member deleted a message for themselves; private."""

    user_id: UserId
    conversation_id: ConversationId
    message_id: MessageId


@dataclass(frozen=True, slots=True)
class MessageUpdated:
    """A message has other previews, votes or acknowledgements."""

    message: Message


@dataclass(frozen=True, slots=True)
class ReactionChanged:
    """Somebody reacted to a message, or took that back; `count` is how many do so now with that emoji."""

    message: Message
    user_id: UserId
    emoji: str
    is_added: bool
    count: int


@dataclass(frozen=True, slots=True)
class PinChanged:
    """A message was pinned, or is no longer."""

    message: Message
    user_id: UserId


@dataclass(frozen=True, slots=True)
class SettingsChanged:
    """A member has other settings of their own; private."""

    user_id: UserId
    conversation_id: ConversationId
    settings: Settings


@dataclass(frozen=True, slots=True)
class ScheduledMessageChanged:
    """A message that waits, was sent, could not be, or is taken back; private to its sender."""

    scheduled: Scheduled


@dataclass(frozen=True, slots=True)
class AcknowledgementDue:
    """Members who shall acknowledge a message have not done so for long."""

    message: Message
    user_ids: tuple[UserId, ...]


@dataclass(frozen=True, slots=True)
class ThreadChanged:
    """A member follows a thread or no longer does, or has read on in it; private."""

    user_id: UserId
    conversation_id: ConversationId
    root_id: MessageId
    is_subscribed: bool
    read_seq: int


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """A member has acknowledged a message; private, others see how many have."""

    user_id: UserId
    message: Message


@dataclass(frozen=True, slots=True)
class VoteChanged:
    """A member votes for other options of a poll, or for none; private, others see the counts."""

    user_id: UserId
    message: Message
    options: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ConversationHidden:
    """A direct conversation is off a member's list until its next message, or back on it; private."""

    user_id: UserId
    conversation_id: ConversationId
    is_hidden: bool


@dataclass(frozen=True, slots=True)
class BookmarkChanged:
    """A person keeps a message among their bookmarks, or no longer; private."""

    user_id: UserId
    message_id: MessageId
    is_bookmarked: bool


@dataclass(frozen=True, slots=True)
class DraftChanged:
    """A member's draft was saved or, without one, deleted; private."""

    user_id: UserId
    conversation_id: ConversationId
    draft: SavedDraft | None


@dataclass(frozen=True, slots=True)
class ReadMoved:
    """Somebody has read on; perhaps several steps at once. A private one is for their own devices."""

    participant: Participant
    is_private: bool = False


@dataclass(frozen=True, slots=True)
class DeliveredMoved:
    """Messages reached somebody's device; perhaps several steps at once."""

    participant: Participant
