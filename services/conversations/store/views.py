"""Conversations as one of their members sees them, with own membership and last message, in one query."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import TextClause, text

from chassis.database import Transaction
from chassis.paging import Cursor, Page
from services.conversations.model.conversations import ConversationKind, MemberView
from services.conversations.model.errors import ConversationNotFound
from services.conversations.model.ids import ConversationId, UserId
from services.conversations.store import conversations, messages, participants, viewers
from services.conversations.store.tables import listed

# The page is cut before its last messages are looked up.
_VIEWS = """
    select chosen.*, {marks}, {reach}, {message} from (
        select {conversation}, {membership}, {settings}
        from participants p join conversations c on c.id = p.conversation_id and c.deleted_at is null
        where p.user_id = :member_id and p.left_at is null and c.last_seq > p.hidden_seq and {conditions}
        order by c.updated_at {direction}, c.id {direction} limit :count) as chosen
    left join messages m on m.conversation_id = chosen.id and m.seq = chosen.last_seq
                         and m.seq > chosen.visible_after and not exists (
        select from hidden_messages h where h.user_id = :member_id and h.message_id = m.id)
    order by chosen.updated_at {direction}, chosen.id {direction}
"""
# By the filters of a list.
_CONDITIONS = {
    "kind": "c.kind = :kind",
    "is_unread": "(c.last_seq > p.read_seq) = :is_unread",
    "is_archived": "p.is_archived = :is_archived",
    "is_pinned": "p.is_pinned = :is_pinned",
    "title": "c.title ilike :title",
}
_MEMBERSHIP_AT = len(conversations.COLUMNS)
_SETTINGS_AT = _MEMBERSHIP_AT + len(participants.COLUMNS)
_MARKS_AT = _SETTINGS_AT + len(participants.SETTINGS)
_MESSAGE_AT = _MARKS_AT + 2


def view(tx: Transaction, conversation_id: ConversationId, *, member_id: UserId) -> MemberView:
    """One conversation. Raises: ConversationNotFound."""
    named = {"conversation_id": conversation_id, "member_id": member_id, "count": 1}
    row = tx.execute(_statement(("c.id = :conversation_id",)), named).one_or_none()
    if row is None:
        raise ConversationNotFound()
    return _of_row(row)


def page(
    tx: Transaction,
    *,
    member_id: UserId,
    kind: ConversationKind | None,
    title_query: str,
    flags: Mapping[str, bool],
    cursor: Cursor | None,
    size: int,
) -> Page[MemberView]:
    """A page of the member's conversations, the most recently active first.

    `flags` are `is_unread`, `is_archived` and `is_pinned`, those that matter.
    """
    filters: dict[str, Any] = {"kind": kind, "title": _containing(title_query)}
    given = {name: value for name, value in filters.items() if value} | dict(flags)
    conditions = [_CONDITIONS[name] for name in given]
    named = {"member_id": member_id, "count": size + 1, **given}
    is_rising = cursor is not None and cursor.is_backward
    if cursor is not None:
        conditions.append(f"(c.updated_at, c.id) {'>' if is_rising else '<'} (:edge_at, :edge_id)")
        named["edge_at"], named["edge_id"] = cursor.key
    found = tx.execute(_statement((*conditions, "true"), is_rising=is_rising), named).all()
    return Page.cut([_of_row(row) for row in found], size=size, cursor=cursor, key=_place, weigh=_bytes)


@lru_cache(maxsize=64)
def _statement(conditions: tuple[str, ...], *, is_rising: bool = False) -> TextClause:
    # Of constants of this file only; every value is a parameter.
    return text(
        _VIEWS.format(
            conversation=listed("c", conversations.COLUMNS),
            membership=listed("p", participants.COLUMNS),
            settings=listed("p", participants.SETTINGS),
            marks=viewers.MARKS,
            reach=viewers.REACH,
            message=listed("m", messages.COLUMNS),
            conditions=" and ".join(conditions),
            direction="asc" if is_rising else "desc",
        )
    )


def _containing(words: str) -> str:
    for sign in ("\\", "%", "_"):
        words = words.replace(sign, f"\\{sign}")
    return words and f"%{words}%"


def _of_row(row: Sequence[Any]) -> MemberView:
    last_message = None
    if row[_MESSAGE_AT] is not None:
        last_message = viewers.single(messages.of_row(row[_MESSAGE_AT:]), row[_MARKS_AT], row[_MARKS_AT + 1])
    return MemberView(
        conversations.of_row(row[:_MEMBERSHIP_AT]),
        participants.of_row(row[_MEMBERSHIP_AT:_SETTINGS_AT]),
        participants.settings_of_row(row[_SETTINGS_AT:_MARKS_AT]),
        last_message,
    )


def _place(shown: MemberView) -> tuple[Any, ...]:
    return shown.conversation.updated_at, shown.conversation.conversation_id


def _bytes(shown: MemberView) -> int:
    last_message = messages.size_of(shown.last_message.message) if shown.last_message else 0
    return conversations.size_of(shown.conversation) + last_message
