"""The statements of a batch of sends: lock, check, write, whatever its size; the outbox follows at the commit."""

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from chassis.database import Prepared, Transaction, arrays
from services.conversations.model.changes import ChangeKind
from services.conversations.model.ids import ConversationId, MessageId, UserId
from services.conversations.model.languages import language_of
from services.conversations.model.messages import Draft, Message
from services.conversations.model.participants import Standing
from services.conversations.model.permissions import Role
from services.conversations.store import parts

_ROLES = {role.value: role for role in Role}

# What others hold is left out instead of waited for: one busy conversation must not delay the others. The clock is
# read with the lock, so that within a conversation the order of time is that of seq; now() is that of the beginning.
_LOCK = Prepared("""
    select id, last_seq, rev, clock_timestamp() from conversations
    where id = any(cast(:ids as uuid[])) and deleted_at is null
    order by id for no key update skip locked
""")
# Keep the conditions equal to those of one member in store/participants.py.
_CHECK = Prepared("""
    select i.n, p.role, coalesce(a.is_active, true),
           c.kind = 1 and exists (select from blocks b where (b.user_id, b.blocked_user_id)
                                  in ((c.pair_low, c.pair_high), (c.pair_high, c.pair_low))),
           p.muted_until, c.posting_policy = 2, c.slow_mode_seconds, p.last_sent_at, p.visible_after,
           m.id, m.body_hash
    from unnest(cast(:conversation_ids as uuid[]), cast(:sender_ids as uuid[]), cast(:keys as text[]))
         with ordinality as i(conversation_id, sender_id, key, n)
    join conversations c on c.id = i.conversation_id and c.deleted_at is null
    join participants p on p.conversation_id = i.conversation_id and p.user_id = i.sender_id and p.left_at is null
    left join people a on a.user_id = i.sender_id
    left join messages m on m.conversation_id = i.conversation_id and m.sender_id = i.sender_id
                         and m.client_message_id = i.key
""")
# The sender has read what was there before, and the message itself.
_WRITE = Prepared("""
    with sent as (
        select * from unnest(
            cast(:ids as uuid[]), cast(:conversation_ids as uuid[]), cast(:seqs as bigint[]), cast(:revs as bigint[]),
            cast(:sender_ids as uuid[]), cast(:message_types as smallint[]), cast(:contents as text[]),
            cast(:priorities as smallint[]), cast(:importances as boolean[]), cast(:keys as text[]),
            cast(:body_hashes as bytea[]), cast(:parts as jsonb[]), cast(:languages as smallint[])
        ) as rows(id, conversation_id, seq, rev, sender_id, message_type, content, priority, is_important,
                  client_message_id, body_hash, parts, language)),
    stored as (
        insert into messages (id, conversation_id, seq, rev, sender_id, message_type, content, priority, is_important,
                              client_message_id, body_hash, created_at, reply_to_id, thread_root_id, mentions,
                              mentions_all, forwarded_from, requires_acknowledgement, poll, language)
        select id, conversation_id, seq, rev, sender_id, message_type, content, priority, is_important,
               client_message_id, body_hash, :at, (parts ->> 'reply_to_id')::uuid, (parts ->> 'thread_root_id')::uuid,
               case when parts ? 'mentions' then array(select jsonb_array_elements_text(parts -> 'mentions')) end,
               coalesce((parts -> 'mentions_all')::boolean, false), parts -> 'forwarded_from',
               coalesce((parts -> 'requires_acknowledgement')::boolean, false), parts -> 'poll', language
        from sent),
    logged as (
        insert into conversation_changes (conversation_id, rev, kind, actor_id, target_id, created_at)
        select conversation_id, rev, :kind, sender_id, id, :at from sent),
    moved as (
        update participants p
        set read_seq = greatest(p.read_seq, last.seq), delivered_seq = greatest(p.delivered_seq, last.seq),
            last_sent_at = :at
        from (select conversation_id, sender_id, max(seq) as seq from sent group by 1, 2) as last
        where p.conversation_id = last.conversation_id and p.user_id = last.sender_id)
    update conversations c set last_seq = last.seq, rev = last.rev, updated_at = :at
    from (select conversation_id, max(seq) as seq, max(rev) as rev from sent group by 1) as last
    where c.id = last.conversation_id
""")


# What replies refer to, as their senders may see it.
_TARGETS = text("""
    select i.n, m.id, coalesce(r.id, m.id), coalesce(r.sender_id, m.sender_id), m.seq
    from unnest(cast(:conversation_ids as uuid[]), cast(:sender_ids as uuid[]), cast(:target_ids as uuid[]))
         with ordinality as i(conversation_id, sender_id, target_id, n)
    join messages m on m.id = i.target_id and m.conversation_id = i.conversation_id and m.deleted_at is null
    left join messages r on r.id = m.thread_root_id
    where not exists (select from hidden_messages h where h.user_id = i.sender_id and h.message_id = m.id)
""")
# Who answers follows the thread and has read it so far; who began it follows it unless they said otherwise.
_COUNT_REPLIES = text("""
    with replies as (
        select * from unnest(cast(:root_ids as uuid[]), cast(:sender_ids as uuid[]), cast(:seqs as bigint[]))
        as rows(root_id, sender_id, seq)),
    counted as (
        update messages m set reply_count = reply_count + more.count
        from (select root_id, count(*) as count from replies group by 1) as more where m.id = more.root_id
        returning m.id, m.sender_id, m.seq),
    begun as (
        insert into threads (root_id, user_id, read_seq, is_subscribed)
        select id, sender_id, seq, true from counted
        where (id, sender_id) not in (select root_id, sender_id from replies) on conflict do nothing)
    insert into threads (root_id, user_id, read_seq, is_subscribed)
    select root_id, sender_id, max(seq), true from replies group by 1, 2
    on conflict (root_id, user_id) do update
    set read_seq = greatest(threads.read_seq, excluded.read_seq), is_subscribed = true
""")
_MENTIONED = text("""
    select p.conversation_id, a.username, p.user_id
    from unnest(cast(:conversation_ids as uuid[]), cast(:usernames as text[])) as i(conversation_id, username)
    join people a on a.username = i.username and a.is_active
    join participants p on p.conversation_id = i.conversation_id and p.user_id = a.user_id and p.left_at is null
""")
_REMIND = text("""
    insert into reminders (message_id, next_at) select unnest(cast(:message_ids as uuid[])), :next_at
    on conflict do nothing
""")
_FORGET = text("delete from reminders where message_id = :message_id")


@dataclass(frozen=True, slots=True)
class Target:
    """A message that is answered."""

    message_id: MessageId
    root_id: MessageId
    root_author_id: UserId
    seq: int


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
    rows = tx.rows(_LOCK, {"ids": arrays.plain(conversation_ids)})
    heads = {conversation_id: Head(last_seq, rev) for conversation_id, last_seq, rev, _ in rows}
    return heads, max((row[3] for row in rows), default=tx.now)


def check(tx: Transaction, drafts: Sequence[Draft]) -> dict[int, Checked]:
    """What is known about each draft, by its place; those from outsiders have no entry."""
    rows = tx.rows(
        _CHECK,
        {
            "conversation_ids": arrays.plain(draft.conversation_id for draft in drafts),
            "sender_ids": arrays.plain(draft.sender_id for draft in drafts),
            "keys": arrays.texts(draft.client_message_id for draft in drafts),
        },
    )
    return {
        n - 1: Checked(Standing(_ROLES[role], *others), earlier_id, bytes(body_hash or b""))
        for n, role, *others, earlier_id, body_hash in rows
    }


def targets(tx: Transaction, replies: Sequence[Draft]) -> dict[int, Target]:
    """What each draft answers, by its place; what is not there, or not for its sender, has no entry."""
    rows = tx.execute(
        _TARGETS,
        {
            "conversation_ids": arrays.plain(draft.conversation_id for draft in replies),
            "sender_ids": arrays.plain(draft.sender_id for draft in replies),
            "target_ids": arrays.plain(draft.reply_to_id for draft in replies),
        },
    )
    return {n - 1: Target(*others) for n, *others in rows}


def mentioned(
    tx: Transaction, names: Collection[tuple[ConversationId, str]]
) -> dict[tuple[ConversationId, str], UserId]:
    """The members who are called so in their conversations."""
    rows = tx.execute(
        _MENTIONED,
        {"conversation_ids": arrays.plain(name[0] for name in names), "usernames": [name[1] for name in names]},
    )
    return {(conversation_id, username): user_id for conversation_id, username, user_id in rows}


def count_replies(tx: Transaction, replies: Sequence[Message]) -> None:
    """Move threads on by stored replies, and have those who wrote in them follow them."""
    tx.execute(
        _COUNT_REPLIES,
        {
            "root_ids": arrays.plain(reply.thread_root_id for reply in replies),
            "sender_ids": arrays.plain(reply.sender_id for reply in replies),
            "seqs": arrays.plain(reply.seq for reply in replies),
        },
    )


def remind(tx: Transaction, message_ids: Iterable[MessageId], *, at: datetime) -> None:
    """Have those who will not have acknowledged these messages by then reminded."""
    tx.execute(_REMIND, {"message_ids": arrays.plain(message_ids), "next_at": at})


def forget_reminder(tx: Transaction, message_id: MessageId) -> None:
    """Remind nobody of a message any more."""
    tx.execute(_FORGET, {"message_id": message_id})


def write(tx: Transaction, stored: Sequence[tuple[Message, bytes]], at: datetime) -> None:
    """Store messages with the hashes of their sends, log them, move their conversations and their senders on."""
    messages = [message for message, _ in stored]
    tx.rows(
        _WRITE,
        {
            "ids": arrays.plain(message.message_id for message in messages),
            "conversation_ids": arrays.plain(message.conversation_id for message in messages),
            "seqs": arrays.plain(message.seq for message in messages),
            "revs": arrays.plain(message.rev for message in messages),
            "sender_ids": arrays.plain(message.sender_id for message in messages),
            "message_types": arrays.plain(message.message_type for message in messages),
            "contents": arrays.texts(message.content for message in messages),
            "priorities": arrays.plain(message.priority for message in messages),
            "importances": arrays.plain(message.is_important for message in messages),
            "keys": arrays.texts(message.client_message_id for message in messages),
            "body_hashes": [body_hash for _, body_hash in stored],
            "parts": arrays.texts(_parts(message) for message in messages),
            "languages": arrays.plain(language_of(message.content) for message in messages),
            "at": at,
            "kind": ChangeKind.MESSAGE_SENT,
        },
    )


def _parts(message: Message) -> str | None:
    """What few messages have, as JSON."""
    given = {
        "reply_to_id": message.reply_to_id,
        "thread_root_id": message.thread_root_id,
        "mentions": message.mentions,
        "mentions_all": message.mentions_all,
        "forwarded_from": message.forwarded_from and parts.origin_json(message.forwarded_from),
        "requires_acknowledgement": message.requires_acknowledgement,
        "poll": message.poll and parts.poll_json(message.poll),
    }
    given = {name: value for name, value in given.items() if value}
    return json.dumps(given) if given else None
