"""Events out: what each looks like in the outbox. Each is meant for its user's devices alone."""

from collections.abc import Callable

from chassis.events import Outgoing
from messaging.notifications.v1 import events_pb2 as pb
from messaging.notifications.v1 import notifications_pb2
from services.notifications.model.events import NotificationCreated, NotificationRead
from services.notifications.model.notifications import Notification

Write = Callable[[Notification], notifications_pb2.Notification]


def encode(event: NotificationCreated | NotificationRead, *, write: Write) -> Outgoing:
    """Encode an event; `write` is how the contract shows a notification."""
    if isinstance(event, NotificationCreated):
        user_id, kind = event.notification.user_id, "notification_created"
        payload = pb.NotificationCreated(notification=write(event.notification)).SerializeToString()
    else:
        user_id, kind = event.user_id, "notification_read"
        payload = pb.NotificationRead(notification_id=event.notification_id or "").SerializeToString()
    return Outgoing(kind, aggregate_id=user_id, payload=payload, user_id=user_id)
