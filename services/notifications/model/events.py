"""What this service tells the others."""

from dataclasses import dataclass
from datetime import datetime

from services.notifications.model.ids import NotificationId, UserId
from services.notifications.model.notifications import Notification


@dataclass(frozen=True, slots=True)
class NotificationCreated:
    """A notification as it is now: new, unread again, or changed."""

    notification: Notification


@dataclass(frozen=True, slots=True)
class NotificationRead:
    """One notification, or all of the user's that reading settles, no longer waits to be read."""

    user_id: UserId
    read_at: datetime
    notification_id: NotificationId | None = None


@dataclass(frozen=True, slots=True)
class NotificationDeleted:
    """A notification is not in its user's inbox any more."""

    user_id: UserId
    notification_id: NotificationId
