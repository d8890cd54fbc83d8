"""Whom people block, as this service knows it."""

from sqlalchemy import text

from chassis.database import Transaction
from services.notifications.model.ids import UserId

_BLOCK = text("insert into blocks (user_id, blocked_user_id) values (:user_id, :blocked_id) on conflict do nothing")
_UNBLOCK = text("delete from blocks where user_id = :user_id and blocked_user_id = :blocked_id")


def block(tx: Transaction, user_id: UserId, blocked_id: UserId) -> None:
    """Let nothing that the blocked one does be told to the user; what was told stays."""
    tx.execute(_BLOCK, {"user_id": user_id, "blocked_id": blocked_id})


def unblock(tx: Transaction, user_id: UserId, blocked_id: UserId) -> None:
    """Undo `block`."""
    tx.execute(_UNBLOCK, {"user_id": user_id, "blocked_id": blocked_id})
