"""The inbox of everybody; how messages get into it is in store/messages.py."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, select, text, tuple_

from chassis.database import Transaction
from chassis.ids import uuid7
from chassis.paging import Cursor, Page
from services.notifications.model.ids import ConversationId, NotificationId, UserId
from services.notifications.model.members import Position
from services.notifications.model.notifications import Kind, Notification
from services.notifications.store.rows import every, one, returning
from services.notifications.store.tables import notifications

# Nothing of a conversation reaches somebody who wants nothing of it, or nothing of who causes it.
_ADD = returning("""
    insert into notifications (id, user_id, kind, title, body, actor_id, conversation_id, seq, count, created_at)
    select :id, user_id, 'member_added', :title, '', :actor_id, conversation_id, 0, 1, :now from members m
    where conversation_id = :conversation_id and user_id = :user_id
      and notification_level < 3 and (snoozed_until is null or snoozed_until <= :now)
      and not exists (select from blocks b where b.user_id = m.user_id and b.blocked_user_id = :actor_id)
""")
# Of mentions and replies, which are not one after the other, what is left is counted.
_SETTLE = returning("""
    update notifications
    set read_at = case when seq <= p.read_seq then cast(:now as timestamptz) end,
        count = case when seq <= p.read_seq then count
                     when seqs is null then seq - p.read_seq
                     else (select greatest(count(*), 1) from unnest(seqs) as s where s > p.read_seq) end,
        seqs = case when seq <= p.read_seq then seqs
                    when seqs is not null then array(select s from unnest(seqs) as s where s > p.read_seq) end
    from unnest(cast(:conversation_ids as uuid[]), cast(:user_ids as uuid[]), cast(:read_seqs as bigint[]))
         as p (in_conversation_id, of_user_id, read_seq)
    where conversation_id = in_conversation_id and user_id = of_user_id and read_at is null
      and kind <> 'acknowledgement'
      and (seq <= p.read_seq or seqs is null and count > seq - p.read_seq or p.read_seq >= any(seqs))
""")
_FORGET = "delete from notifications where conversation_id = :conversation_id"
_FORGET_ALL = returning(_FORGET)
_FORGET_ONE = returning(f"{_FORGET} and user_id = :user_id")
_DELETE = returning("delete from notifications where id = :id and user_id = :user_id")
_SAVE = text("update notifications set read_at = :read_at, created_at = :created_at where id = :id")
# Locked in one order, so that two of these never wait for each other.
_MARK_ALL = text("""
    update notifications set read_at = :now
    where id in (select id from notifications where user_id = :user_id and read_at is null and kind <> 'acknowledgement'
                 order by id for update)
""")
_COUNT_UNREAD = text("select count(*) from notifications where user_id = :user_id and read_at is null")


def add_membership(
    tx: Transaction, user_id: UserId, conversation_id: ConversationId, title: str, actor_id: UserId | None
) -> list[Notification]:
    """Put into an inbox that its user was added to a conversation, unless they want to hear nothing of it."""
    parameters = {
        "id": uuid7(),
        "user_id": user_id,
        "title": title,
        "actor_id": actor_id,
        "conversation_id": conversation_id,
        "now": tx.now,
    }
    return every(tx, _ADD, parameters)


def settle(tx: Transaction, positions: Sequence[Position]) -> list[Notification]:
    """Mark what was read up to each position, and count only what is left of the rest."""
    parameters = {
        "conversation_ids": [position.conversation_id for position in positions],
        "user_ids": [position.user_id for position in positions],
        "read_seqs": [position.read_seq for position in positions],
        "now": tx.now,
    }
    return every(tx, _SETTLE, parameters)


def forget(tx: Transaction, conversation_id: ConversationId, user_id: UserId | None = None) -> list[Notification]:
    """Remove what is about a conversation from one inbox, or from all. Returns what was removed."""
    if user_id is None:
        return every(tx, _FORGET_ALL, {"conversation_id": conversation_id})
    return every(tx, _FORGET_ONE, {"conversation_id": conversation_id, "user_id": user_id})


def get(tx: Transaction, *, user_id: UserId, notification_id: NotificationId, for_update: bool = False) -> Notification:
    """Return one of the user's notifications. Raises: NotificationNotFound."""
    statement = select(notifications).where(notifications.c.id == notification_id, notifications.c.user_id == user_id)
    return one(every(tx, statement.with_for_update() if for_update else statement))


def save(tx: Transaction, notification: Notification) -> None:
    """Store when it was read and where it stands in the list."""
    parameters = {
        "id": notification.notification_id,
        "read_at": notification.read_at,
        "created_at": notification.created_at,
    }
    tx.execute(_SAVE, parameters)


def delete(tx: Transaction, *, user_id: UserId, notification_id: NotificationId) -> Notification:
    """Remove one of the user's notifications and return what it was. Raises: NotificationNotFound."""
    return one(every(tx, _DELETE, {"id": notification_id, "user_id": user_id}))


def mark_all_read(tx: Transaction, user_id: UserId) -> int:
    """Mark all of a user's notifications as read that reading settles. Returns how many were not."""
    return tx.execute(_MARK_ALL, {"user_id": user_id, "now": tx.now}).rowcount


def count_unread(tx: Transaction, *, user_id: UserId) -> int:
    """Count a user's unread notifications."""
    return int(tx.execute(_COUNT_UNREAD, {"user_id": user_id}).scalar_one())


def page(
    tx: Transaction, *, user_id: UserId, unread_only: bool, kind: Kind | None, cursor: Cursor | None, size: int
) -> Page[Notification]:
    """Return a page of a user's notifications, the newest first."""
    keys = (notifications.c.created_at, notifications.c.id)
    conditions: list[ColumnElement[bool]] = [notifications.c.user_id == user_id]
    if unread_only:
        conditions.append(notifications.c.read_at.is_(None))
    if kind is not None:
        conditions.append(notifications.c.kind == kind.value)
    is_backward = cursor is not None and cursor.is_backward
    if cursor is not None:
        edge = (datetime.fromisoformat(cursor.key[0]), cursor.key[1])
        conditions.append(tuple_(*keys) > edge if is_backward else tuple_(*keys) < edge)
    order = [key.asc() if is_backward else key.desc() for key in keys]
    statement = select(notifications).where(*conditions).order_by(*order).limit(size + 1)
    return Page.cut(every(tx, statement), size=size, cursor=cursor, key=_key)


def _key(notification: Notification) -> tuple[str, str]:
    return notification.created_at.isoformat(), notification.notification_id
