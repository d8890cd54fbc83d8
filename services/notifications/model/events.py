"""What this service tells the others."""

from dataclasses import dataclass

from services.notifications.model.ids import NotificationId, UserId
from services.notifications.model.notifications import Notification


@dataclass(frozen=True, slots=True)
class NotificationCreated:
    """A notification as it is now: new, unread again, or changed."""

    notification: Notification


@dataclass(frozen=True, slots=True)
class NotificationRead:
    """One notification, or all of the user's, no longer waits to be read."""

    user_id: UserId
    notification_id: NotificationId | None = None
