"""Who may not take part."""

from collections.abc import Sequence

from sqlalchemy import exists, func, or_, select
from sqlalchemy.dialects.postgresql import insert

from chassis.database import Transaction
from chassis.paging import Cursor, Page
from services.conversations.model.bans import Ban
from services.conversations.model.ids import ConversationId, UserId
from services.conversations.store import pages
from services.conversations.store.tables import bans as table

# In the order of Ban's fields.
_COLUMNS = (table.c.conversation_id, table.c.user_id, table.c.actor_id, table.c.created_at, table.c.expires_at)
_COUNTS = or_(table.c.expires_at.is_(None), table.c.expires_at > func.now())


def save(tx: Transaction, ban: Ban) -> None:
    """Ban somebody, or replace the ban that they have."""
    values = {
        "conversation_id": ban.conversation_id,
        "user_id": ban.user_id,
        "actor_id": ban.actor_id,
        "created_at": ban.created_at,
        "expires_at": ban.expires_at,
    }
    key = [table.c.conversation_id, table.c.user_id]
    tx.execute(insert(table).values(values).on_conflict_do_update(index_elements=key, set_=values))


def remove(tx: Transaction, conversation_id: ConversationId, user_id: UserId) -> bool:
    """End a ban. Returns whether there was one."""
    statement = table.delete().where(table.c.conversation_id == conversation_id, table.c.user_id == user_id)
    return tx.execute(statement).rowcount == 1


def hold_any(tx: Transaction, conversation_id: ConversationId, user_ids: Sequence[UserId]) -> bool:
    """Tell whether one of these people is banned at this moment."""
    named = exists().where(table.c.conversation_id == conversation_id, table.c.user_id.in_(user_ids), _COUNTS)
    return bool(tx.execute(select(named)).scalar_one())


def page(tx: Transaction, conversation_id: ConversationId, *, cursor: Cursor | None, size: int) -> Page[Ban]:
    """A page of those that count at this moment, the latest first."""
    statement = select(*_COLUMNS).where(table.c.conversation_id == conversation_id, _COUNTS)
    statement = pages.cut(statement, (table.c.created_at, table.c.user_id), cursor=cursor, size=size, is_falling=True)
    rows = [Ban(*row) for row in tx.execute(statement).all()]
    return Page.cut(rows, size=size, cursor=cursor, key=lambda ban: (ban.created_at, ban.user_id))
