"""The inbox of everybody. What concerns many people is one statement, however many they are."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Executable, RowMapping, TextualSelect, select, text, tuple_

from chassis.database import Transaction
from chassis.ids import uuid7
from chassis.paging import Cursor, Page
from services.notifications.model.errors import NotificationNotFound
from services.notifications.model.ids import ConversationId, MessageId, NotificationId, UserId
from services.notifications.model.members import Position
from services.notifications.model.messages import Message, Missed
from services.notifications.model.notifications import Kind, Notification
from services.notifications.store.tables import notifications

# So that no statement outlasts its timeout, however many people a batch concerns.
_AT_ONCE = 5000
_COLUMNS = ", ".join(column.name for column in notifications.c)


def _returning(statement: str) -> TextualSelect:
    return text(f"{statement} returning {_COLUMNS}").columns(*notifications.c)


_ADD = _returning("""
    insert into notifications (id, user_id, kind, title, body, actor_id, conversation_id, seq, count, created_at)
    values (:id, :user_id, 'member_added', :title, '', :actor_id, :conversation_id, 0, 1, :now)
""")
# A message that comes late, after newer ones, changes nothing: they stand for it.
_ADD_MESSAGES = _returning("""
    insert into notifications (id, user_id, kind, title, body, actor_id, conversation_id, message_id, seq, count,
                               created_at)
    select n.id, n.user_id, 'message', m.title, m.body, m.sender_id, m.conversation_id, m.id, m.seq, n.count, :now
    from unnest(cast(:ids as uuid[]), cast(:user_ids as uuid[]), cast(:newest_ids as uuid[]), cast(:counts as int[]))
         as n (id, user_id, newest_id, count)
    join unnest(cast(:message_ids as uuid[]), cast(:conversation_ids as uuid[]), cast(:seqs as bigint[]),
                cast(:sender_ids as uuid[]), cast(:titles as text[]), cast(:bodies as text[]))
         as m (id, conversation_id, seq, sender_id, title, body) on m.id = n.newest_id
    on conflict (user_id, conversation_id) where kind = 'message' do update
    set title = excluded.title, body = excluded.body, actor_id = excluded.actor_id,
        message_id = excluded.message_id, seq = excluded.seq,
        count = excluded.count + case when notifications.read_at is null then notifications.count else 0 end,
        created_at = case when notifications.read_at is null then notifications.created_at else excluded.created_at end,
        read_at = null
    where notifications.seq < excluded.seq
""")
_SETTLE = _returning("""
    update notifications
    set read_at = case when seq <= p.read_seq then cast(:now as timestamptz) end,
        count = case when seq <= p.read_seq then count else seq - p.read_seq end
    from unnest(cast(:conversation_ids as uuid[]), cast(:user_ids as uuid[]), cast(:read_seqs as bigint[]))
         as p (in_conversation_id, of_user_id, read_seq)
    where conversation_id = in_conversation_id and user_id = of_user_id and read_at is null
      and (seq <= p.read_seq or count > seq - p.read_seq)
""")
_REVISE = _returning("update notifications set body = :body where message_id = :message_id and body <> :body")
# Without the message's id no edit that comes late brings the text back.
_RETRACT = _returning("update notifications set body = '', message_id = null where message_id = :message_id")
_FORGET = "delete from notifications where conversation_id = :conversation_id"
_FORGET_ALL = _returning(_FORGET)
_FORGET_ONE = _returning(f"{_FORGET} and user_id = :user_id")
_DELETE = _returning("delete from notifications where id = :id and user_id = :user_id")
_SAVE = text("update notifications set read_at = :read_at, created_at = :created_at where id = :id")
# Locked in one order, so that two of these never wait for each other.
_MARK_ALL = text("""
    update notifications set read_at = :now
    where id in (select id from notifications where user_id = :user_id and read_at is null order by id for update)
""")
_COUNT_UNREAD = text("select count(*) from notifications where user_id = :user_id and read_at is null")


def add_messages(
    tx: Transaction, titled: Mapping[MessageId, tuple[Message, str]], missed: Sequence[Missed]
) -> list[Notification]:
    """Put the newest of what each has missed into the conversation's notification there, or into a new one."""
    messages = [message for message, _ in titled.values()]
    parameters = {
        "message_ids": [message.message_id for message in messages],
        "conversation_ids": [message.conversation_id for message in messages],
        "seqs": [message.seq for message in messages],
        "sender_ids": [message.sender_id for message in messages],
        "bodies": [message.excerpt for message in messages],
        "titles": [title for _, title in titled.values()],
        "now": tx.now,
    }
    changed = []
    for start in range(0, len(missed), _AT_ONCE):
        some = missed[start : start + _AT_ONCE]
        recipients = {
            "ids": [uuid7() for _ in some],
            "user_ids": [one.user_id for one in some],
            "newest_ids": [one.newest_id for one in some],
            "counts": [one.count for one in some],
        }
        changed += _all(tx, _ADD_MESSAGES, {**parameters, **recipients})
    return changed


def add_membership(
    tx: Transaction, user_id: UserId, conversation_id: ConversationId, title: str, actor_id: UserId | None
) -> list[Notification]:
    """Put into an inbox that its user was added to a conversation."""
    parameters = {
        "id": uuid7(),
        "user_id": user_id,
        "title": title,
        "actor_id": actor_id,
        "conversation_id": conversation_id,
        "now": tx.now,
    }
    return _all(tx, _ADD, parameters)


def settle(tx: Transaction, positions: Sequence[Position]) -> list[Notification]:
    """Mark what was read up to each position, and count only what is left of the rest."""
    parameters = {
        "conversation_ids": [position.conversation_id for position in positions],
        "user_ids": [position.user_id for position in positions],
        "read_seqs": [position.read_seq for position in positions],
        "now": tx.now,
    }
    return _all(tx, _SETTLE, parameters)


def revise(tx: Transaction, message_id: MessageId, body: str) -> list[Notification]:
    """Show another text wherever the message is the newest."""
    return _all(tx, _REVISE, {"message_id": message_id, "body": body})


def retract(tx: Transaction, message_id: MessageId) -> list[Notification]:
    """Show no text wherever the message is the newest."""
    return _all(tx, _RETRACT, {"message_id": message_id})


def forget(tx: Transaction, conversation_id: ConversationId, user_id: UserId | None = None) -> list[Notification]:
    """Remove what is about a conversation from one inbox, or from all. Returns what was removed."""
    if user_id is None:
        return _all(tx, _FORGET_ALL, {"conversation_id": conversation_id})
    return _all(tx, _FORGET_ONE, {"conversation_id": conversation_id, "user_id": user_id})


def get(tx: Transaction, *, user_id: UserId, notification_id: NotificationId, for_update: bool = False) -> Notification:
    """Return one of the user's notifications. Raises: NotificationNotFound."""
    statement = select(notifications).where(notifications.c.id == notification_id, notifications.c.user_id == user_id)
    return _one(_all(tx, statement.with_for_update() if for_update else statement))


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
    return _one(_all(tx, _DELETE, {"id": notification_id, "user_id": user_id}))


def mark_all_read(tx: Transaction, user_id: UserId) -> int:
    """Mark all of a user's notifications as read. Returns how many were not."""
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
    return Page.cut(_all(tx, statement), size=size, cursor=cursor, key=_key)


def _key(notification: Notification) -> tuple[str, str]:
    return notification.created_at.isoformat(), notification.notification_id


def _one(found: Sequence[Notification]) -> Notification:
    if not found:
        raise NotificationNotFound()
    return found[0]


def _all(tx: Transaction, statement: Executable, parameters: Mapping[str, Any] | None = None) -> list[Notification]:
    return [_notification(row) for row in tx.execute(statement, parameters).mappings()]


def _notification(row: RowMapping) -> Notification:
    return Notification(
        notification_id=row["id"],
        user_id=row["user_id"],
        kind=Kind(row["kind"]),
        title=row["title"],
        body=row["body"],
        actor_id=row["actor_id"],
        conversation_id=row["conversation_id"],
        message_id=row["message_id"],
        count=row["count"],
        created_at=row["created_at"],
        read_at=row["read_at"],
    )
