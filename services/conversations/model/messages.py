"""Messages, drafts on their way to become one, and the rules of their text."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import NamedTuple

from chassis.errors import InvalidRequest, Violation
from services.conversations.model import markdown
from services.conversations.model.errors import (
    DeleteWindowClosed,
    EditWindowClosed,
    MessageContentInvalid,
    MessageDeleted,
    MessageTooLong,
    NotTheAuthor,
)
from services.conversations.model.ids import ConversationId, MessageId, UserId, is_canonical
from services.conversations.model.permissions import Action, Role, may
from services.conversations.model.polls import Poll


class MessageType(IntEnum):
    """What a message consists of; numbers as in the contract and in the database."""

    TEXT = 1
    SYSTEM = 2
    POLL = 3


class Priority(IntEnum):
    """How soon a message wants to be seen; numbers as in the contract and in the database."""

    LOW = 1
    NORMAL = 2
    HIGH = 3
    URGENT = 4


_RULES = {
    "sender_id": ("string_uuid", "must be a UUID"),
    "conversation_id": ("string_uuid", "must be a UUID"),
    "client_message_id": ("string_len", "must have 1 to 64 characters and no NUL"),
    "message_type": ("enum_in", "must be text, or poll with a poll"),
    "priority": ("enum_in", "must be a known priority"),
    "reply_to_id": ("string_uuid", "must be a UUID"),
}


def check_content(content: str, limit: int) -> None:
    """Raises: MessageTooLong, MessageContentInvalid."""
    if len(content) > limit:
        raise MessageTooLong(limit=str(limit))
    if not content or content.isspace():
        raise MessageContentInvalid(flaw="empty")
    markdown.check(content)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a forwarded message comes from: filled only when everybody may read it there."""

    sender_id: UserId | None = None
    conversation_id: ConversationId | None = None
    message_id: MessageId | None = None
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """What a linked page says about itself."""

    url: str
    title: str
    description: str
    site_name: str


# A tuple, since pages are full of them: a frozen dataclass takes four times as long to make.
class Message(NamedTuple):
    """A stored message; a deleted one is a stub without text. `rev` is the conversation's at its last change."""

    message_id: MessageId
    conversation_id: ConversationId
    seq: int
    rev: int
    sender_id: UserId
    message_type: MessageType
    content: str
    priority: Priority
    is_important: bool
    client_message_id: str
    created_at: datetime
    edited_at: datetime | None = None
    deleted_at: datetime | None = None
    reply_to_id: MessageId | None = None
    thread_root_id: MessageId | None = None
    reply_count: int = 0
    mentions: tuple[UserId, ...] = ()
    mentions_all: bool = False
    forwarded_from: Origin | None = None
    requires_acknowledgement: bool = False
    acknowledgement_count: int = 0
    # How many people reacted with each emoji.
    reactions: tuple[tuple[str, int], ...] = ()
    is_pinned: bool = False
    previews: tuple[Preview, ...] = ()
    poll: Poll | None = None

    def require_editable_by(self, user_id: UserId, role: Role, *, at: datetime, window: timedelta) -> None:
        """Nobody edits another's words, whatever their role. Raises: NotTheAuthor, MessageDeleted, EditWindowClosed."""
        if self.sender_id != user_id:
            raise NotTheAuthor()
        if self.deleted_at is not None:
            raise MessageDeleted()
        if at > self.created_at + window and not may(role, Action.IGNORE_WINDOWS):
            raise EditWindowClosed()

    def require_deletable_by(self, user_id: UserId, role: Role, *, at: datetime, window: timedelta) -> None:
        """Raises: NotTheAuthor, DeleteWindowClosed."""
        if may(role, Action.DELETE_ANY_MESSAGE):
            return
        if self.sender_id != user_id:
            raise NotTheAuthor()
        if self.deleted_at is None and at > self.created_at + window:
            raise DeleteWindowClosed()

    def deleted(self, *, at: datetime, rev: int) -> "Message":
        """The stub that stays: its place and its numbers, and nothing of what was in it."""
        return self._replace(
            content="",
            deleted_at=at,
            rev=rev,
            mentions=(),
            mentions_all=False,
            forwarded_from=None,
            requires_acknowledgement=False,
            acknowledgement_count=0,
            reactions=(),
            is_pinned=False,
            previews=(),
            poll=None,
        )


@dataclass(frozen=True, slots=True)
class Version:
    """A text that a message had from then on; `rev` is its last revision with it."""

    rev: int
    content: str
    created_at: datetime


class Draft(NamedTuple):
    """A message somebody wants to send; the same `client_message_id` never makes a second one.

    `deadline` is in seconds of the epoch: afterwards nobody waits for it any more.
    """

    sender_id: UserId
    conversation_id: ConversationId
    client_message_id: str
    content: str
    message_type: int = MessageType.TEXT
    priority: int = Priority.NORMAL
    is_important: bool = False
    traceparent: str = ""
    deadline: float | None = None
    reply_to_id: MessageId | None = None
    requires_acknowledgement: bool = False
    poll: Poll | None = None
    forwarded_from: Origin | None = None
    # The message that this is a copy of. It may be edited until the copy is asked for again, and is the same still.
    forwards_id: MessageId | None = None

    def check(self, limit: int) -> None:
        """Raises: InvalidRequest, MessageTooLong, MessageContentInvalid, PollInvalid."""
        sound = {
            "sender_id": is_canonical(self.sender_id),
            "conversation_id": is_canonical(self.conversation_id),
            "client_message_id": 0 < len(self.client_message_id) <= 64 and "\x00" not in self.client_message_id,
            "message_type": self.message_type == (MessageType.TEXT if self.poll is None else MessageType.POLL),
            "reply_to_id": self.reply_to_id is None or is_canonical(self.reply_to_id),
            "priority": Priority.LOW <= self.priority <= Priority.URGENT,
        }
        if not all(sound.values()):
            flaws = [field for field, is_sound in sound.items() if not is_sound]
            raise InvalidRequest(fields=[Violation(field, *_RULES[field]) for field in flaws])
        check_content(self.content, limit)
        if self.poll is not None:
            self.poll.check()

    @property
    def key(self) -> tuple[ConversationId, UserId, str]:
        """What makes two drafts the same send."""
        return self.conversation_id, self.sender_id, self.client_message_id

    @property
    def body_hash(self) -> bytes:
        """Tells a repeated send from another one under the same key."""
        if self.forwards_id is not None:
            return hashlib.sha256(f"forward {self.forwards_id}".encode()).digest()
        body = f"{self.message_type} {self.priority} {self.is_important} {self.content}"
        if self.reply_to_id or self.requires_acknowledgement or self.poll or self.forwarded_from:
            body = f"{self.reply_to_id} {self.requires_acknowledgement} {self.poll} {self.forwarded_from} {body}"
        return hashlib.sha256(body.encode()).digest()


@dataclass(frozen=True, slots=True)
class Selection:
    """Which messages of a list are wanted, and in which order: the newest first, unless a lower end is given."""

    sender_id: UserId | None = None
    priority: Priority | None = None
    since: datetime | None = None
    until: datetime | None = None
    before_seq: int | None = None
    after_seq: int | None = None
    around_seq: int | None = None
    is_pinned: bool | None = None

    @property
    def is_rising(self) -> bool:
        """Whether the oldest comes first."""
        return self.after_seq is not None or self.around_seq is not None

    @property
    def needs_conversation(self) -> bool:
        """Whether it names numbers, which count only within one conversation."""
        return self.is_rising or self.before_seq is not None


class Sent(NamedTuple):
    """What became of a draft; `is_replayed` when an earlier send with its key had stored it."""

    message: Message
    is_replayed: bool
