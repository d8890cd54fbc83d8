"""Whom people block."""

from dataclasses import replace

from chassis.database import Transaction
from services.users import store
from services.users.model.events import SightChanged, UserBlocked, UserUnblocked
from services.users.model.profiles import UserId
from services.users.model.relations import Relation, require_other


def block(tx: Transaction, *, user_id: UserId, blocked_id: UserId) -> None:
    """Keep somebody from writing directly and from seeing whether the blocker is there; they are not told.

    Raises: NotYourself, UserNotFound. Emits: UserBlocked, when that is news, and SightChanged.
    """
    require_other(user_id, blocked_id)
    # One list's changes are announced in the order in which they happen.
    blocker = store.profiles.lock(tx, user_id)
    store.profiles.require(tx, blocked_id)
    if store.relations.add(tx, user_id, Relation.BLOCKED, blocked_id):
        if not blocker.has_blocks:
            store.profiles.save(tx, replace(blocker, has_blocks=True))
        tx.emit(UserBlocked(user_id, blocked_id))
        if blocker.privacy.is_presence_shown:
            tx.emit(SightChanged(user_id, blocked_id))


def unblock(tx: Transaction, *, user_id: UserId, blocked_id: UserId) -> None:
    """Undo `block`. Raises: UserNotFound. Emits: UserUnblocked, when that is news, and SightChanged."""
    blocker = store.profiles.lock(tx, user_id)
    if not store.relations.remove(tx, user_id, Relation.BLOCKED, blocked_id):
        store.profiles.require(tx, blocked_id)
        return
    if not store.relations.has_any(tx, user_id, Relation.BLOCKED):
        store.profiles.save(tx, replace(blocker, has_blocks=False))
    tx.emit(UserUnblocked(user_id, blocked_id))
    if blocker.privacy.is_presence_shown:
        tx.emit(SightChanged(user_id, blocked_id))
