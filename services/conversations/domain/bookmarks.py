"""Keeping messages at hand for oneself: no lock and no revision, since nobody else is told."""

from chassis.database import Transaction
from services.conversations.model.bookmarks import MAX_BOOKMARKS
from services.conversations.model.errors import BookmarkLimit, MessageDeleted
from services.conversations.model.events import BookmarkChanged
from services.conversations.model.ids import MessageId, UserId
from services.conversations.store import bookmarks, messages


def add(tx: Transaction, *, message_id: MessageId, user_id: UserId) -> None:
    """Bookmark a message; one that is bookmarked stays so.

    Raises: MessageNotFound, MessageDeleted, BookmarkLimit. Emits: BookmarkChanged.
    """
    message = messages.get(tx, message_id, member_id=user_id)
    if message.deleted_at is not None:
        raise MessageDeleted()
    count = bookmarks.count(tx, user_id)
    if not bookmarks.add(tx, user_id, message_id):
        return
    if count >= MAX_BOOKMARKS:
        raise BookmarkLimit(limit=str(MAX_BOOKMARKS))
    tx.emit(BookmarkChanged(user_id, message_id, is_bookmarked=True))


def remove(tx: Transaction, *, message_id: MessageId, user_id: UserId) -> None:
    """Take a bookmark away, also one of a message that is not there any more for its owner.

    Raises: MessageNotFound, where there is neither. Emits: BookmarkChanged.
    """
    if bookmarks.remove(tx, user_id, message_id):
        tx.emit(BookmarkChanged(user_id, message_id, is_bookmarked=False))
    else:
        messages.get(tx, message_id, member_id=user_id)
