"""Reminding people of messages that they have not acknowledged, until they do or it was often enough."""

from chassis.database import Transaction
from services.conversations.model.events import AcknowledgementDue
from services.conversations.model.limits import Limits
from services.conversations.store import messages
from services.conversations.store import reminders as store


def remind_due(tx: Transaction, *, count: int, limits: Limits) -> int:
    """Have those reminded who have not acknowledged what they were asked to. Returns how many messages it was about.

    Emits: AcknowledgementDue.
    """
    due = store.take_due(tx, count)
    if not due:
        return 0
    found = messages.named(tx, [reminder.message_id for reminder in due if reminder.user_ids])
    for reminder in due:
        if reminder.user_ids:
            tx.emit(AcknowledgementDue(found[reminder.message_id], reminder.user_ids))
    # From now on, not from when it was due: after an outage nobody is reminded twice at once.
    again = [reminder.message_id for reminder in due if not reminder.is_last]
    store.move_on(tx, again, next_at=tx.now + limits.acknowledgement_repeat)
    store.forget(tx, [reminder.message_id for reminder in due if reminder.is_last])
    return len(due)
