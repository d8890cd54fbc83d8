"""What becomes of messages in the inboxes of those who are not looking."""

from collections.abc import Sequence

from chassis.database import Transaction
from services.notifications.domain import notifications
from services.notifications.domain.members import move_read
from services.notifications.model import titles
from services.notifications.model.events import NotificationCreated
from services.notifications.model.ids import MessageId
from services.notifications.model.members import Audience, Position
from services.notifications.model.messages import Message
from services.notifications.store import members
from services.notifications.store import notifications as store


def notify(tx: Transaction, sent: Sequence[Message], *, audience: Audience) -> None:
    """Put messages into the inboxes of the members who are neither looking nor past them already.

    Whoever sends has read all that came before. Emits: NotificationCreated, NotificationRead.
    """
    move_read(tx, [Position(message.conversation_id, message.sender_id, message.seq) for message in sent])
    titled = {message.message_id: (message, titles.of_message(audience.name(message.sender_id))) for message in sent}
    missed = [one for one in members.missing(tx, sent) if not audience.is_looking(one.user_id)]
    for changed in store.add_messages(tx, titled, missed):
        # More in the count of somebody without a connection would be news to nobody.
        if changed.message_id and (changed.created_at == tx.now or audience.is_connected(changed.user_id)):
            message, _ = titled[changed.message_id]
            tx.emit(NotificationCreated(changed), actor_id=message.sender_id, traceparent=message.traceparent)


def revise(tx: Transaction, message: Message) -> None:
    """Show the edited text. Emits: NotificationCreated."""
    # Its sending may have been gathered.
    tx.settle()
    notifications.announce(tx, store.revise(tx, message.message_id, message.excerpt))


def retract(tx: Transaction, message_id: MessageId) -> None:
    """Show the deleted text nowhere. Emits: NotificationCreated."""
    tx.settle()
    notifications.announce(tx, store.retract(tx, message_id))
