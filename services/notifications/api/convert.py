"""Between the messages of the contract and the nouns of the model."""

from messaging.notifications.v1 import notifications_pb2 as pb
from services.notifications.model.notifications import Kind, Notification

_KINDS = {
    Kind.MESSAGE: pb.NOTIFICATION_KIND_MESSAGE,
    Kind.MEMBER_ADDED: pb.NOTIFICATION_KIND_MEMBER_ADDED,
    Kind.MENTION: pb.NOTIFICATION_KIND_MENTION,
    Kind.REPLY: pb.NOTIFICATION_KIND_REPLY,
    Kind.ACKNOWLEDGEMENT: pb.NOTIFICATION_KIND_ACKNOWLEDGEMENT,
}
_NAMED: dict[int, Kind] = {number: kind for kind, number in _KINDS.items()}


def kind(number: int) -> Kind | None:
    """Read a filter; none stands for every kind."""
    return _NAMED.get(number)


def notification(source: Notification) -> pb.Notification:
    """Write a notification; its user is not part of it, since only that user ever sees it."""
    message = pb.Notification(
        notification_id=source.notification_id,
        kind=_KINDS[source.kind],
        title=source.title,
        body=source.body,
        is_read=source.is_read,
        actor_id=source.actor_id or "",
        conversation_id=source.conversation_id,
        message_id=source.message_id or "",
        count=source.count,
    )
    message.create_time.FromDatetime(source.created_at)
    if source.read_at is not None:
        message.read_time.FromDatetime(source.read_at)
    return message


def updated(source: Notification) -> pb.UpdateNotificationResponse:
    """Answer how it is now."""
    return pb.UpdateNotificationResponse(notification=notification(source))


def deleted(_nothing: None) -> pb.DeleteNotificationResponse:
    """Answer that it is gone."""
    return pb.DeleteNotificationResponse()


def marked(count: int) -> pb.MarkAllReadResponse:
    """Answer how many there were."""
    return pb.MarkAllReadResponse(marked_count=count)
