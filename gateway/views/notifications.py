"""Inboxes."""

from gateway.views.values import View, time
from messaging.notifications.v1 import events_pb2, notifications_pb2

# Position = number in the proto's enum. Values that a newer service may send and this table lacks are refused by tests.
NOTIFICATION_KINDS = ("", "message", "member_added", "mention", "reply", "acknowledgement")


def notification(source: notifications_pb2.Notification) -> View:
    """One entry of an inbox."""
    return {
        "id": source.notification_id,
        "kind": NOTIFICATION_KINDS[source.kind],
        "title": source.title,
        "body": source.body,
        "is_read": source.is_read,
        "read_at": time(source.read_time) if source.HasField("read_time") else None,
        "actor_id": source.actor_id or None,
        "conversation_id": source.conversation_id or None,
        "message_id": source.message_id or None,
        "count": source.count,
        "created_at": time(source.create_time),
    }


def notification_read(source: events_pb2.NotificationRead) -> View:
    """A notification that was read or, without an id, all of them."""
    return {"id": source.notification_id or None, "is_read": True, "read_at": time(source.read_time)}


def notification_deleted(source: events_pb2.NotificationDeleted) -> View:
    """A notification that is gone."""
    return {"id": source.notification_id}
