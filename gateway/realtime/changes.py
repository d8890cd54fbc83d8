"""What happened in a conversation, whether heard as an event or read from the change log, and the frame it becomes."""

from collections.abc import Callable
from typing import Any, NamedTuple

from google.protobuf.message import Message

from gateway import views
from gateway.realtime import frames
from messaging.chassis.v1.envelope_pb2 import Envelope
from messaging.conversations.v1 import conversations_pb2, events_pb2, messages_pb2, participants_pb2

_OF_A_MESSAGE = (messages_pb2.Message, events_pb2.ReactionChanged, events_pb2.PinChanged)


class Change(NamedTuple):
    """One shared change. `target` is None when it is not to be shown; `joined` is what a new member came into."""

    conversation_id: str
    rev: int
    kind: str
    target: Any
    joined: conversations_pb2.Conversation | None = None
    # Whose devices alone are told; empty for everybody's.
    only_for: str = ""

    @property
    def member(self) -> participants_pb2.Participant | None:
        """The person it was done to, where it was done to a person."""
        return self.target if isinstance(self.target, participants_pb2.Participant) else None

    @property
    def seq(self) -> int:
        """The number of the message it was done to; 0 where it was not done to one."""
        return self.target.seq if isinstance(self.target, _OF_A_MESSAGE) else 0


# Event kind -> its message and the field that holds what it was done to, or "" where the event itself says it. The
# change log uses the same kinds.
_EVENTS: dict[str, tuple[type[Message], str]] = {
    "conversation_created": (events_pb2.ConversationCreated, "conversation"),
    "conversation_updated": (events_pb2.ConversationUpdated, "conversation"),
    "message_sent": (events_pb2.MessageSent, "message"),
    "message_edited": (events_pb2.MessageEdited, "message"),
    "message_deleted": (events_pb2.MessageDeleted, "message"),
    "message_updated": (events_pb2.MessageUpdated, "message"),
    "reaction_changed": (events_pb2.ReactionChanged, ""),
    "pin_changed": (events_pb2.PinChanged, ""),
    "member_added": (events_pb2.MemberAdded, "participant"),
    "member_removed": (events_pb2.MemberRemoved, "participant"),
    "membership_changed": (events_pb2.MembershipChanged, "participant"),
    "read_moved": (events_pb2.ReadMoved, "participant"),
    "delivered_moved": (events_pb2.DeliveredMoved, "participant"),
}
# Kind -> the frame's type and what it shows. A kind that is missing here arrives as `change.hidden`.
_FRAMES: dict[str, tuple[str, Callable[[Any], views.View]]] = {
    "conversation_created": ("conversation.created", views.conversation_shared),
    "conversation_updated": ("conversation.updated", views.conversation_shared),
    "message_sent": ("message.created", views.message_shared),
    "message_edited": ("message.updated", views.message_shared),
    "message_deleted": ("message.deleted", views.message_shared),
    "message_updated": ("message.updated", views.message_shared),
    "reaction_changed": ("reaction.changed", views.reaction),
    "pin_changed": ("pin.changed", views.pin),
    "member_added": ("participant.added", views.participant),
    "member_removed": ("participant.removed", views.participant),
    "membership_changed": ("participant.updated", views.participant),
    "read_moved": ("receipt.changed", views.receipt),
    "delivered_moved": ("receipt.changed", views.receipt),
}

_MARKS = frozenset({"reaction_changed", "pin_changed"})


def of_event(envelope: Envelope) -> Change:
    """Read an event of the conversations service; what this version does not know keeps its rev and hides the rest."""
    target, joined, only_for = None, None, ""
    if known := _EVENTS.get(envelope.kind):
        event: Any = known[0].FromString(envelope.payload)
        target = getattr(event, known[1]) if known[1] else event
        joined = event.conversation if envelope.kind == "member_added" else None
        only_for = event.participant.user_id if envelope.kind == "read_moved" and event.is_private else ""
    return Change(envelope.aggregate_id, envelope.aggregate_rev, envelope.kind, target, joined, only_for)


def of_log(conversation_id: str, entry: conversations_pb2.Change) -> Change:
    """Read an entry of the change log."""
    kind = views.CHANGE_KINDS[entry.kind] if entry.kind < len(views.CHANGE_KINDS) else ""
    field = entry.WhichOneof("target")
    return Change(conversation_id, entry.rev, kind, getattr(entry, field) if field else None)


def frame(change: Change) -> bytes:
    """Encode what every member's sockets receive."""
    if change.kind == "conversation_deleted":
        return frames.shared("conversation.deleted", change.conversation_id, change.rev, {"id": change.conversation_id})
    if change.target is None or change.kind not in _FRAMES:
        return hidden(change)
    # The change log has the message as it is now for what happened to it, which says all of it.
    kind = (
        "message_updated" if isinstance(change.target, messages_pb2.Message) and change.kind in _MARKS else change.kind
    )
    name, view = _FRAMES[kind]
    return frames.shared(name, change.conversation_id, change.rev, view(change.target))


def hidden(change: Change) -> bytes:
    """Encode what those receive who may not see a change: that there was one."""
    return frames.shared("change.hidden", change.conversation_id, change.rev, {})


def welcome(change: Change) -> bytes:
    """Encode what the new member's own sockets receive instead: to them the conversation begins with this change."""
    shown = views.conversation_shared(change.joined) if change.joined is not None else {"id": change.conversation_id}
    return frames.shared("conversation.created", change.conversation_id, change.rev, shown)
