"""Who has acknowledged a message, for good; how many have stands in the message's own row."""

from sqlalchemy import select, text

from chassis.database import Transaction
from chassis.paging import Cursor, Page
from services.conversations.model.acknowledgements import Acknowledgement
from services.conversations.model.ids import MessageId, UserId
from services.conversations.model.messages import Message
from services.conversations.store import pages
from services.conversations.store.marks import acknowledgements as table

# Those who can see it now and whoever has acknowledged it, also when they are not there any more.
_REPORT = """
    select user_id, created_at from (
        select user_id from participants
        where conversation_id = :conversation_id and left_at is null and user_id <> :sender_id and visible_after < :seq
    ) as asked full join (
        select user_id, created_at from acknowledgements where message_id = :message_id
    ) as acknowledged using (user_id)
    where (cast(:is_acknowledged as boolean) is null or (created_at is not null) = :is_acknowledged)
"""
_FORGET_REMINDER = text("""
    delete from reminders where message_id = :message_id and not exists (
        select from participants p
        where p.conversation_id = :conversation_id and p.left_at is null and p.user_id <> :sender_id
          and p.visible_after < :seq and not exists (
            select from acknowledgements a where a.message_id = :message_id and a.user_id = p.user_id))
""")


def find(tx: Transaction, message_id: MessageId, user_id: UserId) -> Acknowledgement | None:
    """Somebody's, if they have."""
    statement = select(table.c.created_at).where(table.c.message_id == message_id, table.c.user_id == user_id)
    at = tx.execute(statement).scalar_one_or_none()
    return Acknowledgement(message_id, user_id, at) if at is not None else None


def add(tx: Transaction, message: Message, user_id: UserId) -> Acknowledgement:
    """Insert one for a message whose conversation is locked; after the last one nobody is reminded any more."""
    row = {"message_id": message.message_id, "user_id": user_id, "created_at": tx.now}
    tx.execute(table.insert().values(row))
    tx.execute(_FORGET_REMINDER, _named(message))
    return Acknowledgement(message.message_id, user_id, tx.now)


def page(
    tx: Transaction, message: Message, *, is_acknowledged: bool | None, cursor: Cursor | None, size: int
) -> Page[Acknowledgement]:
    """A page of a message's report, by user id."""
    named = {**_named(message), "is_acknowledged": is_acknowledged}
    rows = pages.read(tx, _REPORT, named, place=("user_id",), cursor=cursor, size=size)
    found = [Acknowledgement(message.message_id, *row) for row in rows]
    return Page.cut(found, size=size, cursor=cursor, key=lambda each: (each.user_id,))


def _named(message: Message) -> dict[str, object]:
    return {
        "message_id": message.message_id,
        "conversation_id": message.conversation_id,
        "sender_id": message.sender_id,
        "seq": message.seq,
    }
