"""What becomes of a message in the inboxes of those who are not looking."""

from chassis.database import Transaction
from services.notifications.domain import notifications
from services.notifications.domain.members import move_read
from services.notifications.model import titles
from services.notifications.model.ids import MessageId
from services.notifications.model.members import Audience
from services.notifications.model.messages import Message
from services.notifications.store import members
from services.notifications.store import notifications as store


def notify(tx: Transaction, message: Message, audience: Audience) -> None:
    """Put a message into the inboxes of the members who are neither looking nor past it already.

    Its sender has read all that came before. Emits: NotificationCreated, NotificationRead.
    """
    move_read(tx, message.conversation_id, message.sender_id, message.seq)
    behind = members.behind(tx, message.conversation_id, message.seq, sender_id=message.sender_id)
    absent = [user_id for user_id in behind if not audience.is_looking(user_id)]
    if not absent:
        return
    title = titles.of_message(audience.name(message.sender_id))
    changed = store.add_message(tx, message, title, absent)
    # One more in the count of somebody without a connection would be news to nobody.
    notifications.announce(tx, (it for it in changed if it.count == 1 or audience.is_connected(it.user_id)))


def revise(tx: Transaction, message: Message) -> None:
    """Show the edited text. Emits: NotificationCreated."""
    notifications.announce(tx, store.revise(tx, message.message_id, message.excerpt))


def retract(tx: Transaction, message_id: MessageId) -> None:
    """Show the deleted text nowhere. Emits: NotificationCreated."""
    notifications.announce(tx, store.retract(tx, message_id))
