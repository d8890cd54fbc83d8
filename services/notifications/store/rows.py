"""How rows of the inbox become notifications, whichever statement finds or changes them."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Executable, RowMapping, TextualSelect, text

from chassis.database import Transaction
from services.notifications.model.errors import NotificationNotFound
from services.notifications.model.notifications import Kind, Notification
from services.notifications.store.tables import notifications

_COLUMNS = ", ".join(column.name for column in notifications.c)


def returning(statement: str) -> TextualSelect:
    """Have a change answer the rows as they are afterwards, or as they were when it removes them."""
    return text(f"{statement} returning {_COLUMNS}").columns(*notifications.c)


def every(tx: Transaction, statement: Executable, parameters: Mapping[str, Any] | None = None) -> list[Notification]:
    """Run a statement and read all its rows."""
    return [_notification(row) for row in tx.execute(statement, parameters).mappings()]


def one(found: Sequence[Notification]) -> Notification:
    """Return the only one. Raises: NotificationNotFound."""
    if not found:
        raise NotificationNotFound()
    return found[0]


def _notification(row: RowMapping) -> Notification:
    return Notification(
        notification_id=row["id"],
        user_id=row["user_id"],
        kind=Kind(row["kind"]),
        title=row["title"],
        body=row["body"],
        actor_id=row["actor_id"],
        conversation_id=row["conversation_id"],
        message_id=row["message_id"],
        count=row["count"],
        created_at=row["created_at"],
        read_at=row["read_at"],
    )
