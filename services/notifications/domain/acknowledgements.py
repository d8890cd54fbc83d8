"""Messages that wait to be acknowledged, in the inboxes of those who shall."""

from collections.abc import Sequence

from chassis.database import Transaction
from services.notifications.domain import notifications
from services.notifications.model import titles
from services.notifications.model.events import NotificationCreated
from services.notifications.model.ids import MessageId, UserId
from services.notifications.model.members import Audience
from services.notifications.model.messages import Message, Readers
from services.notifications.model.notifications import Kind
from services.notifications.store import members
from services.notifications.store import messages as store


def ask(
    tx: Transaction, required: Sequence[Message], readers: Readers, *, audience: Audience, is_reminder: bool = False
) -> None:
    """Have messages wait in these readers' inboxes until they are acknowledged, or remind them of it.

    Neither quiet that they asked for, nor looking, nor having read it spares them this; blocking the sender does.
    Emits: NotificationCreated.
    """
    messages = {message.message_id: message for message in required}
    asked = members.reached(tx, required, readers, Kind.ACKNOWLEDGEMENT)
    titled = {
        (message.message_id, Kind.ACKNOWLEDGEMENT): titles.of_acknowledgement(
            audience.name(message.sender_id), is_reminder=is_reminder
        )
        for message in required
    }
    for changed in store.ask(tx, messages, titled, asked):
        message = messages[MessageId(changed.message_id or "")]
        tx.emit(NotificationCreated(changed), actor_id=message.sender_id, traceparent=message.traceparent)


def remind(tx: Transaction, message: Message, user_ids: Sequence[UserId], *, audience: Audience) -> None:
    """Bring a message to the top for those who have not acknowledged it for long. Emits: NotificationCreated."""
    tx.settle()
    ask(tx, [message], Readers(frozenset(user_ids)), audience=audience, is_reminder=True)


def settle(tx: Transaction, *, message_id: MessageId, user_id: UserId) -> None:
    """Ask somebody no longer who has acknowledged a message. Emits: NotificationRead."""
    tx.settle()
    notifications.announce_reading(tx, store.acknowledge(tx, message_id, user_id))
