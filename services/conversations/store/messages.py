"""Messages that are stored, and the texts they had before."""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import TextClause, null, text

from chassis.database import Transaction
from chassis.paging import Cursor, Page
from services.conversations.model.errors import MessageNotFound
from services.conversations.model.ids import ConversationId, MessageId, UserId
from services.conversations.model.messages import Message, MessageType, Priority, Selection
from services.conversations.store import parts
from services.conversations.store.tables import listed
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
    table.c.reply_to_id,
    table.c.thread_root_id,
    table.c.reply_count,
    table.c.mentions,
    table.c.mentions_all,
    table.c.forwarded_from,
    table.c.requires_acknowledgement,
    table.c.acknowledgement_count,
    table.c.reactions,
    table.c.is_pinned,
    table.c.previews,
    table.c.poll,
)
_SHOWN = listed("m", COLUMNS)
_TYPES = {kind.value: kind for kind in MessageType}
_PRIORITIES = {priority.value: priority for priority in Priority}

# Of the member's conversations: what was said since they may read, without what they deleted for themselves.
VISIBLE = """
    m.seq > p.visible_after and not exists (
        select from hidden_messages h where h.user_id = :member_id and h.message_id = m.id)
"""
_GET = text(f"""
    select {_SHOWN} from messages m
    join conversations c on c.id = m.conversation_id and c.deleted_at is null
    join participants p on p.conversation_id = c.id and p.left_at is null
    where m.id = :message_id and p.user_id = :member_id and {VISIBLE}
""")  # noqa: S608 - names of columns
_NAMED = text(f"select {_SHOWN} from messages m where m.id = any(cast(:message_ids as uuid[]))")  # noqa: S608 - the same
_NAMED_VISIBLE = text(f"""
    select {_SHOWN} from messages m
    join conversations c on c.id = m.conversation_id and c.deleted_at is null
    join participants p on p.conversation_id = c.id and p.left_at is null
    where m.id = any(cast(:message_ids as uuid[])) and p.user_id = :member_id and {VISIBLE}
""")  # noqa: S608 - names of columns
_KEEP_VERSION = text("""
    insert into message_versions (message_id, rev, content, created_at)
    select id, rev, content, coalesce(edited_at, created_at) from messages where id = :message_id
""")
# What people attached to it goes with its texts; who acknowledged it stays on record.
_DROP_ALL = text("""
    with versions as (delete from message_versions where message_id = :message_id),
    reacted as (delete from reactions where message_id = :message_id),
    voted as (delete from votes where message_id = :message_id),
    reminded as (delete from reminders where message_id = :message_id)
    delete from pins where message_id = :message_id
""")
# By the fields of a selection.
_CONDITIONS = {
    "sender_id": "m.sender_id = :sender_id",
    "priority": "m.priority = :priority",
    "since": "m.created_at >= :since",
    "until": "m.created_at < :until",
    "before_seq": "m.seq < :before_seq",
    "after_seq": "m.seq > :after_seq",
}
# For an outsider the lower end is null, which nothing is above.
_OF_ONE = """
    select {shown} from messages m
    where m.conversation_id = :conversation_id and {conditions} and m.seq > (
        select p.visible_after from participants p join conversations c on c.id = p.conversation_id
        where c.id = :conversation_id and c.deleted_at is null and p.user_id = :member_id and p.left_at is null)
      and not exists (select from hidden_messages h where h.user_id = :member_id and h.message_id = m.id)
    order by m.seq {direction} limit :count
"""
# Within a conversation the order of time is that of seq, so each gives its own newest by its index.
_OF_ALL = """
    select m.* from participants p
    join conversations c on c.id = p.conversation_id and c.deleted_at is null
    cross join lateral (
        select {shown} from messages m where m.conversation_id = p.conversation_id and {conditions} and {visible}
        order by m.seq {direction} limit :count) as m
    where p.user_id = :member_id and p.left_at is null
    order by m.created_at {direction}, m.id {direction} limit :count
"""


def of_row(row: Sequence[Any]) -> Message:
    """Read COLUMNS."""
    (
        message_id, conversation_id, seq, rev, sender_id, message_type, content, priority, is_important,
        client_message_id, created_at, edited_at, deleted_at, reply_to_id, thread_root_id, reply_count,
        mentions, mentions_all, origin, requires_acknowledgement, acknowledgement_count,
        reactions, is_pinned, previews, poll,
    ) = row  # fmt: skip
    return Message(
        message_id,
        conversation_id,
        seq,
        rev,
        sender_id,
        _TYPES[message_type],
        content,
        _PRIORITIES[priority],
        is_important,
        client_message_id,
        created_at,
        edited_at,
        deleted_at,
        reply_to_id,
        thread_root_id,
        reply_count,
        tuple(mentions) if mentions else (),
        mentions_all,
        parts.origin(origin) if origin is not None else None,
        requires_acknowledgement,
        acknowledgement_count,
        tuple((emoji, count) for emoji, count in reactions) if reactions else (),
        is_pinned,
        tuple(map(parts.preview, previews)) if previews else (),
        parts.poll(poll) if poll is not None else None,
    )


def size_of(message: Message) -> int:
    """About how many bytes it takes in an answer."""
    texts = len(message.content.encode()) + sum(len(found.description) + 200 for found in message.previews)
    return 500 + texts + (4 * sum(map(len, message.poll.options)) if message.poll else 0)


def get(tx: Transaction, message_id: MessageId, *, member_id: UserId) -> Message:
    """A message that the member may see. Raises: MessageNotFound."""
    row = tx.execute(_GET, {"message_id": message_id, "member_id": member_id}).one_or_none()
    if row is None:
        raise MessageNotFound()
    return of_row(row)


def named(tx: Transaction, message_ids: Sequence[str], *, member_id: UserId | None = None) -> dict[str, Message]:
    """Messages by their ids that a member may see or, without one, whoever may see them."""
    if not message_ids:
        return {}
    statement = _NAMED if member_id is None else _NAMED_VISIBLE
    parameters = {"message_ids": list(message_ids), "member_id": member_id}
    found = map(of_row, tx.execute(statement, parameters).all())
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
    named = {"conversation_id": conversation_id, "member_id": member_id, "count": size + 1}
    edge = "true"
    if cursor is not None:
        edge = "m.seq > :edge" if is_rising else "m.seq < :edge"
        named["edge"] = cursor.key[0]
    rows = _read(tx, _OF_ONE, selection, named, edge=edge, is_rising=is_rising)
    return Page.cut(rows, size=size, cursor=cursor, key=_seq, weigh=size_of)


def around(
    tx: Transaction, conversation_id: ConversationId, selection: Selection, *, seq: int, member_id: UserId, size: int
) -> Page[Message]:
    """A page of one conversation with about as many messages before the number as from it on."""
    count = size // 2
    named = {"conversation_id": conversation_id, "member_id": member_id, "edge": seq}
    earlier = _read(tx, _OF_ONE, selection, {**named, "count": count + 1}, edge="m.seq < :edge", is_rising=False)
    named["count"] = size - count + 1
    later = _read(tx, _OF_ONE, selection, named, edge="m.seq >= :edge", is_rising=True)
    # Each half may fill half of a page.
    behind = Cursor((seq,), is_backward=True)
    first = Page.cut(earlier, size=count, cursor=behind, key=_seq, weigh=_double_size)
    second = Page.cut(later, size=size - count, cursor=None, key=_seq, weigh=_double_size)
    return Page(first.rows + second.rows, next=second.next, previous=first.previous)


def page_of_all(
    tx: Transaction, selection: Selection, *, member_id: UserId, cursor: Cursor | None, size: int
) -> Page[Message]:
    """A page over all conversations of a member, the newest first."""
    is_rising = cursor is not None and cursor.is_backward
    named = {"member_id": member_id, "count": size + 1}
    edge = "true"
    if cursor is not None:
        edge = f"(m.created_at, m.id) {'>' if is_rising else '<'} (:edge_at, :edge_id)"
        named["edge_at"], named["edge_id"] = cursor.key
    rows = _read(tx, _OF_ALL, selection, named, edge=edge, is_rising=is_rising)
    return Page.cut(rows, size=size, cursor=cursor, key=_moment, weigh=size_of)


def save_edit(tx: Transaction, edited: Message, *, is_rewritten: bool) -> None:
    """Write an edited message; a text that is replaced stays in its history."""
    if is_rewritten:
        tx.execute(_KEEP_VERSION, {"message_id": edited.message_id})
    save(tx, edited)


def save_deletion(tx: Transaction, stub: Message) -> None:
    """Write what is left of a message; all its texts are gone."""
    tx.execute(_DROP_ALL, {"message_id": stub.message_id})
    save(tx, stub)


def save(tx: Transaction, message: Message) -> None:
    """Write what can change of a message whose conversation is locked."""
    values = {
        "rev": message.rev,
        "content": message.content,
        "priority": message.priority,
        "is_important": message.is_important,
        "edited_at": message.edited_at,
        "deleted_at": message.deleted_at,
        "mentions": list(message.mentions) or None,
        "mentions_all": message.mentions_all,
        "forwarded_from": parts.origin_json(message.forwarded_from) if message.forwarded_from else null(),
        "requires_acknowledgement": message.requires_acknowledgement,
        "acknowledgement_count": message.acknowledgement_count,
        "reactions": [list(pair) for pair in message.reactions] or null(),
        "is_pinned": message.is_pinned,
        "previews": [parts.preview_json(preview) for preview in message.previews] or null(),
        "poll": parts.poll_json(message.poll) if message.poll else null(),
    }
    tx.execute(table.update().where(table.c.id == message.message_id).values(values))


def _read(
    tx: Transaction, template: str, selection: Selection, named: dict[str, Any], *, edge: str, is_rising: bool
) -> list[Message]:
    given = {field: getattr(selection, field) for field in _CONDITIONS}
    given = {field: value for field, value in given.items() if value is not None}
    statement = _statement(template, (*(_CONDITIONS[field] for field in given), edge), is_rising=is_rising)
    return [of_row(row) for row in tx.execute(statement, {**named, **given}).all()]


@lru_cache(maxsize=512)
def _statement(template: str, conditions: tuple[str, ...], *, is_rising: bool) -> TextClause:
    # Of constants of this file only; every value is a parameter.
    direction = "asc" if is_rising else "desc"
    return text(
        template.format(shown=_SHOWN, visible=VISIBLE, conditions=" and ".join(conditions), direction=direction)
    )


def _moment(message: Message) -> tuple[datetime, MessageId]:
    return message.created_at, message.message_id


def _seq(message: Message) -> tuple[int]:
    return (message.seq,)


def _double_size(message: Message) -> int:
    return 2 * size_of(message)
