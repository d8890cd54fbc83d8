"""Messages that are stored, and the texts they had before."""

from collections.abc import Callable, Sequence
from operator import eq, ge, gt, lt
from typing import Any

from sqlalchemy import Column, Select, and_, literal, select, text, true, tuple_

from chassis.database import Transaction
from chassis.paging import Cursor, Page
from services.conversations.model.errors import MessageNotFound
from services.conversations.model.ids import ConversationId, MessageId, UserId
from services.conversations.model.messages import Message, MessageType, Priority, Selection
from services.conversations.store.tables import conversations, participants
from services.conversations.store.tables import messages as table

# In the order of Message's fields.
COLUMNS = (
    table.c.id,
    table.c.conversation_id,
    table.c.seq,
    table.c.rev,
    table.c.sender_id,
    table.c.message_type,
    table.c.content,
    table.c.priority,
    table.c.is_important,
    table.c.client_message_id,
    table.c.created_at,
    table.c.edited_at,
    table.c.deleted_at,
)
_MEMBERSHIP = and_(
    participants.c.conversation_id == conversations.c.id,
    participants.c.left_at.is_(None),
    conversations.c.deleted_at.is_(None),
)
_NAMED = text(f"""
    select {", ".join(column.name for column in COLUMNS)} from messages where id = any(cast(:message_ids as uuid[]))
""")  # noqa: S608 - names of columns
_KEEP_VERSION = text("""
    insert into message_versions (message_id, rev, content, created_at)
    select id, rev, content, coalesce(edited_at, created_at) from messages where id = :message_id
""")
_DROP_VERSIONS = text("delete from message_versions where message_id = :message_id")


def of_row(row: Sequence[Any]) -> Message:
    """Read COLUMNS."""
    message_id, conversation_id, seq, rev, sender_id, message_type, content, priority, *others = row
    return Message(
        message_id,
        conversation_id,
        seq,
        rev,
        sender_id,
        MessageType(message_type),
        content,
        Priority(priority),
        *others,
    )


def size_of(message: Message) -> int:
    """About how many bytes it takes in an answer."""
    return 300 + len(message.content.encode())


def get(tx: Transaction, message_id: MessageId, *, member_id: UserId) -> Message:
    """A message that the member may see. Raises: MessageNotFound."""
    statement = (
        select(*COLUMNS)
        .join(conversations, conversations.c.id == table.c.conversation_id)
        .join(participants, _MEMBERSHIP)
        .where(table.c.id == message_id, participants.c.user_id == member_id)
    )
    row = tx.execute(statement).one_or_none()
    if row is None:
        raise MessageNotFound()
    return of_row(row)


def named(tx: Transaction, message_ids: Sequence[str]) -> dict[str, Message]:
    """Messages by their ids, whoever may see them."""
    if not message_ids:
        return {}
    found = map(of_row, tx.execute(_NAMED, {"message_ids": list(message_ids)}))
    return {message.message_id: message for message in found}


def page(
    tx: Transaction,
    conversation_id: ConversationId,
    selection: Selection,
    *,
    member_id: UserId,
    cursor: Cursor | None,
    size: int,
) -> Page[Message]:
    """A page of one conversation in the order of seq; empty for outsiders, too."""
    is_rising = selection.is_rising != (cursor is not None and cursor.is_backward)
    statement = _within(conversation_id, selection, member_id)
    if cursor is not None:
        statement = statement.where(table.c.seq > cursor.key[0] if is_rising else table.c.seq < cursor.key[0])
    rows = _read(tx, statement, is_rising=is_rising, count=size + 1)
    return Page.cut(rows, size=size, cursor=cursor, key=_seq, weigh=size_of)


def around(
    tx: Transaction, conversation_id: ConversationId, selection: Selection, *, seq: int, member_id: UserId, size: int
) -> Page[Message]:
    """A page of one conversation with about as many messages before the number as from it on."""
    statement = _within(conversation_id, selection, member_id)
    count_before = size // 2
    earlier = _read(tx, statement.where(table.c.seq < seq), is_rising=False, count=count_before + 1)
    later = _read(tx, statement.where(table.c.seq >= seq), is_rising=True, count=size - count_before + 1)
    behind = Cursor((seq,), is_backward=True)
    # Each half may fill half of a page.
    first = Page.cut(earlier, size=count_before, cursor=behind, key=_seq, weigh=_double_size)
    second = Page.cut(later, size=size - count_before, cursor=None, key=_seq, weigh=_double_size)
    return Page(first.rows + second.rows, next=second.next, previous=first.previous)


def page_of_all(
    tx: Transaction, selection: Selection, *, member_id: UserId, cursor: Cursor | None, size: int
) -> Page[Message]:
    """A page over all conversations of a member, the newest first.

    Within a conversation the order of time is that of seq, so each conversation gives its own newest by its index.
    """
    is_rising = cursor is not None and cursor.is_backward
    newest = select(*COLUMNS).where(table.c.conversation_id == participants.c.conversation_id, *_conditions(selection))
    if cursor is not None:
        place = tuple_(table.c.created_at, table.c.id)
        end = tuple_(literal(cursor.key[0], table.c.created_at.type), literal(cursor.key[1], table.c.id.type))
        newest = newest.where(place > end if is_rising else place < end)
    newest = newest.order_by(table.c.seq.asc() if is_rising else table.c.seq.desc()).limit(size + 1)
    found = newest.lateral("found")
    statement = (
        select(*found.c)
        .select_from(participants)
        .join(conversations, _MEMBERSHIP)
        .join(found, true())
        .where(participants.c.user_id == member_id)
        .order_by(*(column.asc() if is_rising else column.desc() for column in (found.c.created_at, found.c.id)))
        .limit(size + 1)
    )
    rows = [of_row(row) for row in tx.execute(statement)]
    return Page.cut(
        rows, size=size, cursor=cursor, key=lambda message: (message.created_at, message.message_id), weigh=size_of
    )


def save_edit(tx: Transaction, edited: Message, *, is_rewritten: bool) -> None:
    """Write an edited message; a text that is replaced stays in its history."""
    if is_rewritten:
        tx.execute(_KEEP_VERSION, {"message_id": edited.message_id})
    _save(tx, edited)


def save_deletion(tx: Transaction, stub: Message) -> None:
    """Write what is left of a message; all its texts are gone."""
    tx.execute(_DROP_VERSIONS, {"message_id": stub.message_id})
    _save(tx, stub)


def _save(tx: Transaction, message: Message) -> None:
    values = {
        "rev": message.rev,
        "content": message.content,
        "priority": message.priority,
        "is_important": message.is_important,
        "edited_at": message.edited_at,
        "deleted_at": message.deleted_at,
    }
    tx.execute(table.update().where(table.c.id == message.message_id).values(values))


def _within(conversation_id: ConversationId, selection: Selection, member_id: UserId) -> Select[Any]:
    membership = select(1).select_from(conversations).join(participants, _MEMBERSHIP)
    membership = membership.where(conversations.c.id == conversation_id, participants.c.user_id == member_id)
    return select(*COLUMNS).where(
        table.c.conversation_id == conversation_id, membership.exists(), *_conditions(selection)
    )


def _conditions(selection: Selection) -> list[Any]:
    wanted: tuple[tuple[Callable[[Any, Any], Any], Column[Any], object], ...] = (
        (eq, table.c.sender_id, selection.sender_id),
        (eq, table.c.priority, selection.priority),
        (ge, table.c.created_at, selection.since),
        (lt, table.c.created_at, selection.until),
        (lt, table.c.seq, selection.before_seq),
        (gt, table.c.seq, selection.after_seq),
    )
    return [compare(column, value) for compare, column, value in wanted if value is not None]


def _read(tx: Transaction, statement: Select[Any], *, is_rising: bool, count: int) -> list[Message]:
    ordered = statement.order_by(table.c.seq.asc() if is_rising else table.c.seq.desc()).limit(count)
    return [of_row(row) for row in tx.execute(ordered)]


def _seq(message: Message) -> tuple[int]:
    return (message.seq,)


def _double_size(message: Message) -> int:
    return 2 * size_of(message)
