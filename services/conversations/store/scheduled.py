"""Scheduled messages: rows that wait for a worker to take them."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select, text, tuple_

from chassis.database import Transaction
from chassis.paging import Cursor, Page
from services.conversations.model.errors import ScheduledMessageNotFound
from services.conversations.model.ids import ConversationId, ScheduledId, UserId
from services.conversations.model.messages import Draft
from services.conversations.model.scheduled import Scheduled, ScheduledState
from services.conversations.store import parts
from services.conversations.store.tables import scheduled_messages as table

_COLUMNS = (
    table.c.id,
    table.c.sender_id,
    table.c.conversation_id,
    table.c.draft,
    table.c.send_at,
    table.c.try_at,
    table.c.state,
    table.c.failure,
    table.c.message_id,
    table.c.created_at,
    table.c.updated_at,
)
# So that of two that are scheduled at once each counts the other.
_LOCK_OF = text("select pg_advisory_xact_lock(hashtextextended('scheduled ' || :sender_id, 0))")
_FORGET_OLD = text("""
    delete from scheduled_messages
    where sender_id = :sender_id and state > 1 and updated_at < now() - interval '30 days'
""")
_COUNT_PENDING = text("select count(*) from scheduled_messages where sender_id = :sender_id and state = 1")
# One worker at a time, so that they are sent in the order of their times.
_IS_OURS = text("select pg_try_advisory_xact_lock(hashtextextended('scheduled', 0))")
_POSTPONE_FIRST = text("""
    update scheduled_messages set try_at = :until
    where id = (select id from scheduled_messages where state = 1 and try_at <= now()
                order by try_at, send_at, id limit 1 for update skip locked)
""")
_SETTLE = text("""
    update scheduled_messages s
    set state = rows.state, try_at = rows.try_at, failure = rows.failure, message_id = rows.message_id,
        updated_at = rows.updated_at
    from unnest(cast(:ids as uuid[]), cast(:states as smallint[]), cast(:try_ats as timestamptz[]),
                cast(:failures as text[]), cast(:message_ids as uuid[]), cast(:updated_ats as timestamptz[]))
         as rows(id, state, try_at, failure, message_id, updated_at)
    where s.id = rows.id
""")


def count_pending(tx: Transaction, sender_id: UserId) -> int:
    """How many of somebody's wait; what was settled long ago goes. No other of theirs is added until the commit."""
    tx.execute(_LOCK_OF, {"sender_id": sender_id})
    tx.execute(_FORGET_OLD, {"sender_id": sender_id})
    return int(tx.execute(_COUNT_PENDING, {"sender_id": sender_id}).scalar_one())


def add(tx: Transaction, scheduled: Scheduled) -> None:
    """Insert one."""
    tx.execute(table.insert().values(id=scheduled.scheduled_id, **_values(scheduled)))


def get(tx: Transaction, scheduled_id: ScheduledId, *, sender_id: UserId, is_locked: bool = False) -> Scheduled:
    """One of somebody's own. Raises: ScheduledMessageNotFound."""
    statement = select(*_COLUMNS).where(table.c.id == scheduled_id, table.c.sender_id == sender_id)
    row = tx.execute(statement.with_for_update() if is_locked else statement).one_or_none()
    if row is None:
        raise ScheduledMessageNotFound()
    return _of_row(row)


def page(
    tx: Transaction,
    *,
    sender_id: UserId,
    conversation_id: ConversationId | None,
    state: ScheduledState | None,
    cursor: Cursor | None,
    size: int,
) -> Page[Scheduled]:
    """A page of somebody's own, the earliest first."""
    is_rising = cursor is None or not cursor.is_backward
    place = tuple_(table.c.send_at, table.c.id)
    statement = select(*_COLUMNS).where(table.c.sender_id == sender_id).limit(size + 1)
    if conversation_id is not None:
        statement = statement.where(table.c.conversation_id == conversation_id)
    if state is not None:
        statement = statement.where(table.c.state == state)
    if cursor is not None:
        edge = tuple_(*cursor.key)
        statement = statement.where(place > edge if is_rising else place < edge)
    order = (table.c.send_at, table.c.id) if is_rising else (table.c.send_at.desc(), table.c.id.desc())
    rows = [_of_row(row) for row in tx.execute(statement.order_by(*order))]
    return Page.cut(rows, size=size, cursor=cursor, key=_place, weigh=_size_of)


def save(tx: Transaction, scheduled: Scheduled) -> None:
    """Write a locked one back."""
    tx.execute(table.update().where(table.c.id == scheduled.scheduled_id).values(**_values(scheduled)))


def delete(tx: Transaction, scheduled_id: ScheduledId) -> None:
    """Forget a locked one."""
    tx.execute(table.delete().where(table.c.id == scheduled_id))


def take_due(tx: Transaction, count: int) -> list[Scheduled]:
    """Lock those whose time has come, the earliest first; none while another worker has some."""
    if not tx.execute(_IS_OURS).scalar_one():
        return []
    statement = (
        select(*_COLUMNS)
        .where(table.c.state == ScheduledState.PENDING, table.c.try_at <= tx.now)
        .order_by(table.c.try_at, table.c.send_at, table.c.id)
        .limit(count)
        .with_for_update(skip_locked=True)
    )
    return [_of_row(row) for row in tx.execute(statement)]


def postpone_first(tx: Transaction, *, until: datetime) -> None:
    """Try the first whose time has come later, without reading it."""
    if tx.execute(_IS_OURS).scalar_one():
        tx.execute(_POSTPONE_FIRST, {"until": until})


def settle(tx: Transaction, settled: Sequence[Scheduled]) -> None:
    """Write what became of locked ones."""
    tx.execute(
        _SETTLE,
        {
            "ids": [each.scheduled_id for each in settled],
            "states": [each.state.value for each in settled],
            "try_ats": [each.try_at for each in settled],
            "failures": [each.failure or None for each in settled],
            "message_ids": [each.message_id for each in settled],
            "updated_ats": [each.updated_at for each in settled],
        },
    )


def _values(scheduled: Scheduled) -> dict[str, Any]:
    draft = scheduled.draft
    return {
        "sender_id": draft.sender_id,
        "conversation_id": draft.conversation_id,
        "draft": {
            "client_message_id": draft.client_message_id,
            "content": draft.content,
            "message_type": draft.message_type,
            "priority": draft.priority,
            "is_important": draft.is_important,
            "reply_to_id": draft.reply_to_id,
            "requires_acknowledgement": draft.requires_acknowledgement,
            "poll": draft.poll and parts.poll_json(draft.poll),
        },
        "send_at": scheduled.send_at,
        "try_at": scheduled.try_at,
        "state": scheduled.state,
        "failure": scheduled.failure or None,
        "message_id": scheduled.message_id,
        "created_at": scheduled.created_at,
        "updated_at": scheduled.updated_at,
    }


def _of_row(row: Sequence[Any]) -> Scheduled:
    scheduled_id, sender_id, conversation_id, draft, send_at, try_at, state, failure, message_id, *times = row
    poll = draft.pop("poll")
    return Scheduled(
        scheduled_id,
        Draft(sender_id, conversation_id, **draft, poll=parts.poll(poll) if poll else None),
        send_at,
        try_at,
        ScheduledState(state),
        failure or "",
        message_id,
        *times,
    )


def _place(scheduled: Scheduled) -> tuple[datetime, ScheduledId]:
    return scheduled.send_at, scheduled.scheduled_id


def _size_of(scheduled: Scheduled) -> int:
    return 500 + len(json.dumps(scheduled.draft.content))
