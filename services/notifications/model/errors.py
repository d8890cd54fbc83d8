"""Why this service refuses a request; documented in messaging.notifications.v1.ErrorReason."""

from chassis.errors import NotFound


class NotificationNotFound(NotFound):
    """There is no such notification."""

    reason = "NOTIFICATION_NOT_FOUND"
