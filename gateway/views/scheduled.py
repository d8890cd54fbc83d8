"""Messages that wait for their time."""

from gateway.views.messages import MESSAGE_TYPES, PRIORITIES
from gateway.views.values import View, time
from messaging.conversations.v1 import events_pb2, scheduled_pb2

SCHEDULED_STATES = ("", "pending", "sent", "failed", "cancelled")


def scheduled(source: scheduled_pb2.ScheduledMessage) -> View:
    """A message to be, for its sender."""
    return {
        "id": source.scheduled_message_id,
        "conversation_id": source.conversation_id,
        "content": source.content,
        "message_type": MESSAGE_TYPES[source.message_type],
        "priority": PRIORITIES[source.priority],
        "is_important": source.is_important,
        "requires_acknowledgement": source.requires_acknowledgement,
        "reply_to_id": source.reply_to_id or None,
        "poll": _poll(source) if source.HasField("poll") else None,
        "send_at": time(source.send_time),
        "state": SCHEDULED_STATES[source.state],
        "failure": source.failure_reason.lower() or None,
        "message_id": source.message_id or None,
        "created_at": time(source.create_time),
        "updated_at": time(source.update_time),
    }


def scheduled_changed(source: events_pb2.ScheduledMessageChanged) -> View:
    """The same, for its sender's other devices."""
    return scheduled(source.scheduled_message)


def _poll(source: scheduled_pb2.ScheduledMessage) -> View:
    poll = source.poll
    return {
        "options": list(poll.options),
        "is_multiple": poll.is_multiple,
        "is_anonymous": poll.is_anonymous,
        "closes_at": time(poll.close_time) if poll.HasField("close_time") else None,
    }
