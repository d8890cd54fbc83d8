"""Pages of messages, as a member sees them: of one conversation by its numbers, of all by their time."""

from datetime import datetime
from functools import lru_cache
from typing import Any

from chassis.database import Prepared, Reading
from chassis.paging import Cursor, Page
from services.conversations.model.ids import ConversationId, MessageId, UserId
from services.conversations.model.messages import Selection
from services.conversations.model.viewers import Viewed
from services.conversations.store import viewers
from services.conversations.store.messages import NOT_HIDDEN, SHOWN, VIEWED, found, size_of

# By the fields of a selection.
_CONDITIONS = {
    "sender_id": "m.sender_id = :sender_id",
    "priority": "m.priority = :priority",
    "since": "m.created_at >= :since",
    "until": "m.created_at < :until",
    "before_seq": "m.seq < :before_seq",
    "after_seq": "m.seq > :after_seq",
}
# Pins are few: by their own table a long conversation need not be searched for them.
_PINNED = {
    None: "true",
    True: "exists (select from pins x where x.message_id = m.id and x.conversation_id = m.conversation_id)",
    False: "not m.is_pinned",
}
# For an outsider the lower end is null, which nothing is above.
_OF_ONE = """
    select {viewed}, {reach} from messages m
    where m.conversation_id = :conversation_id and {conditions} and m.seq > (
        select p.visible_after from participants p join conversations c on c.id = p.conversation_id
        where c.id = :conversation_id and c.deleted_at is null and p.user_id = :member_id and p.left_at is null)
      and {not_hidden}
    order by m.seq {direction} limit :count
"""
# Within a conversation the order of time is that of seq, so each gives its own newest by its index.
_OF_ALL = """
    select {viewed} from participants p
    join conversations c on c.id = p.conversation_id and c.deleted_at is null
    cross join lateral (
        select {shown} from messages m
        where m.conversation_id = p.conversation_id and m.seq > p.visible_after and {conditions} and {not_hidden}
        order by m.seq {direction} limit :count) as m
    where p.user_id = :member_id and p.left_at is null
    order by m.created_at {direction}, m.id {direction} limit :count
"""


def page(
    tx: Reading,
    conversation_id: ConversationId,
    selection: Selection,
    *,
    member_id: UserId,
    cursor: Cursor | None,
    size: int,
) -> Page[Viewed]:
    """A page of one conversation in the order of seq; empty for outsiders, too."""
    is_rising = selection.is_rising != (cursor is not None and cursor.is_backward)
    named = {"conversation_id": conversation_id, "member_id": member_id, "count": size + 1}
    edge = "true"
    if cursor is not None:
        edge = "m.seq > :edge" if is_rising else "m.seq < :edge"
        named["edge"] = cursor.key[0]
    rows = _read_one(tx, selection, named, edge=edge, is_rising=is_rising)
    return Page.cut(rows, size=size, cursor=cursor, key=_seq, weigh=_size)


def around(
    tx: Reading, conversation_id: ConversationId, selection: Selection, *, seq: int, member_id: UserId, size: int
) -> Page[Viewed]:
    """A page of one conversation with about as many messages before the number as from it on."""
    count = size // 2
    named = {"conversation_id": conversation_id, "member_id": member_id, "edge": seq}
    earlier = _read_one(tx, selection, {**named, "count": count + 1}, edge="m.seq < :edge", is_rising=False)
    named["count"] = size - count + 1
    later = _read_one(tx, selection, named, edge="m.seq >= :edge", is_rising=True)
    # Each half may fill half of a page.
    behind = Cursor((seq,), is_backward=True)
    first = Page.cut(earlier, size=count, cursor=behind, key=_seq, weigh=_double_size)
    second = Page.cut(later, size=size - count, cursor=None, key=_seq, weigh=_double_size)
    return Page(first.rows + second.rows, next=second.next, previous=first.previous)


def page_of_all(
    tx: Reading, selection: Selection, *, member_id: UserId, cursor: Cursor | None, size: int
) -> Page[Viewed]:
    """A page over all conversations of a member, the newest first."""
    is_rising = cursor is not None and cursor.is_backward
    named = {"member_id": member_id, "count": size + 1}
    edge = "true"
    if cursor is not None:
        edge = f"(m.created_at, m.id) {'>' if is_rising else '<'} (:edge_at, :edge_id)"
        named["edge_at"], named["edge_id"] = cursor.key
    rows = _read(tx, _OF_ALL, selection, named, edge=edge, is_rising=is_rising)
    shown = viewers.settled(tx, map(found, rows), member_id=member_id)
    return Page.cut(shown, size=size, cursor=cursor, key=_moment, weigh=_size)


def _read_one(tx: Reading, selection: Selection, named: dict[str, Any], *, edge: str, is_rising: bool) -> list[Viewed]:
    rows = _read(tx, _OF_ONE, selection, named, edge=edge, is_rising=is_rising)
    return [viewers.single(*found(row[:-1]), row[-1]) for row in rows]


def _read(
    tx: Reading, template: str, selection: Selection, named: dict[str, Any], *, edge: str, is_rising: bool
) -> list[tuple[Any, ...]]:
    given = {field: getattr(selection, field) for field in _CONDITIONS}
    given = {field: value for field, value in given.items() if value is not None}
    conditions = (*(_CONDITIONS[field] for field in given), _PINNED[selection.is_pinned], edge)
    return tx.rows(_query(template, conditions, is_rising=is_rising), {**named, **given})


@lru_cache(maxsize=512)
def _query(template: str, conditions: tuple[str, ...], *, is_rising: bool) -> Prepared:
    # Of constants of this file only; every value is a parameter.
    parts = {"shown": SHOWN, "viewed": VIEWED, "reach": viewers.REACH_OF_ONE, "not_hidden": NOT_HIDDEN}
    direction = "asc" if is_rising else "desc"
    return Prepared(template.format(**parts, conditions=" and ".join(conditions), direction=direction))


def _moment(shown: Viewed) -> tuple[datetime, MessageId]:
    return shown.message.created_at, shown.message.message_id


def _seq(shown: Viewed) -> tuple[int]:
    return (shown.message.seq,)


def _size(shown: Viewed) -> int:
    return size_of(shown.message)


def _double_size(shown: Viewed) -> int:
    return 2 * size_of(shown.message)
