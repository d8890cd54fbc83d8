"""Who takes part where, as this service knows it."""

from collections.abc import Sequence

from sqlalchemy import text

from chassis.database import Transaction
from services.notifications.model.ids import ConversationId, UserId
from services.notifications.model.members import Member

_SET = text("""
    insert into members (conversation_id, user_id, is_present, read_seq, rev)
    values (:conversation_id, :user_id, :is_present, :read_seq, :rev)
    on conflict (conversation_id, user_id) do update
    set is_present = excluded.is_present, read_seq = greatest(members.read_seq, excluded.read_seq), rev = excluded.rev
    where members.rev <= excluded.rev
""")
_MOVE_READ = text("""
    update members set read_seq = :seq
    where conversation_id = :conversation_id and user_id = :user_id and read_seq < :seq
""")
_BEHIND = text("""
    select user_id from members
    where conversation_id = :conversation_id and user_id <> :sender_id and is_present and read_seq < :seq
    order by user_id
""")
_OF_CONVERSATIONS = text("""
    select distinct user_id from members
    where conversation_id = any(cast(:conversation_ids as uuid[])) and is_present
""")


def put(tx: Transaction, member: Member) -> bool:
    """Store a membership unless a later one is known. Returns whether it was stored."""
    parameters = {
        "conversation_id": member.conversation_id,
        "user_id": member.user_id,
        "is_present": member.is_present,
        "read_seq": member.read_seq,
        "rev": member.rev,
    }
    return tx.execute(_SET, parameters).rowcount > 0


def move_read(tx: Transaction, conversation_id: ConversationId, user_id: UserId, seq: int) -> bool:
    """Move a member's read position forward. Returns whether it moved."""
    parameters = {"conversation_id": conversation_id, "user_id": user_id, "seq": seq}
    return tx.execute(_MOVE_READ, parameters).rowcount > 0


def behind(tx: Transaction, conversation_id: ConversationId, seq: int, *, sender_id: UserId) -> list[UserId]:
    """Members other than the sender who have not read up to a message."""
    parameters = {"conversation_id": conversation_id, "seq": seq, "sender_id": sender_id}
    return [UserId(str(user_id)) for user_id in tx.execute(_BEHIND, parameters).scalars()]


def present(tx: Transaction, conversation_ids: Sequence[ConversationId]) -> list[UserId]:
    """Everybody who takes part in any of the conversations."""
    rows = tx.execute(_OF_CONVERSATIONS, {"conversation_ids": list(conversation_ids)})
    return [UserId(str(user_id)) for user_id in rows.scalars()]


def forget(tx: Transaction, conversation_id: ConversationId) -> None:
    """Forget a conversation that is gone."""
    tx.execute(text("delete from members where conversation_id = :id"), {"id": conversation_id})
