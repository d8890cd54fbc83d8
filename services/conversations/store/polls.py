"""Who voted for what; how many did stands in the message's own row."""

from collections.abc import Sequence

from sqlalchemy import select, text

from chassis.database import Transaction
from chassis.paging import Cursor, Page
from services.conversations.model.ids import MessageId, UserId
from services.conversations.model.polls import Vote
from services.conversations.store import pages
from services.conversations.store.marks import votes as table

# The two parts of the statement touch different rows.
_CAST = text("""
    with withdrawn as (
        delete from votes where message_id = :message_id and user_id = :user_id
        and option <> all(cast(:options as smallint[])))
    insert into votes (message_id, user_id, option, created_at)
    select :message_id, :user_id, unnest(cast(:options as smallint[])), :at on conflict do nothing
""")
_OF_MESSAGE = """
    select user_id, options, created_at from (
        select user_id, array_agg(option order by option) as options, max(created_at) as created_at
        from votes where message_id = :message_id group by user_id) as cast_votes
    where true
"""


def of_one(tx: Transaction, message_id: MessageId, user_id: UserId) -> tuple[int, ...]:
    """The options that somebody votes for."""
    statement = select(table.c.option).where(table.c.message_id == message_id, table.c.user_id == user_id)
    return tuple(tx.execute(statement.order_by(table.c.option)).scalars())


def cast(tx: Transaction, message_id: MessageId, user_id: UserId, options: Sequence[int]) -> None:
    """Have somebody vote for these options and no others, on a message whose conversation is locked."""
    tx.execute(_CAST, {"message_id": message_id, "user_id": user_id, "options": list(options), "at": tx.now})


def page(tx: Transaction, message_id: MessageId, *, cursor: Cursor | None, size: int) -> Page[Vote]:
    """A page of a poll's votes, by user id."""
    rows = pages.read(tx, _OF_MESSAGE, {"message_id": message_id}, place=("user_id",), cursor=cursor, size=size)
    found = [Vote(user_id, tuple(options), at) for user_id, options, at in rows]
    return Page.cut(found, size=size, cursor=cursor, key=lambda vote: (vote.user_id,))
