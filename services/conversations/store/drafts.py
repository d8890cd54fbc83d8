"""What people have begun to write: one row per member and conversation."""

from sqlalchemy import select, text

from chassis.database import Transaction
from services.conversations.model.drafts import SavedDraft
from services.conversations.model.errors import DraftNotFound
from services.conversations.model.ids import ConversationId, UserId
from services.conversations.store.tables import drafts as table

_COLUMNS = (table.c.conversation_id, table.c.content, table.c.reply_to_id, table.c.updated_at)
# A transaction that began earlier may come later; it waits for the other one here, and then finds itself outdated.
_SAVE = text("""
    insert into drafts (user_id, conversation_id, content, reply_to_id, updated_at)
    values (:user_id, :conversation_id, :content, :reply_to_id, :updated_at)
    on conflict (user_id, conversation_id) do update
    set content = excluded.content, reply_to_id = excluded.reply_to_id, updated_at = excluded.updated_at
    where drafts.updated_at <= excluded.updated_at
""")


def save(tx: Transaction, user_id: UserId, draft: SavedDraft) -> bool:
    """Store a draft. Returns whether there is no later one, which stays."""
    parameters = {
        "user_id": user_id,
        "conversation_id": draft.conversation_id,
        "content": draft.content,
        "reply_to_id": draft.reply_to_id,
        "updated_at": draft.updated_at,
    }
    return tx.execute(_SAVE, parameters).rowcount == 1


def get(tx: Transaction, user_id: UserId, conversation_id: ConversationId) -> SavedDraft:
    """Raises: DraftNotFound."""
    statement = select(*_COLUMNS).where(table.c.user_id == user_id, table.c.conversation_id == conversation_id)
    row = tx.execute(statement).one_or_none()
    if row is None:
        raise DraftNotFound()
    return SavedDraft(*row)


def delete(tx: Transaction, user_id: UserId, conversation_id: ConversationId) -> bool:
    """Returns whether there was one."""
    key = table.c.user_id == user_id, table.c.conversation_id == conversation_id
    return tx.execute(table.delete().where(*key)).rowcount == 1
