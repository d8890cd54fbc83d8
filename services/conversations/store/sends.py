"""The statements of a batch of sends: lock, check, write, whatever its size; the outbox follows at the commit."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from chassis.database import Transaction
from services.conversations.model.changes import ChangeKind
from services.conversations.model.ids import ConversationId
from services.conversations.model.messages import Draft, Message
from services.conversations.model.participants import Standing
from services.conversations.model.permissions import Role

# What others hold is left out instead of waited for: one busy conversation must not delay the others. The clock is
# read with the lock, so that within a conversation the order of time is that of seq; now() is that of the beginning.
_LOCK = text("""
    select id, last_seq, rev, clock_timestamp() from conversations
    where id = any(cast(:ids as uuid[])) and deleted_at is null
    order by id for no key update skip locked
""")
# Keep the conditions equal to those of one member in store/participants.py.
_CHECK = text("""
    select i.n, p.role, coalesce(a.is_active, true),
           c.kind = 1 and exists (select from blocks b where (b.user_id, b.blocked_user_id)
                                  in ((c.pair_low, c.pair_high), (c.pair_high, c.pair_low))),
           p.muted_until, m.id, m.body_hash
    from unnest(cast(:conversation_ids as uuid[]), cast(:sender_ids as uuid[]), cast(:keys as text[]))
         with ordinality as i(conversation_id, sender_id, key, n)
    join conversations c on c.id = i.conversation_id and c.deleted_at is null
    join participants p on p.conversation_id = i.conversation_id and p.user_id = i.sender_id and p.left_at is null
    left join people a on a.user_id = i.sender_id
    left join messages m on m.conversation_id = i.conversation_id and m.sender_id = i.sender_id
                         and m.client_message_id = i.key
""")
# The sender has read what was there before, and the message itself.
_WRITE = text("""
    with sent as (
        select * from unnest(
            cast(:ids as uuid[]), cast(:conversation_ids as uuid[]), cast(:seqs as bigint[]), cast(:revs as bigint[]),
            cast(:sender_ids as uuid[]), cast(:message_types as smallint[]), cast(:contents as text[]),
            cast(:priorities as smallint[]), cast(:importances as boolean[]), cast(:keys as text[]),
            cast(:body_hashes as bytea[])
        ) as rows(id, conversation_id, seq, rev, sender_id, message_type, content, priority, is_important,
                  client_message_id, body_hash)),
    stored as (
        insert into messages (id, conversation_id, seq, rev, sender_id, message_type, content, priority, is_important,
                              client_message_id, body_hash, created_at)
        select sent.*, :at from sent),
    logged as (
        insert into conversation_changes (conversation_id, rev, kind, actor_id, target_id, created_at)
        select conversation_id, rev, :kind, sender_id, id, :at from sent),
    moved as (
        update participants p
        set read_seq = greatest(p.read_seq, last.seq), delivered_seq = greatest(p.delivered_seq, last.seq)
        from (select conversation_id, sender_id, max(seq) as seq from sent group by 1, 2) as last
        where p.conversation_id = last.conversation_id and p.user_id = last.sender_id)
    update conversations c set last_seq = last.seq, rev = last.rev, updated_at = :at
    from (select conversation_id, max(seq) as seq, max(rev) as rev from sent group by 1) as last
    where c.id = last.conversation_id
""")


@dataclass(slots=True)
class Head:
    """Where a locked conversation stands; moves on with each message of the batch."""

    last_seq: int
    rev: int

    def advance(self) -> None:
        """Give out the next numbers."""
        self.last_seq += 1
        self.rev += 1


@dataclass(slots=True)
class Checked:
    """What the database knows about a draft whose sender is a member."""

    standing: Standing
    earlier_id: str | None
    body_hash: bytes


def lock(tx: Transaction, conversation_ids: Iterable[ConversationId]) -> tuple[dict[ConversationId, Head], datetime]:
    """Lock those conversations that nobody else holds; also returns the time from then on."""
    rows = tx.execute(_LOCK, {"ids": _array(conversation_ids)}).all()
    heads = {conversation_id: Head(last_seq, rev) for conversation_id, last_seq, rev, _ in rows}
    return heads, max((row[3] for row in rows), default=tx.now)


def check(tx: Transaction, drafts: Sequence[Draft]) -> dict[int, Checked]:
    """What is known about each draft, by its place; those from outsiders have no entry."""
    rows = tx.execute(
        _CHECK,
        {
            "conversation_ids": _array(draft.conversation_id for draft in drafts),
            "sender_ids": _array(draft.sender_id for draft in drafts),
            "keys": [draft.client_message_id for draft in drafts],
        },
    )
    return {
        n - 1: Checked(Standing(Role(role), is_active, is_blocked, muted_until), earlier_id, bytes(body_hash or b""))
        for n, role, is_active, is_blocked, muted_until, earlier_id, body_hash in rows
    }


def write(tx: Transaction, stored: Sequence[tuple[Message, bytes]], at: datetime) -> None:
    """Store messages with the hashes of their sends, log them, move their conversations and their senders on."""
    messages = [message for message, _ in stored]
    tx.execute(
        _WRITE,
        {
            "ids": _array(message.message_id for message in messages),
            "conversation_ids": _array(message.conversation_id for message in messages),
            "seqs": _array(message.seq for message in messages),
            "revs": _array(message.rev for message in messages),
            "sender_ids": _array(message.sender_id for message in messages),
            "message_types": _array(message.message_type for message in messages),
            "contents": [message.content for message in messages],
            "priorities": _array(message.priority for message in messages),
            "importances": _array(message.is_important for message in messages),
            "keys": [message.client_message_id for message in messages],
            "body_hashes": [body_hash for _, body_hash in stored],
            "at": at,
            "kind": ChangeKind.MESSAGE_SENT,
        },
    )


def _array(values: Iterable[object]) -> str:
    # For numbers and ids, which need no quotes: one text costs less than the adaptation of each element.
    return f"{{{','.join(map(str, values))}}}"
