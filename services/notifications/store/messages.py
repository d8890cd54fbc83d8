"""Messages in the inboxes of all whom they concern. Many people are one statement, however many they are."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import TextualSelect

from chassis.database import Transaction, arrays
from chassis.ids import uuid7
from services.notifications.model.ids import MessageId, UserId
from services.notifications.model.messages import Message, Missed, Readers
from services.notifications.model.notifications import Kind, Notification
from services.notifications.store.rows import every, returning

# So that no statement outlasts its timeout, however many people a batch concerns.
_AT_ONCE = 5000

_INSERT = """
    insert into notifications (id, user_id, kind, title, body, actor_id, conversation_id, message_id, seq, seqs, count,
                               created_at)
    select n.id, n.user_id, n.kind, m.title, m.body, m.sender_id, m.conversation_id, m.id, m.seq,
           cast(n.seqs as bigint[]), n.count, :now
    from unnest(cast(:ids as uuid[]), cast(:user_ids as uuid[]), cast(:kinds as text[]), cast(:newest_ids as uuid[]),
                cast(:counts as int[]), cast(:seqs as text[])) as n (id, user_id, kind, newest_id, count, seqs)
    join unnest(cast(:message_ids as uuid[]), cast(:message_kinds as text[]), cast(:conversation_ids as uuid[]),
                cast(:message_seqs as bigint[]), cast(:sender_ids as uuid[]), cast(:titles as text[]),
                cast(:bodies as text[])) as m (id, kind, conversation_id, seq, sender_id, title, body)
         on m.id = n.newest_id and m.kind = n.kind
"""
# A message that comes late, after newer ones, changes nothing: they stand for it. An edited one stands for itself.
_ADD = returning(
    _INSERT
    + """
    on conflict (user_id, conversation_id, kind) where kind in ('message', 'mention', 'reply') do update
    set title = excluded.title, body = excluded.body, actor_id = excluded.actor_id, message_id = excluded.message_id,
        seq = case when notifications.read_at is null then greatest(notifications.seq, excluded.seq)
                   else excluded.seq end,
        seqs = case when notifications.read_at is null then (excluded.seqs || notifications.seqs)[1 : 100]
                    else excluded.seqs end,
        count = excluded.count + case when notifications.read_at is null then notifications.count else 0 end,
        created_at = case when notifications.read_at is null then notifications.created_at else excluded.created_at end,
        read_at = null
    where notifications.seq < excluded.seq or :is_edit
"""
)
# What was acknowledged meanwhile is not asked for again.
_ASK = returning(
    _INSERT
    + """
    on conflict (user_id, message_id) where kind = 'acknowledgement' do update
    set title = excluded.title, body = excluded.body, created_at = excluded.created_at
    where notifications.read_at is null
"""
)
_ACKNOWLEDGE = returning("""
    update notifications set read_at = :now
    where message_id = :message_id and user_id = :user_id and kind = 'acknowledgement' and read_at is null
""")
_REVISE = returning("update notifications set body = :body where message_id = :message_id and body <> :body")
# Without the message's id no edit that comes late brings the text back.
_RETRACT = returning("update notifications set body = '', message_id = null where message_id = :message_id")
_HIDE = returning("""
    update notifications set body = '', message_id = null
    where message_id = :message_id and user_id = :user_id and kind <> 'acknowledgement'
""")
_WAIVE = returning("""
    delete from notifications where message_id = :message_id and user_id = :user_id and kind = 'acknowledgement'
""")
_ABOUT = """
    conversation_id = :conversation_id and kind = any(:kinds)
    and (user_id = any(cast(:user_ids as uuid[]))) <> :are_all_others
"""
# That a message was acknowledged is remembered: nobody is asked again when an edit asks again.
_DROP = returning(f"""
    delete from notifications
    where {_ABOUT}
      and (seqs = array[cast(:seq as bigint)] or seqs is null and message_id = :message_id and read_at is null)
""")  # noqa: S608 - conditions of the module
_TAKE_OUT = returning(f"""
    update notifications
    set count = greatest(count - 1, 1), seqs = array_remove(seqs, :seq),
        seq = (select max(s) from unnest(array_remove(seqs, :seq)) as s),
        body = case when message_id = :message_id then '' else body end, message_id = nullif(message_id, :message_id)
    where {_ABOUT} and :seq = any(seqs)
""")  # noqa: S608 - conditions of the module


def add(
    tx: Transaction,
    messages: Mapping[MessageId, Message],
    titles: Mapping[tuple[MessageId, Kind], str],
    missed: Sequence[Missed],
    *,
    is_edit: bool = False,
) -> list[Notification]:
    """Put the newest of what each has missed into the conversation's notification there, or into a new one."""
    return _put(tx, _ADD, messages, titles, missed, is_edit=is_edit)


def ask(
    tx: Transaction,
    messages: Mapping[MessageId, Message],
    titles: Mapping[tuple[MessageId, Kind], str],
    asked: Sequence[Missed],
) -> list[Notification]:
    """Have messages wait to be acknowledged, those that wait already at the top again."""
    return _put(tx, _ASK, messages, titles, asked)


def _put(
    tx: Transaction,
    statement: TextualSelect,
    messages: Mapping[MessageId, Message],
    titles: Mapping[tuple[MessageId, Kind], str],
    missed: Sequence[Missed],
    **parameters: Any,
) -> list[Notification]:
    shown = [messages[message_id] for message_id, _ in titles]
    parameters |= {
        "message_ids": arrays.plain(message.message_id for message in shown),
        "message_kinds": arrays.plain(kind for _, kind in titles),
        "conversation_ids": arrays.plain(message.conversation_id for message in shown),
        "message_seqs": arrays.plain(message.seq for message in shown),
        "sender_ids": arrays.plain(message.sender_id for message in shown),
        "titles": list(titles.values()),
        "bodies": [message.excerpt for message in shown],
        "now": tx.now,
    }
    changed = []
    for start in range(0, len(missed), _AT_ONCE):
        some = missed[start : start + _AT_ONCE]
        recipients = {
            "ids": arrays.plain(uuid7() for _ in some),
            "user_ids": arrays.plain(one.user_id for one in some),
            "kinds": arrays.plain(one.kind for one in some),
            "newest_ids": arrays.plain(one.newest_id for one in some),
            "counts": arrays.plain(one.count for one in some),
            # Lists of different lengths are no array of arrays.
            "seqs": [one.seqs and arrays.plain(one.seqs) for one in some],
        }
        changed += every(tx, statement, {**parameters, **recipients})
    return changed


def acknowledge(tx: Transaction, message_id: MessageId, user_id: UserId) -> list[Notification]:
    """Settle that somebody was asked to acknowledge a message."""
    return every(tx, _ACKNOWLEDGE, {"message_id": message_id, "user_id": user_id, "now": tx.now})


def revise(tx: Transaction, message_id: MessageId, body: str) -> list[Notification]:
    """Show another text wherever the message is the newest."""
    return every(tx, _REVISE, {"message_id": message_id, "body": body})


def retract(tx: Transaction, message_id: MessageId) -> list[Notification]:
    """Show no text wherever the message is the newest."""
    return every(tx, _RETRACT, {"message_id": message_id})


def hide(tx: Transaction, message_id: MessageId, user_id: UserId) -> tuple[list[Notification], list[Notification]]:
    """Show a message no more to one person. Returns what was removed, and what shows no text now."""
    parameters = {"message_id": message_id, "user_id": user_id}
    return every(tx, _WAIVE, parameters), every(tx, _HIDE, parameters)


def withdraw(
    tx: Transaction, message: Message, kinds: Sequence[Kind], readers: Readers
) -> tuple[list[Notification], list[Notification]]:
    """Have a message concern some readers no longer. Returns what was removed, and what counts one less."""
    parameters = {
        "message_id": message.message_id,
        "conversation_id": message.conversation_id,
        "seq": message.seq,
        "kinds": [kind.value for kind in kinds],
        "user_ids": list(readers.user_ids),
        "are_all_others": readers.are_all_others,
    }
    return every(tx, _DROP, parameters), every(tx, _TAKE_OUT, parameters)
