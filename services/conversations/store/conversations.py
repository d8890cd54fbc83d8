"""Conversations, and the locks under which they change."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import TextClause, and_, or_, select, text
from sqlalchemy.dialects.postgresql import insert

from chassis.database import Prepared, Reading, Transaction
from chassis.errors import NotFound
from chassis.paging import Cursor, Page
from services.conversations.model.conversations import (
    Conversation,
    ConversationKind,
    HistoryVisibility,
    PostingPolicy,
    Revision,
)
from services.conversations.model.errors import ConversationNotFound
from services.conversations.model.ids import ConversationId, UserId
from services.conversations.store import pages
from services.conversations.store.tables import conversations as table
from services.conversations.store.tables import listed
from services.conversations.store.tables import participants as member_table

# In the order of Conversation's fields, the pair in two.
COLUMNS = (
    table.c.id,
    table.c.kind,
    table.c.title,
    table.c.description,
    table.c.creator_id,
    table.c.pair_low,
    table.c.pair_high,
    table.c.last_seq,
    table.c.rev,
    table.c.participant_count,
    table.c.created_at,
    table.c.updated_at,
    table.c.is_public,
    table.c.history_visibility,
    table.c.posting_policy,
    table.c.slow_mode_seconds,
)
_ALIVE = table.c.deleted_at.is_(None)
_MEMBERSHIP = and_(member_table.c.conversation_id == table.c.id, member_table.c.left_at.is_(None))
_GET = Prepared(f"select {listed('c', COLUMNS)} from conversations c where c.id = :conversation_id")  # noqa: S608 - columns
_GET_AS_MEMBER = Prepared(f"""
    select {listed("c", COLUMNS)} from conversations c
    join participants p on p.conversation_id = c.id and p.left_at is null
    where c.id = :conversation_id and c.deleted_at is null and p.user_id = :member_id
""")  # noqa: S608 - names of columns
# Without any conversation one row of nothing but the epoch.
_REVISIONS = text("""
    select c.id, c.rev, c.last_seq, 0, e.value as epoch
    from epoch e left join conversations c on c.id = any(cast(:ids as uuid[])) and c.deleted_at is null
""")
_MEMBERSHIPS = text("""
    select c.id, c.rev, c.last_seq, p.visible_after, e.value as epoch
    from epoch e left join (
        participants p join conversations c on c.id = p.conversation_id and c.deleted_at is null
    ) on p.user_id = :member_id and p.left_at is null
""")


def of_row(row: Sequence[Any]) -> Conversation:
    """Read COLUMNS."""
    (
        conversation_id, kind, title, description, creator_id, low, high, last_seq, rev, participant_count,
        created_at, updated_at, is_public, history_visibility, posting_policy, slow_mode_seconds,
    ) = row  # fmt: skip
    pair = None if low is None else (low, high)
    return Conversation(
        conversation_id,
        ConversationKind(kind),
        title,
        description,
        creator_id,
        pair,
        last_seq,
        rev,
        participant_count,
        created_at,
        updated_at,
        is_public,
        HistoryVisibility(history_visibility),
        PostingPolicy(posting_policy),
        slow_mode_seconds,
    )


def add(tx: Transaction, conversation: Conversation) -> bool:
    """Insert the conversation unless its pair has one; waits for whoever makes the same. Returns whether it did."""
    low, high = conversation.pair or (None, None)
    statement = insert(table).values(
        id=conversation.conversation_id,
        kind=conversation.kind,
        title=conversation.title,
        description=conversation.description,
        creator_id=conversation.creator_id,
        pair_low=low,
        pair_high=high,
        last_seq=conversation.last_seq,
        rev=conversation.rev,
        participant_count=conversation.participant_count,
        created_at=conversation.created_at,
        updated_at=conversation.updated_at,
        **_settings(conversation),
    )
    return tx.execute(statement.on_conflict_do_nothing(constraint="conversations_pair")).rowcount == 1


def of_pair(tx: Transaction, pair: tuple[UserId, UserId]) -> ConversationId | None:
    """The direct conversation of two people."""
    statement = select(table.c.id).where(table.c.pair_low == pair[0], table.c.pair_high == pair[1])
    found: ConversationId | None = tx.execute(statement).scalar_one_or_none()
    return found


def lock(
    tx: Transaction,
    conversation_id: ConversationId,
    *,
    member_id: UserId | None,
    missing: type[NotFound] = ConversationNotFound,
    or_public: bool = False,
) -> Conversation:
    """Lock the conversation for a shared change; outsiders lock nothing, no member is the platform itself.

    Whether the member is one still has to be read after this: they may have been removed while it waited.
    Raises: `missing`.
    """
    statement = select(*COLUMNS).where(table.c.id == conversation_id, _ALIVE)
    if member_id is not None:
        is_member = select(1).where(_MEMBERSHIP, member_table.c.user_id == member_id).exists()
        statement = statement.where(or_(table.c.is_public, is_member) if or_public else is_member)
    row = tx.execute(statement.with_for_update(key_share=True)).one_or_none()
    if row is None:
        raise missing()
    return of_row(row)


def save(tx: Transaction, conversation: Conversation, *, is_deleted: bool = False) -> None:
    """Write a locked conversation back."""
    values = {
        "title": conversation.title,
        "description": conversation.description,
        "rev": conversation.rev,
        "participant_count": conversation.participant_count,
        "updated_at": conversation.updated_at,
        **_settings(conversation),
        **({"deleted_at": tx.now} if is_deleted else {}),
    }
    tx.execute(table.update().where(table.c.id == conversation.conversation_id).values(values))


def _settings(conversation: Conversation) -> dict[str, Any]:
    return {
        "is_public": conversation.is_public,
        "history_visibility": conversation.history_visibility,
        "posting_policy": conversation.posting_policy,
        "slow_mode_seconds": conversation.slow_mode_seconds,
    }


def get(tx: Reading, conversation_id: ConversationId, *, member_id: UserId | None) -> Conversation:
    """As a member sees it or, without one, also a deleted one. Raises: ConversationNotFound."""
    parameters = {"conversation_id": conversation_id, "member_id": member_id}
    rows = tx.rows(_GET if member_id is None else _GET_AS_MEMBER, parameters)
    if not rows:
        raise ConversationNotFound()
    return of_row(rows[0])


def page_of_public(tx: Transaction, *, query: str, cursor: Cursor | None, size: int) -> Page[Conversation]:
    """A page of those that anybody may find, the most recently active first."""
    statement = select(*COLUMNS).where(table.c.is_public, _ALIVE)
    if query:
        statement = statement.where(
            or_(*(column.icontains(query, autoescape=True) for column in (table.c.title, table.c.description)))
        )
    statement = pages.cut(statement, (table.c.updated_at, table.c.id), cursor=cursor, size=size, is_falling=True)
    rows = [of_row(row) for row in tx.execute(statement).all()]
    return Page.cut(
        rows, size=size, cursor=cursor, key=lambda found: (found.updated_at, found.conversation_id), weigh=size_of
    )


def size_of(conversation: Conversation) -> int:
    """About how many bytes it takes in an answer."""
    return 500 + len(conversation.title.encode()) + len(conversation.description.encode())


def revisions(tx: Transaction, *, conversation_ids: Sequence[ConversationId]) -> tuple[list[Revision], str]:
    """The true revisions of those that exist, and the epoch in which they count."""
    return _revisions(tx, _REVISIONS, {"ids": list(conversation_ids)})


def memberships(tx: Transaction, *, member_id: UserId) -> tuple[list[Revision], str]:
    """The revisions of all conversations that somebody is in, hidden ones too, and the epoch."""
    return _revisions(tx, _MEMBERSHIPS, {"member_id": member_id})


def _revisions(tx: Transaction, statement: TextClause, parameters: dict[str, Any]) -> tuple[list[Revision], str]:
    rows = tx.execute(statement, parameters).all()
    return [Revision(*row[:4]) for row in rows if row.id is not None], rows[0].epoch
