"""In which conversations people hear of each other's presence."""

from collections.abc import Sequence

from sqlalchemy import text

from chassis.database import Transaction
from services.conversations.model.ids import ConversationId, UserId

# In larger conversations nobody is told who comes and goes; neither beyond so many conversations of one person.
MOST_MEMBERS = 100
_MOST_CONVERSATIONS = 100
_CIRCLES = text("""
    select named.id as user_id, circle.conversation_id
      from unnest(cast(:user_ids as uuid[])) as named(id)
     cross join lateral (
        select c.id as conversation_id
          from participants p join conversations c on c.id = p.conversation_id
         where p.user_id = named.id and p.left_at is null
           and c.deleted_at is null and c.participant_count between 2 and :most_members
         order by c.updated_at desc
         limit :most_conversations
     ) as circle
""")


def of(tx: Transaction, *, user_ids: Sequence[UserId]) -> dict[UserId, list[ConversationId]]:
    """Those of each of the users that are neither too large nor too many."""
    limits = {"most_members": MOST_MEMBERS, "most_conversations": _MOST_CONVERSATIONS}
    found: dict[UserId, list[ConversationId]] = {}
    for row in tx.execute(_CIRCLES, {"user_ids": list(user_ids), **limits}):
        found.setdefault(UserId(row.user_id), []).append(ConversationId(row.conversation_id))
    return found
