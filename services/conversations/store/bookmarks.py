"""Which messages people keep at hand for themselves."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert

from chassis.database import Transaction
from chassis.paging import Cursor, Page
from services.conversations.model.bookmarks import Bookmark
from services.conversations.model.ids import MessageId, UserId
from services.conversations.store import messages, pages, viewers
from services.conversations.store.marks import bookmarks as table

# So that of two that are made at once each counts the other.
_LOCK_OF = text("select pg_advisory_xact_lock(hashtextextended('bookmarks ' || :user_id, 0))")
_COUNT = text("select count(*) from bookmarks where user_id = :user_id")
_VISIBLE = f"""
    select x.created_at, {messages.VIEWED} from bookmarks x
    join messages m on m.id = x.message_id and m.deleted_at is null
    join conversations c on c.id = m.conversation_id and c.deleted_at is null
    join participants p on p.conversation_id = c.id and p.user_id = x.user_id and p.left_at is null
    where x.user_id = :member_id and {messages.VISIBLE}
"""  # noqa: S608 - names of columns


def count(tx: Transaction, user_id: UserId) -> int:
    """How many somebody has; nobody adds one for them until the commit."""
    tx.execute(_LOCK_OF, {"user_id": user_id})
    return int(tx.execute(_COUNT, {"user_id": user_id}).scalar_one())


def add(tx: Transaction, user_id: UserId, message_id: MessageId) -> bool:
    """Insert a bookmark. Returns whether there was none."""
    row = {"user_id": user_id, "message_id": message_id, "created_at": tx.now}
    return tx.execute(insert(table).values(row).on_conflict_do_nothing()).rowcount == 1


def remove(tx: Transaction, user_id: UserId, message_id: MessageId) -> bool:
    """Delete a bookmark. Returns whether there was one."""
    key = table.c.user_id == user_id, table.c.message_id == message_id
    return tx.execute(table.delete().where(*key)).rowcount == 1


def page(tx: Transaction, *, member_id: UserId, cursor: Cursor | None, size: int) -> Page[Bookmark]:
    """A page of those whose messages are there for their owner now, the latest bookmark first."""
    place = ("x.created_at", "x.message_id")
    named = {"member_id": member_id}
    rows = pages.read(tx, _VISIBLE, named, place=place, cursor=cursor, size=size, is_falling=True)
    shown = viewers.settled(tx, [messages.found(message) for _, *message in rows], member_id=member_id)
    found = [Bookmark(message, at) for message, (at, *_) in zip(shown, rows, strict=True)]
    return Page.cut(found, size=size, cursor=cursor, key=_place, weigh=_size_of)


def _place(bookmark: Bookmark) -> tuple[datetime, MessageId]:
    return bookmark.created_at, bookmark.viewed.message.message_id


def _size_of(bookmark: Bookmark) -> int:
    return messages.size_of(bookmark.viewed.message)
