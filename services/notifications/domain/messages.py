"""What becomes of messages in the inboxes of those whom they concern and who are not looking."""

from collections.abc import Iterable, Sequence

from chassis.database import Transaction
from services.notifications.domain import acknowledgements, notifications
from services.notifications.domain.members import move_read
from services.notifications.model import titles
from services.notifications.model.events import NotificationCreated
from services.notifications.model.ids import MessageId, UserId
from services.notifications.model.members import Audience, Position
from services.notifications.model.messages import EVERYBODY, Mentions, Message, Missed
from services.notifications.model.notifications import Kind
from services.notifications.store import followers, members
from services.notifications.store import messages as store


def notify(tx: Transaction, sent: Sequence[Message], *, audience: Audience) -> None:
    """Put messages into the inboxes of the members who want them, are not looking and not past them already.

    Whoever sends has read all that came before, and follows the thread. Emits: NotificationCreated, NotificationRead.
    """
    move_read(tx, [Position(message.conversation_id, message.sender_id, message.seq) for message in sent])
    replies = [message for message in sent if message.thread_root_id is not None]
    if replies:
        followers.follow(tx, replies)
    required = [message for message in sent if message.requires_acknowledgement]
    if required:
        acknowledgements.ask(tx, required, EVERYBODY, audience=audience)
    told = [message for message in sent if not message.requires_acknowledgement]
    if told:
        _tell(tx, told, members.missing(tx, told), audience)


def revise(
    tx: Transaction,
    message: Message,
    *,
    before: Mentions,
    was_acknowledgement_required: bool,
    audience: Audience,
    hidden_from: frozenset[UserId] = frozenset(),
) -> None:
    """Show the edited text, and have it concern those whom it calls now and no longer those whom it called before.

    Who has deleted it for themselves is not to hear of it any more. Emits: NotificationCreated, NotificationDeleted.
    """
    # Its sending may have been gathered.
    tx.settle()
    notifications.announce(tx, store.revise(tx, message.message_id, message.excerpt))
    if no_longer := before.beyond(message.mentions):
        notifications.take_back(tx, message, [Kind.MENTION], no_longer)
    if newly := message.mentions.beyond(before).without(hidden_from):
        _tell(tx, [message], members.reached(tx, [message], newly, Kind.MENTION), audience, is_edit=True)
    if was_acknowledgement_required and not message.requires_acknowledgement:
        notifications.take_back(tx, message, [Kind.ACKNOWLEDGEMENT], EVERYBODY)
    elif message.requires_acknowledgement and not was_acknowledgement_required:
        acknowledgements.ask(tx, [message], EVERYBODY.without(hidden_from), audience=audience)


def retract(tx: Transaction, message: Message) -> None:
    """Show the deleted text nowhere, and let it call nobody. Emits: NotificationCreated, NotificationDeleted."""
    tx.settle()
    notifications.take_back(tx, message, [Kind.MENTION, Kind.REPLY, Kind.ACKNOWLEDGEMENT], EVERYBODY)
    notifications.announce(tx, store.retract(tx, message.message_id))


def hide(tx: Transaction, *, message_id: MessageId, user_id: UserId) -> None:
    """Show a message no more to somebody who deleted it for themselves; what it counts stays, as what is unread does.

    Nobody can acknowledge what they do not see. Emits: NotificationCreated, NotificationDeleted.
    """
    tx.settle()
    removed, changed = store.hide(tx, message_id, user_id)
    notifications.withdraw(tx, removed)
    notifications.announce(tx, changed)


def _tell(
    tx: Transaction, told: Iterable[Message], missed: Iterable[Missed], audience: Audience, *, is_edit: bool = False
) -> None:
    messages = {message.message_id: message for message in told}
    unseen = [one for one in missed if not audience.is_looking(one.user_id)]
    shown = dict.fromkeys((one.newest_id, one.kind) for one in unseen)
    titled = {
        (message_id, kind): titles.of_message(audience.name(messages[message_id].sender_id), kind)
        for message_id, kind in shown
    }
    for changed in store.add(tx, messages, titled, unseen, is_edit=is_edit):
        # More in the count of somebody without a connection would be news to nobody.
        if changed.message_id and (changed.created_at == tx.now or audience.is_connected(changed.user_id)):
            message = messages[changed.message_id]
            tx.emit(NotificationCreated(changed), actor_id=message.sender_id, traceparent=message.traceparent)
