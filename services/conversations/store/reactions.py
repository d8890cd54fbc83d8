"""Who reacted to a message with what; how many did stands in the message's own row."""

from datetime import datetime

from sqlalchemy import select

from chassis.database import Transaction
from chassis.paging import Cursor, Page
from services.conversations.model.ids import MessageId, UserId
from services.conversations.model.reactions import Reaction
from services.conversations.store import pages
from services.conversations.store.marks import reactions as table

_OF_MESSAGE = """
    select user_id, emoji, created_at from reactions
    where message_id = :message_id and (:emoji = '' or emoji = :emoji)
"""
_PLACE = ("created_at", "user_id", "emoji")


def of_one(tx: Transaction, message_id: MessageId, user_id: UserId) -> set[str]:
    """The emojis with which somebody reacts to a message."""
    statement = select(table.c.emoji).where(table.c.message_id == message_id, table.c.user_id == user_id)
    return set(tx.execute(statement).scalars())


def add(tx: Transaction, message_id: MessageId, user_id: UserId, emoji: str) -> None:
    """Insert a reaction to a message whose conversation is locked."""
    row = {"message_id": message_id, "user_id": user_id, "emoji": emoji, "created_at": tx.now}
    tx.execute(table.insert().values(row))


def remove(tx: Transaction, message_id: MessageId, user_id: UserId, emoji: str) -> bool:
    """Delete a reaction. Returns whether there was one."""
    key = table.c.message_id == message_id, table.c.user_id == user_id, table.c.emoji == emoji
    return tx.execute(table.delete().where(*key)).rowcount == 1


def page(tx: Transaction, message_id: MessageId, emoji: str, *, cursor: Cursor | None, size: int) -> Page[Reaction]:
    """A page of a message's reactions, the earliest first."""
    named = {"message_id": message_id, "emoji": emoji}
    rows = pages.read(tx, _OF_MESSAGE, named, place=_PLACE, cursor=cursor, size=size)
    return Page.cut([Reaction(*row) for row in rows], size=size, cursor=cursor, key=_place)


def _place(reaction: Reaction) -> tuple[datetime, UserId, str]:
    return reaction.created_at, reaction.user_id, reaction.emoji
