"""Who takes part where, as this service knows it."""

from collections.abc import Sequence

from sqlalchemy import text

from chassis.database import Transaction
from services.notifications.model.ids import ConversationId, MessageId, UserId
from services.notifications.model.members import Member, Position
from services.notifications.model.messages import Message, Missed

_SET = text("""
    insert into members (conversation_id, user_id, is_present, read_seq, rev)
    values (:conversation_id, :user_id, :is_present, :read_seq, :rev)
    on conflict (conversation_id, user_id) do update
    set is_present = excluded.is_present, read_seq = greatest(members.read_seq, excluded.read_seq), rev = excluded.rev
    where members.rev <= excluded.rev
""")
_MOVE_READ = text("""
    update members set read_seq = p.read_seq
    from (select conversation_id, user_id, max(read_seq) as read_seq
          from unnest(cast(:conversation_ids as uuid[]), cast(:user_ids as uuid[]), cast(:read_seqs as bigint[]))
               as told (conversation_id, user_id, read_seq)
          group by conversation_id, user_id) p
    where members.conversation_id = p.conversation_id and members.user_id = p.user_id and members.read_seq < p.read_seq
    returning members.conversation_id, members.user_id, members.read_seq
""")
_MISSING = text("""
    select m.conversation_id, m.user_id, (array_agg(s.id order by s.seq desc))[1] as newest_id, count(*) as count
    from unnest(cast(:ids as uuid[]), cast(:conversation_ids as uuid[]), cast(:seqs as bigint[]),
                cast(:sender_ids as uuid[])) as s (id, conversation_id, seq, sender_id)
    join members m on m.conversation_id = s.conversation_id
    where m.is_present and m.user_id <> s.sender_id and m.read_seq < s.seq
    group by m.conversation_id, m.user_id
    order by m.conversation_id, m.user_id
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


def move_read(tx: Transaction, positions: Sequence[Position]) -> list[Position]:
    """Move members' read positions forward. Returns where those are now that moved."""
    parameters = {
        "conversation_ids": [position.conversation_id for position in positions],
        "user_ids": [position.user_id for position in positions],
        "read_seqs": [position.read_seq for position in positions],
    }
    return [Position(ConversationId(str(c)), UserId(str(u)), seq) for c, u, seq in tx.execute(_MOVE_READ, parameters)]


def missing(tx: Transaction, sent: Sequence[Message]) -> list[Missed]:
    """What each member has not read of what others sent, one for each member and conversation."""
    parameters = {
        "ids": [message.message_id for message in sent],
        "conversation_ids": [message.conversation_id for message in sent],
        "seqs": [message.seq for message in sent],
        "sender_ids": [message.sender_id for message in sent],
    }
    rows = tx.execute(_MISSING, parameters)
    return [Missed(ConversationId(str(c)), UserId(str(u)), MessageId(str(n)), count) for c, u, n, count in rows]


def present(tx: Transaction, conversation_ids: Sequence[ConversationId]) -> list[UserId]:
    """Everybody who takes part in any of the conversations."""
    rows = tx.execute(_OF_CONVERSATIONS, {"conversation_ids": list(conversation_ids)})
    return [UserId(str(user_id)) for user_id in rows.scalars()]


def forget(tx: Transaction, conversation_id: ConversationId) -> None:
    """Forget a conversation that is gone."""
    tx.execute(text("delete from members where conversation_id = :id"), {"id": conversation_id})
