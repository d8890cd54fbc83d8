"""Why this service refuses a request; documented in messaging.notifications.v1.ErrorReason."""

from chassis.errors import Conflict, NotFound


class NotificationNotFound(NotFound):
    """There is no such notification."""

    reason = "NOTIFICATION_NOT_FOUND"


class AcknowledgementRequired(Conflict):
    """Only acknowledging the message settles this notification."""

    reason = "ACKNOWLEDGEMENT_REQUIRED"
