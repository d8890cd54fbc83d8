"""What people do with their own inbox."""

from collections.abc import Iterable, Sequence

from chassis.database import Transaction
from services.notifications.model.events import NotificationCreated, NotificationDeleted, NotificationRead
from services.notifications.model.ids import NotificationId, UserId
from services.notifications.model.messages import Message, Readers
from services.notifications.model.notifications import Kind, Notification
from services.notifications.store import messages
from services.notifications.store import notifications as store


def mark(tx: Transaction, *, user_id: UserId, notification_id: NotificationId, is_read: bool) -> Notification:
    """Mark one of the user's notifications as read or unread.

    Raises: NotificationNotFound, AcknowledgementRequired.
    Emits: NotificationRead or NotificationCreated when that changes it.
    """
    found = store.get(tx, user_id=user_id, notification_id=notification_id, for_update=True)
    marked = found.marked(is_read=is_read, at=tx.now)
    if marked is not found:
        store.save(tx, marked)
        announce_reading(tx, [marked])
    return marked


def delete(tx: Transaction, *, user_id: UserId, notification_id: NotificationId) -> None:
    """Remove one of the user's notifications for good.

    Raises: NotificationNotFound. Emits: NotificationDeleted.
    """
    deleted = store.delete(tx, user_id=user_id, notification_id=notification_id)
    before = {"kind": deleted.kind, "conversation_id": deleted.conversation_id, "is_read": deleted.is_read}
    tx.audit("notification.deleted", "notification", notification_id, before=before)
    withdraw(tx, [deleted])


def mark_all_read(tx: Transaction, *, user_id: UserId) -> int:
    """Mark all of the user's notifications as read that reading settles. Returns how many were not.

    Emits: NotificationRead for all of them, when there were any.
    """
    count = store.mark_all_read(tx, user_id)
    if count:
        tx.emit(NotificationRead(user_id, tx.now))
    return count


def announce(tx: Transaction, changed: Iterable[Notification]) -> None:
    """Tell each user's devices how a notification is now. Emits: NotificationCreated."""
    for notification in changed:
        tx.emit(NotificationCreated(notification))


def announce_reading(tx: Transaction, marked: Iterable[Notification]) -> None:
    """Tell each user's devices what was read and what still waits. Emits: NotificationRead, NotificationCreated."""
    for notification in marked:
        if notification.read_at is not None:
            tx.emit(NotificationRead(notification.user_id, notification.read_at, notification.notification_id))
        else:
            tx.emit(NotificationCreated(notification))


def withdraw(tx: Transaction, removed: Iterable[Notification]) -> None:
    """Tell each user's devices that a notification is gone. Emits: NotificationDeleted."""
    for notification in removed:
        tx.emit(NotificationDeleted(notification.user_id, notification.notification_id))


def take_back(tx: Transaction, message: Message, kinds: Sequence[Kind], readers: Readers) -> None:
    """Have a message no longer concern some readers for these reasons.

    Emits: NotificationDeleted, NotificationCreated.
    """
    removed, changed = messages.withdraw(tx, message, kinds, readers)
    withdraw(tx, removed)
    announce(tx, changed)
