"""Events out: what each looks like in the outbox. Each is meant for its user's devices alone."""

from collections.abc import Callable

from chassis.events import Outgoing
from messaging.notifications.v1 import events_pb2 as pb
from messaging.notifications.v1 import notifications_pb2
from services.notifications.model.events import NotificationCreated, NotificationDeleted, NotificationRead
from services.notifications.model.notifications import Notification

Event = NotificationCreated | NotificationRead | NotificationDeleted
Write = Callable[[Notification], notifications_pb2.Notification]


def encode(event: Event, *, write: Write) -> Outgoing:
    """Encode an event; `write` is how the contract shows a notification."""
    match event:
        case NotificationCreated(notification):
            created = pb.NotificationCreated(notification=write(notification))
            return _private("notification_created", notification.user_id, created.SerializeToString())
        case NotificationRead(user_id, read_at, notification_id):
            read = pb.NotificationRead(notification_id=notification_id or "")
            read.read_time.FromDatetime(read_at)
            return _private("notification_read", user_id, read.SerializeToString())
        case NotificationDeleted(user_id, notification_id):
            deleted = pb.NotificationDeleted(notification_id=notification_id)
            return _private("notification_deleted", user_id, deleted.SerializeToString())


def _private(kind: str, user_id: str, payload: bytes) -> Outgoing:
    return Outgoing(kind, aggregate_id=user_id, payload=payload, user_id=user_id)
