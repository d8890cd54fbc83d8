"""What one person did for themselves in a conversation, told to their own devices only, without a rev."""

from collections.abc import Callable
from typing import Any

from google.protobuf.message import Message

from gateway import views
from gateway.realtime import frames
from messaging.chassis.v1.envelope_pb2 import Envelope
from messaging.conversations.v1 import events_pb2

# Event kind, whose aggregate is the user -> its message, the frame's type and what it shows.
_FRAMES: dict[str, tuple[type[Message], str, Callable[[Any], views.View]]] = {
    "message_hidden": (events_pb2.MessageHidden, "message.hidden", views.message_hidden),
    "acknowledged": (events_pb2.Acknowledged, "message.acknowledged", views.acknowledged),
    "thread_changed": (events_pb2.ThreadChanged, "thread.changed", views.thread_changed),
    "settings_changed": (events_pb2.SettingsChanged, "membership.changed", views.settings_changed),
    "vote_changed": (events_pb2.VoteChanged, "vote.changed", views.vote_changed),
    "conversation_hidden": (events_pb2.ConversationHidden, "conversation.hidden", views.conversation_hidden),
    "bookmark_changed": (events_pb2.BookmarkChanged, "bookmark.changed", views.bookmark_changed),
    "draft_changed": (events_pb2.DraftChanged, "draft.changed", views.draft_changed),
    "scheduled_message_changed": (events_pb2.ScheduledMessageChanged, "scheduled.changed", views.scheduled_changed),
}
KINDS = frozenset(_FRAMES)


def frame(envelope: Envelope) -> bytes:
    """Encode what the user's sockets receive."""
    event, name, view = _FRAMES[envelope.kind]
    return frames.personal(name, view(event.FromString(envelope.payload)))
