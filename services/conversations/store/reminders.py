"""Reminders that wait for a worker to take them: one row for each message that is not acknowledged by all."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text

from chassis.database import Transaction
from services.conversations.model.ids import MessageId
from services.conversations.model.reminders import Reminder

# Those who can see it now; the conditions are those of a message's report in store/acknowledgements.py, but who has
# hidden the message for themselves or is suspended is left alone.
_TAKE_DUE = text("""
    with due as materialized (
        select message_id, count from reminders where next_at <= now()
        order by next_at limit :count for update skip locked)
    select due.message_id, due.count, array(
        select p.user_id from messages m
        join conversations c on c.id = m.conversation_id and c.deleted_at is null
        join participants p on p.conversation_id = c.id and p.left_at is null and p.visible_after < m.seq
        left join people on people.user_id = p.user_id
        where m.id = due.message_id and m.deleted_at is null and m.requires_acknowledgement
          and p.user_id <> m.sender_id and coalesce(people.is_active, true)
          and not exists (select from acknowledgements a where (a.message_id, a.user_id) = (m.id, p.user_id))
          and not exists (select from hidden_messages h where (h.user_id, h.message_id) = (p.user_id, m.id))
        order by p.user_id)
    from due
""")
_MOVE_ON = text("""
    update reminders set next_at = :next_at, count = count + 1 where message_id = any(cast(:message_ids as uuid[]))
""")
_FORGET = text("delete from reminders where message_id = any(cast(:message_ids as uuid[]))")


def take_due(tx: Transaction, count: int) -> list[Reminder]:
    """Lock those whose time has come and no other worker has, the longest waiting first."""
    rows = tx.execute(_TAKE_DUE, {"count": count}).all()
    return [Reminder(message_id, count, tuple(user_ids)) for message_id, count, user_ids in rows]


def move_on(tx: Transaction, message_ids: Sequence[MessageId], *, next_at: datetime) -> None:
    """Let locked ones come again."""
    tx.execute(_MOVE_ON, {"message_ids": list(message_ids), "next_at": next_at})


def forget(tx: Transaction, message_ids: Sequence[MessageId]) -> None:
    """Let locked ones not come again."""
    tx.execute(_FORGET, {"message_ids": list(message_ids)})
