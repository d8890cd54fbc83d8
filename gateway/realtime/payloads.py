"""What the server's frames carry. As in gateway/rest, models only document: frames are written from gateway/views."""

from typing import Annotated, Any, Literal

from pydantic import Field, RootModel

from gateway.rest.conversations import NotificationLevel, SharedConversation
from gateway.rest.drafts import SavedDraft
from gateway.rest.messages import SharedMessage
from gateway.rest.models import EXAMPLE_USER, Id, Shown, Time
from gateway.rest.notifications import Notification
from gateway.rest.participants import Participant
from gateway.rest.reactions import ReactionChange
from gateway.rest.receipts import Receipt
from gateway.rest.scheduled import ScheduledMessage
from gateway.rest.users import UserPresence

Rev = Annotated[int, Field(description="The conversation's revision", examples=[21])]


class Nothing(Shown):
    """No field."""


class Limits(Shown):
    """What one connection may ask for."""

    frame_bytes: int = Field(examples=[262144])
    waiting_commands: int = Field(examples=[64])
    sockets_per_user: int = Field(examples=[10])


class Hello(Shown):
    """Whom the connection belongs to now, and by which rules."""

    session_id: Id
    user_id: Id = Field(examples=[EXAMPLE_USER])
    epoch: Id = Field(description="Revisions from another epoch mean nothing")
    heartbeat_seconds: float = Field(description="Seconds between two digests", examples=[25])
    server_time: Time
    expires_at: Time = Field(description="Authenticate again before that")
    limits: Limits


class CaughtUp(Shown):
    """How a conversation was made good."""

    mode: Literal["events", "compacted", "reset", "new", "gone"] = Field(
        description="Every change came; each changed thing once; fetch it anew; new to you; no longer yours"
    )
    rev: Rev


class Resumed(Shown):
    """All conversations of the member, and those that were named but are no longer theirs."""

    conversations: dict[str, CaughtUp]


class Renewed(Shown):
    """The connection stays."""

    expires_at: Time


class Digest(RootModel[dict[str, int]]):
    """Conversation to its rev, of those whose rev has changed since the last digest on this connection."""


class Deleted(Shown):
    """What is gone."""

    id: Id


class Revoked(Shown):
    """The session that has ended; the connection closes."""

    session_id: Id


class PinChange(Shown):
    """A message that was pinned, or is no longer."""

    message_id: Id
    user_id: Id = Field(description="Who did it", examples=[EXAMPLE_USER])
    is_pinned: bool


class Typing(Shown):
    """Whether somebody types."""

    user_id: Id = Field(examples=[EXAMPLE_USER])
    is_typing: bool


class SettingsChange(Shown):
    """My own settings in a conversation, changed on some device of mine."""

    conversation_id: Id
    muted_until: Time | None
    notification_level: NotificationLevel
    pinned: bool
    archived: bool


class BookmarkChange(Shown):
    """A bookmark that I made or took away on some device of mine."""

    message_id: Id
    is_bookmarked: bool


class VoteChange(Shown):
    """What I vote for now in a poll, chosen on some device of mine."""

    conversation_id: Id
    id: Id = Field(description="The poll's message")
    my_votes: list[int] = Field(description="Positions of the options, none once I took my vote back", examples=[[1]])


class ConversationHiding(Shown):
    """A direct conversation that left my list until its next message, or that I asked for again."""

    id: Id
    is_hidden: bool


class DraftChange(Shown):
    """My draft in a conversation, saved or deleted on some device of mine."""

    conversation_id: Id
    draft: SavedDraft | None = Field(description="Null once it is deleted")


class Acknowledged(Shown):
    """A message that I acknowledged on some device of mine."""

    conversation_id: Id
    id: Id


class Hidden(Shown):
    """A message that I deleted for myself on some device of mine."""

    conversation_id: Id
    id: Id


class ThreadChange(Shown):
    """How I stand to a thread now."""

    conversation_id: Id
    root_id: Id = Field(description="The message that began it")
    is_subscribed: bool
    read_seq: int = Field(examples=[17])


class NotificationReading(Shown):
    """A notification that was read; without an id all but those that wait for an acknowledgement."""

    id: Id | None
    is_read: Literal[True]
    read_at: Time


# Event -> what it carries, and whether it is a numbered change of a conversation, one without number, or personal.
Scope = Literal["numbered", "unnumbered", "personal"]
EVENTS: dict[str, tuple[type[Any], Scope, str]] = {
    "hello": (Hello, "personal", "The connection is authenticated"),
    "digest": (Digest, "personal", "Sent with every heartbeat: a rev above your own means that something was lost"),
    "message.created": (SharedMessage, "numbered", "A message was sent"),
    "message.updated": (
        SharedMessage,
        "numbered",
        "A message has another text, other marks or attachments",
    ),
    "message.deleted": (SharedMessage, "numbered", "A message was deleted for everyone; the stub"),
    "reaction.changed": (ReactionChange, "numbered", "Somebody reacted, or took that back"),
    "pin.changed": (PinChange, "numbered", "A message was pinned, or is no longer"),
    "conversation.created": (SharedConversation, "numbered", "A conversation began, for you at least"),
    "conversation.updated": (SharedConversation, "numbered", "Its settings changed"),
    "conversation.deleted": (Deleted, "numbered", "It is gone for all"),
    "participant.added": (Participant, "numbered", "Somebody joined"),
    "participant.updated": (Participant, "numbered", "A role, a mute or a nickname changed"),
    "participant.removed": (Participant, "numbered", "Somebody left or was removed"),
    "change.hidden": (Nothing, "numbered", "Something happened that you may not see; its rev counts"),
    "receipt.changed": (Receipt, "unnumbered", "Somebody has read on"),
    "typing.changed": (Typing, "unnumbered", "Somebody types, or has stopped"),
    "presence.changed": (
        UserPresence,
        "personal",
        "Somebody in a conversation of yours with at most 100 members, or among your contacts, came, turned away or "
        "went; offline and null, too, once they no longer let you know",
    ),
    "membership.changed": (SettingsChange, "personal", "Another device of yours changed your settings"),
    "message.acknowledged": (Acknowledged, "personal", "Another device of yours acknowledged a message"),
    "message.hidden": (Hidden, "personal", "Another device of yours deleted a message for you alone"),
    "thread.changed": (ThreadChange, "personal", "Another device of yours followed a thread, left it or read on in it"),
    "vote.changed": (VoteChange, "personal", "Another device of yours voted in a poll, or took the vote back"),
    "conversation.hidden": (
        ConversationHiding,
        "personal",
        "Another device of yours hid a direct conversation, or has it back",
    ),
    "bookmark.changed": (BookmarkChange, "personal", "Another device of yours made or took away a bookmark"),
    "draft.changed": (DraftChange, "personal", "Another device of yours saved or deleted a draft"),
    "scheduled.changed": (ScheduledMessage, "personal", "A message of yours waits, was sent, failed or was cancelled"),
    "notification.created": (Notification, "personal", "A notification is new or different"),
    "notification.updated": (NotificationReading, "personal", "A notification was read"),
    "notification.deleted": (Deleted, "personal", "A notification is gone"),
    "session.revoked": (Revoked, "personal", "The session has ended; the connection closes with 4401"),
}
