"""The texts that messages had before they were edited."""

from sqlalchemy import text

from chassis.database import Transaction
from chassis.paging import Cursor, Page
from services.conversations.model.ids import MessageId
from services.conversations.model.messages import Version

_PAGE = """
    select rev, content, created_at from message_versions
    where message_id = :message_id and rev {comparison} :edge order by rev {direction} limit :count
"""
_FALLING = text(_PAGE.format(comparison="<", direction="desc"))
_RISING = text(_PAGE.format(comparison=">", direction="asc"))
_BEYOND_ALL = 2**63 - 1


def page(tx: Transaction, message_id: MessageId, *, cursor: Cursor | None, size: int) -> Page[Version]:
    """A page of a message's earlier texts, the newest first."""
    edge = _BEYOND_ALL if cursor is None else cursor.key[0]
    statement = _RISING if cursor is not None and cursor.is_backward else _FALLING
    rows = tx.execute(statement, {"message_id": message_id, "edge": edge, "count": size + 1})
    found = [Version(*row) for row in rows]
    return Page.cut(found, size=size, cursor=cursor, key=lambda version: (version.rev,), weigh=_bytes)


def _bytes(version: Version) -> int:
    return 100 + len(version.content.encode())
