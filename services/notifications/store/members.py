"""Who takes part where, as this service knows it."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import text

from chassis.database import Transaction, arrays
from services.notifications.model.ids import ConversationId, MessageId, UserId
from services.notifications.model.members import Member, Position, Settings
from services.notifications.model.messages import Message, Missed, Readers
from services.notifications.model.notifications import Kind

_SET = text("""
    insert into members (conversation_id, user_id, is_present, read_seq, rev, visible_after)
    values (:conversation_id, :user_id, :is_present, :read_seq, :rev, :visible_after)
    on conflict (conversation_id, user_id) do update
    set is_present = excluded.is_present, read_seq = greatest(members.read_seq, excluded.read_seq), rev = excluded.rev,
        visible_after = excluded.visible_after
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
# They may not be known yet: events of a conversation and of its members come each in their own order.
_CHOOSE = text("""
    insert into members (conversation_id, user_id, is_present, read_seq, rev, notification_level, snoozed_until)
    values (:conversation_id, :user_id, false, 0, 0, :level, :snoozed_until)
    on conflict (conversation_id, user_id) do update
    set notification_level = excluded.notification_level, snoozed_until = excluded.snoozed_until
""")
_TOLD = """
    unnest(cast(:ids as uuid[]), cast(:conversation_ids as uuid[]), cast(:seqs as bigint[]),
           cast(:sender_ids as uuid[]), cast(:times as timestamptz[]))
    as s (id, conversation_id, seq, sender_id, told_at)
    join members m on m.conversation_id = s.conversation_id and m.is_present and m.user_id <> s.sender_id
         and not exists (select from blocks b where b.user_id = m.user_id and b.blocked_user_id = s.sender_id)
"""
_AWAKE = "(m.snoozed_until is null or m.snoozed_until <= s.told_at)"
# Most batches call nobody: without what is asked for calls, this costs half.
_MISSING = text(f"""
    select m.conversation_id, m.user_id, (array_agg(s.id order by s.seq desc))[1] as newest_id, count(*) as count
    from {_TOLD} where m.read_seq < s.seq and {_AWAKE} and m.notification_level = 1
    group by m.conversation_id, m.user_id
    order by m.conversation_id, m.user_id
""")  # noqa: S608 - conditions of the module
_MISSING_CALLS = text(f"""
    with judged as (
        select s.id, s.seq, m.conversation_id, m.user_id, m.notification_level,
               case when d.is_to_all or c.user_id is not null then 'mention'
                    when f.user_id is not null then 'reply' else 'message' end as kind
        from {_TOLD}
        join unnest(cast(:ids as uuid[]), cast(:are_to_all as boolean[]), cast(:root_ids as uuid[]))
             as d (id, is_to_all, root_id) on d.id = s.id
        left join unnest(cast(:calling_ids as uuid[]), cast(:called_ids as uuid[])) as c (id, user_id)
                  on c.id = s.id and c.user_id = m.user_id
        left join followers f on f.root_id = d.root_id and f.user_id = m.user_id and f.is_following
        where m.read_seq < s.seq and {_AWAKE})
    select conversation_id, user_id, (array_agg(id order by seq desc))[1] as newest_id, count(*) as count, kind,
           array_agg(seq order by seq desc) filter (where kind <> 'message') as seqs
    from judged
    where notification_level = 1 or notification_level = 2 and kind <> 'message'
    group by conversation_id, user_id, kind
    order by conversation_id, user_id, kind
""")  # noqa: S608 - conditions of the module
_REACHED = text(f"""
    select m.conversation_id, m.user_id, s.id, s.seq
    from {_TOLD}
    where m.visible_after < s.seq and (m.user_id = any(cast(:user_ids as uuid[]))) <> :are_all_others
      and (:is_insistent or {_AWAKE} and m.notification_level < 3)
    order by m.conversation_id, m.user_id, s.seq
""")  # noqa: S608 - conditions of the module
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
        "visible_after": member.visible_after,
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


def choose(tx: Transaction, settings: Settings) -> None:
    """Store what a member has chosen, or one who is to become a member."""
    parameters = {
        "conversation_id": settings.conversation_id,
        "user_id": settings.user_id,
        "level": settings.level.value,
        "snoozed_until": settings.snoozed_until,
    }
    tx.execute(_CHOOSE, parameters)


def missing(tx: Transaction, sent: Sequence[Message]) -> list[Missed]:
    """What each member has not read of what others sent, and wants to hear of, for each reason."""
    told = _told(sent)
    if not any(message.calls for message in sent):
        rows = tx.execute(_MISSING, told)
        return [Missed(ConversationId(str(c)), UserId(str(u)), MessageId(str(n)), count) for c, u, n, count in rows]
    parameters = {
        **told,
        "are_to_all": arrays.plain(message.mentions.is_everybody for message in sent),
        "root_ids": arrays.plain(message.thread_root_id for message in sent),
        "calling_ids": arrays.plain(message.message_id for message in sent for _ in message.mentions.user_ids),
        "called_ids": arrays.plain(user_id for message in sent for user_id in message.mentions.user_ids),
    }
    return [
        Missed(ConversationId(str(c)), UserId(str(u)), MessageId(str(n)), count, Kind(kind), seqs and tuple(seqs))
        for c, u, n, count, kind, seqs in tx.execute(_MISSING_CALLS, parameters)
    ]


def reached(tx: Transaction, told: Sequence[Message], readers: Readers, kind: Kind) -> list[Missed]:
    """Those of some readers to whom each message may be told, read or not; acknowledging is asked of all of them."""
    parameters = {
        **_told(told),
        "user_ids": list(readers.user_ids),
        "are_all_others": readers.are_all_others,
        "is_insistent": kind is Kind.ACKNOWLEDGEMENT,
    }
    is_shared = kind is not Kind.ACKNOWLEDGEMENT
    return [
        Missed(ConversationId(str(c)), UserId(str(u)), MessageId(str(i)), 1, kind, (seq,) if is_shared else None)
        for c, u, i, seq in tx.execute(_REACHED, parameters)
    ]


def _told(messages: Sequence[Message]) -> dict[str, Any]:
    return {
        "ids": arrays.plain(message.message_id for message in messages),
        "conversation_ids": arrays.plain(message.conversation_id for message in messages),
        "seqs": arrays.plain(message.seq for message in messages),
        "sender_ids": arrays.plain(message.sender_id for message in messages),
        "times": arrays.plain(message.told_at for message in messages),
    }


def present(tx: Transaction, conversation_ids: Sequence[ConversationId]) -> list[UserId]:
    """Everybody who takes part in any of the conversations."""
    rows = tx.execute(_OF_CONVERSATIONS, {"conversation_ids": list(conversation_ids)})
    return [UserId(str(user_id)) for user_id in rows.scalars()]


def forget(tx: Transaction, conversation_id: ConversationId) -> None:
    """Forget a conversation that is gone."""
    tx.execute(text("delete from members where conversation_id = :id"), {"id": conversation_id})
