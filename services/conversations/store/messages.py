"""Messages that are stored, and the texts they had before."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import null, text

from chassis.database import Transaction
from services.conversations.model.errors import MessageNotFound
from services.conversations.model.ids import ConversationId, MessageId, UserId
from services.conversations.model.languages import language_of
from services.conversations.model.messages import Message, MessageType, Priority
from services.conversations.model.viewers import Viewed
from services.conversations.store import parts, viewers
from services.conversations.store.tables import listed
from services.conversations.store.tables import messages as table

# In the order of Message's fields.
COLUMNS = (
    table.c.id,
    table.c.conversation_id,
    table.c.seq,
    table.c.rev,
    table.c.sender_id,
    table.c.message_type,
    table.c.content,
    table.c.priority,
    table.c.is_important,
    table.c.client_message_id,
    table.c.created_at,
    table.c.edited_at,
    table.c.deleted_at,
    table.c.reply_to_id,
    table.c.thread_root_id,
    table.c.reply_count,
    table.c.mentions,
    table.c.mentions_all,
    table.c.forwarded_from,
    table.c.requires_acknowledgement,
    table.c.acknowledgement_count,
    table.c.reactions,
    table.c.is_pinned,
    table.c.previews,
    table.c.poll,
)
# A message `m` as all see it.
SHOWN = listed("m", COLUMNS)
# The same, and what the member who asks sees of it beside.
VIEWED = f"{SHOWN}, {viewers.MARKS} as marks"
_TYPES = {kind.value: kind for kind in MessageType}
_PRIORITIES = {priority.value: priority for priority in Priority}

# Of the member's conversations: what was said since they may read, without what they deleted for themselves.
NOT_HIDDEN = "not exists (select from hidden_messages h where h.user_id = :member_id and h.message_id = m.id)"
VISIBLE = f"m.seq > p.visible_after and {NOT_HIDDEN}"
_ONE = """
    from messages m
    join conversations c on c.id = m.conversation_id and c.deleted_at is null
    join participants p on p.conversation_id = c.id and p.left_at is null
    where m.id = :message_id and p.user_id = :member_id and m.seq > p.visible_after
"""
_GET = text(f"select {SHOWN} {_ONE} and {NOT_HIDDEN}")
_VIEW = text(f"select {VIEWED} {_ONE} and {NOT_HIDDEN}")
_NAMED = text(f"select {SHOWN} from messages m where m.id = any(cast(:message_ids as uuid[]))")  # noqa: S608 - the same
_NAMED_VISIBLE = text(f"""
    select {SHOWN} from messages m
    join conversations c on c.id = m.conversation_id and c.deleted_at is null
    join participants p on p.conversation_id = c.id and p.left_at is null
    where m.id = any(cast(:message_ids as uuid[])) and p.user_id = :member_id and {VISIBLE}
""")  # noqa: S608 - names of columns
_KEEP_VERSION = text("""
    insert into message_versions (message_id, rev, content, created_at)
    select id, rev, content, coalesce(edited_at, created_at) from messages where id = :message_id
""")
# What people attached to it goes with its texts; who acknowledged it stays on record.
_DROP_ALL = text("""
    with versions as (delete from message_versions where message_id = :message_id),
    reacted as (delete from reactions where message_id = :message_id),
    voted as (delete from votes where message_id = :message_id),
    reminded as (delete from reminders where message_id = :message_id)
    delete from pins where message_id = :message_id
""")
# Answers where it is, also when it was hidden before.
_HIDE = text(f"""
    with seen as (select m.id, m.conversation_id {_ONE}),
    hidden as (
        insert into hidden_messages (user_id, message_id) select cast(:member_id as uuid), id from seen
        on conflict do nothing returning message_id)
    select conversation_id, exists (select from hidden) from seen
""")  # noqa: S608 - names of columns
# By member, as the key begins with them.
_HIDDEN_FROM = text("""
    select p.user_id from participants p join hidden_messages h on h.user_id = p.user_id and h.message_id = :message_id
    where p.conversation_id = :conversation_id and p.left_at is null
""")


def of_row(row: Sequence[Any]) -> Message:
    """Read COLUMNS."""
    (
        message_id, conversation_id, seq, rev, sender_id, message_type, content, priority, is_important,
        client_message_id, created_at, edited_at, deleted_at, reply_to_id, thread_root_id, reply_count,
        mentions, mentions_all, origin, requires_acknowledgement, acknowledgement_count,
        reactions, is_pinned, previews, poll,
    ) = row  # fmt: skip
    return Message(
        message_id,
        conversation_id,
        seq,
        rev,
        sender_id,
        _TYPES[message_type],
        content,
        _PRIORITIES[priority],
        is_important,
        client_message_id,
        created_at,
        edited_at,
        deleted_at,
        reply_to_id,
        thread_root_id,
        reply_count,
        tuple(mentions) if mentions else (),
        mentions_all,
        parts.origin(origin) if origin is not None else None,
        requires_acknowledgement,
        acknowledgement_count,
        tuple((emoji, count) for emoji, count in reactions) if reactions else (),
        is_pinned,
        tuple(map(parts.preview, previews)) if previews else (),
        parts.poll(poll) if poll is not None else None,
    )


def found(row: Sequence[Any]) -> tuple[Message, Any]:
    """Read VIEWED: a message and its marks."""
    return of_row(row[:-1]), row[-1]


def size_of(message: Message) -> int:
    """About how many bytes it takes in an answer."""
    texts = len(message.content.encode()) + sum(len(found.description) + 200 for found in message.previews)
    return 500 + texts + (4 * sum(map(len, message.poll.options)) if message.poll else 0)


def get(tx: Transaction, message_id: MessageId, *, member_id: UserId) -> Message:
    """A message that the member may see. Raises: MessageNotFound."""
    row = tx.execute(_GET, {"message_id": message_id, "member_id": member_id}).one_or_none()
    if row is None:
        raise MessageNotFound()
    return of_row(row)


def view(tx: Transaction, message_id: MessageId, *, member_id: UserId) -> Viewed:
    """A message as the member sees it. Raises: MessageNotFound."""
    row = tx.execute(_VIEW, {"message_id": message_id, "member_id": member_id}).one_or_none()
    if row is None:
        raise MessageNotFound()
    [viewed] = viewers.settled(tx, [found(row)], member_id=member_id)
    return viewed


def hide(tx: Transaction, message_id: MessageId, *, member_id: UserId) -> tuple[ConversationId, bool]:
    """Hide a message from one member: answers where it is, and whether that is new. Raises: MessageNotFound."""
    row = tx.execute(_HIDE, {"message_id": message_id, "member_id": member_id}).one_or_none()
    if row is None:
        raise MessageNotFound()
    conversation_id, is_new = row
    return conversation_id, is_new


def hidden_from(tx: Transaction, message: Message) -> tuple[UserId, ...]:
    """The members who have deleted a message for themselves."""
    parameters = {"conversation_id": message.conversation_id, "message_id": message.message_id}
    return tuple(tx.execute(_HIDDEN_FROM, parameters).scalars())


def named(tx: Transaction, message_ids: Sequence[str], *, member_id: UserId | None = None) -> dict[str, Message]:
    """Messages by their ids that a member may see or, without one, whoever may see them."""
    if not message_ids:
        return {}
    statement = _NAMED if member_id is None else _NAMED_VISIBLE
    parameters = {"message_ids": list(message_ids), "member_id": member_id}
    found = map(of_row, tx.execute(statement, parameters).all())
    return {message.message_id: message for message in found}


def save_edit(tx: Transaction, edited: Message, *, is_rewritten: bool) -> None:
    """Write an edited message; a text that is replaced stays in its history."""
    if is_rewritten:
        tx.execute(_KEEP_VERSION, {"message_id": edited.message_id})
    save(tx, edited)


def save_deletion(tx: Transaction, stub: Message) -> None:
    """Write what is left of a message; all its texts are gone."""
    tx.execute(_DROP_ALL, {"message_id": stub.message_id})
    save(tx, stub)


def save(tx: Transaction, message: Message) -> None:
    """Write what can change of a message whose conversation is locked."""
    values = {
        "rev": message.rev,
        "content": message.content,
        "language": language_of(message.content),
        "priority": message.priority,
        "is_important": message.is_important,
        "edited_at": message.edited_at,
        "deleted_at": message.deleted_at,
        "mentions": list(message.mentions) or None,
        "mentions_all": message.mentions_all,
        "forwarded_from": parts.origin_json(message.forwarded_from) if message.forwarded_from else null(),
        "requires_acknowledgement": message.requires_acknowledgement,
        "acknowledgement_count": message.acknowledgement_count,
        "reactions": [list(pair) for pair in message.reactions] or null(),
        "is_pinned": message.is_pinned,
        "previews": [parts.preview_json(preview) for preview in message.previews] or null(),
        "poll": parts.poll_json(message.poll) if message.poll else null(),
    }
    tx.execute(table.update().where(table.c.id == message.message_id).values(values))
