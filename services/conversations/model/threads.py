"""Threads: the replies that hang on one message, and how a member stands to them."""

from dataclasses import dataclass

from services.conversations.model.ids import ConversationId, MessageId
from services.conversations.model.viewers import Viewed


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a member has read in a thread, how many replies they see beyond, and whether they follow it."""

    reply_count: int
    read_seq: int
    unread_count: int
    is_subscribed: bool


@dataclass(frozen=True, slots=True)
class Thread:
    """A thread as a member sees it; there is no root for one who came after it or has deleted it for themselves."""

    root_id: MessageId
    conversation_id: ConversationId
    root: Viewed | None
    standing: Standing
