"""Messages that are sent by themselves when their time has come."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from chassis.database import Transaction
from chassis.errors import Exhausted, Failure, Unavailable
from chassis.ids import uuid7
from services.conversations.domain import sends
from services.conversations.domain.sends import Outcome
from services.conversations.model.errors import ScheduledLimit, ScheduledMessageSettled
from services.conversations.model.events import ScheduledMessageChanged
from services.conversations.model.ids import ScheduledId, UserId
from services.conversations.model.limits import Limits
from services.conversations.model.messages import Draft, Priority, Sent
from services.conversations.model.scheduled import MOST_PENDING, Scheduled, ScheduledState
from services.conversations.store import conversations
from services.conversations.store import scheduled as store

# How long one waits whose conversation was busy; where somebody says when, until then.
_PAUSE = timedelta(seconds=2)
_LONG_PAUSE = timedelta(minutes=1)


def schedule(tx: Transaction, *, draft: Draft, send_at: datetime, limits: Limits) -> Scheduled:
    """Keep a message until its time; whether its sender may write is judged then.

    Raises: ConversationNotFound, SendTimeInvalid, ScheduledLimit, MessageTooLong, MessageContentInvalid, PollInvalid.
    Emits: ScheduledMessageChanged.
    """
    scheduled = Scheduled.new(ScheduledId(uuid7()), draft, send_at=send_at, at=tx.now)
    scheduled.draft.check(limits.message_characters)
    conversations.get(tx, draft.conversation_id, member_id=draft.sender_id)
    if store.count_pending(tx, draft.sender_id) >= MOST_PENDING:
        raise ScheduledLimit(limit=str(MOST_PENDING))
    store.add(tx, scheduled)
    tx.emit(ScheduledMessageChanged(scheduled))
    return scheduled


def update(
    tx: Transaction,
    *,
    scheduled_id: ScheduledId,
    sender_id: UserId,
    content: str | None,
    priority: Priority | None,
    is_important: bool | None,
    requires_acknowledgement: bool | None,
    send_at: datetime | None,
    limits: Limits,
) -> Scheduled:
    """Replace what is given of one that waits.

    Raises: ScheduledMessageNotFound, ScheduledMessageSettled, SendTimeInvalid, MessageTooLong, MessageContentInvalid.
    Emits: ScheduledMessageChanged, unless it was so before.
    """
    scheduled = store.get(tx, scheduled_id, sender_id=sender_id, is_locked=True)
    scheduled.require_waiting()
    given: dict[str, Any] = {
        "content": content,
        "priority": priority,
        "is_important": is_important,
        "requires_acknowledgement": requires_acknowledgement,
    }
    draft = scheduled.draft._replace(**{field: value for field, value in given.items() if value is not None})
    draft.check(limits.message_characters)
    wanted = replace(scheduled, draft=draft)
    if send_at is not None:
        wanted = replace(wanted, send_at=send_at, try_at=send_at).checked(tx.now)
    if wanted == scheduled:
        return scheduled
    wanted = replace(wanted, updated_at=tx.now)
    store.save(tx, wanted)
    tx.emit(ScheduledMessageChanged(wanted))
    return wanted


def cancel(tx: Transaction, *, scheduled_id: ScheduledId, sender_id: UserId) -> None:
    """Forget one that waits or has failed.

    Raises: ScheduledMessageNotFound, ScheduledMessageSettled once it was sent. Emits: ScheduledMessageChanged.
    """
    scheduled = store.get(tx, scheduled_id, sender_id=sender_id, is_locked=True)
    if scheduled.state is ScheduledState.SENT:
        raise ScheduledMessageSettled()
    store.delete(tx, scheduled_id)
    tx.emit(ScheduledMessageChanged(scheduled.cancelled(tx.now)))


def send_due(tx: Transaction, *, count: int, limits: Limits) -> int:
    """Send those whose time has come, the earliest first, and say what became of each. Returns how many there were.

    Emits: MessageSent, ScheduledMessageChanged.
    """
    due = store.take_due(tx, count)
    if due:
        outcomes = sends.send(tx, drafts=[scheduled.draft for scheduled in due], limits=limits)
        _settle(tx, [_after(scheduled, outcome, tx.now) for scheduled, outcome in zip(due, outcomes, strict=True)])
    return len(due)


def pass_over_first(tx: Transaction) -> None:
    """Leave the first whose time has come for later: even alone it makes this worker fail."""
    store.postpone_first(tx, until=tx.now + _LONG_PAUSE)


def _after(scheduled: Scheduled, outcome: Outcome, at: datetime) -> Scheduled:
    match outcome:
        case Sent(message):
            return scheduled.sent(message.message_id, at)
        case Unavailable() | Exhausted():
            # Others hold the conversation, or it is in slow mode.
            seconds = outcome.retry_after
            return scheduled.postponed(at + (_PAUSE if seconds is None else timedelta(seconds=seconds)))
        case Failure():
            return scheduled.failed(outcome.reason, at)


def _settle(tx: Transaction, settled: list[Scheduled]) -> None:
    store.settle(tx, settled)
    for scheduled in settled:
        if scheduled.state is not ScheduledState.PENDING:
            tx.emit(ScheduledMessageChanged(scheduled), actor_id=scheduled.draft.sender_id)
