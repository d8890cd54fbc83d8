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
from services.notifications.model.messages import Message
from services.notifications.model.notifications import Kind, Notification
from services.notifications.store.tables import notifications

_COLUMNS = ", ".join(column.name for column in notifications.c)


def _returning(statement: str) -> TextualSelect:
    return text(f"{statement} returning {_COLUMNS}").columns(*notifications.c)


_INSERT = """
    insert into notifications (id, user_id, kind, title, body, actor_id, conversation_id, message_id, seq, count,
                               created_at)
    select n.id, n.user_id, :kind, :title, :body, cast(:actor_id as uuid), cast(:conversation_id as uuid),
           cast(:message_id as uuid), :seq, 1, :now
    from unnest(cast(:ids as uuid[]), cast(:user_ids as uuid[])) as n (id, user_id)
"""
_ADD = _returning(_INSERT)
# A message that comes late, after newer ones, changes nothing: they stand for it.
_ADD_MESSAGE = _returning(f"""
    {_INSERT}
    on conflict (user_id, conversation_id) where kind = 'message' do update
    set title = excluded.title, body = excluded.body, actor_id = excluded.actor_id,
        message_id = excluded.message_id, seq = excluded.seq,
        count = case when notifications.read_at is null then notifications.count + 1 else 1 end,
        created_at = case when notifications.read_at is null then notifications.created_at else excluded.created_at end,
        read_at = null
    where notifications.seq < excluded.seq
""")  # noqa: S608 - constants
_SETTLE = _returning("""
    update notifications
    set read_at = case when seq <= :read_seq then cast(:now as timestamptz) end,
        count = case when seq <= :read_seq then count else seq - :read_seq end
    where conversation_id = :conversation_id and user_id = :user_id and read_at is null
      and (seq <= :read_seq or count > seq - :read_seq)
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


def add_message(tx: Transaction, message: Message, title: str, user_ids: Sequence[UserId]) -> list[Notification]:
    """Put a message into the inboxes: into the conversation's notification there, or into a new one."""
    return _add(tx, _ADD_MESSAGE, Kind.MESSAGE, user_ids, {
        "title": title,
        "body": message.excerpt,
        "actor_id": message.sender_id,
        "conversation_id": message.conversation_id,
        "message_id": message.message_id,
        "seq": message.seq,
    })  # fmt: skip


def add_membership(
    tx: Transaction, user_id: UserId, conversation_id: ConversationId, title: str, actor_id: UserId | None
) -> list[Notification]:
    """Put into an inbox that its user was added to a conversation."""
    return _add(tx, _ADD, Kind.MEMBER_ADDED, [user_id], {
        "title": title,
        "body": "",
        "actor_id": actor_id,
        "conversation_id": conversation_id,
        "message_id": None,
        "seq": 0,
    })  # fmt: skip


def _add(
    tx: Transaction, statement: TextualSelect, kind: Kind, user_ids: Sequence[UserId], content: dict[str, Any]
) -> list[Notification]:
    ids = [uuid7() for _ in user_ids]
    parameters = {"kind": kind.value, "ids": ids, "user_ids": list(user_ids), "now": tx.now, **content}
    return _all(tx, statement, parameters)


def settle(tx: Transaction, user_id: UserId, conversation_id: ConversationId, read_seq: int) -> list[Notification]:
    """Mark what the user has read of a conversation, and count only what is left of the rest."""
    parameters = {"user_id": user_id, "conversation_id": conversation_id, "read_seq": read_seq, "now": tx.now}
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
