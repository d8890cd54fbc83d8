"""The projection of people: whom auth and users have told us about."""

from collections.abc import Collection, Sequence

from sqlalchemy import text

from chassis.database import Transaction
from services.conversations.model.ids import UserId

_UNKNOWN = text("""
    select id from unnest(cast(:user_ids as uuid[])) as named(id)
    where not exists (select from people where user_id = id)
""")
# What an event has told counts more than what was asked a moment ago.
_MEET = text("insert into people select unnest(cast(:user_ids as uuid[])), true on conflict do nothing")
_SET_ACTIVE = text("""
    insert into people (user_id, is_active) values (:user_id, :is_active)
    on conflict (user_id) do update set is_active = excluded.is_active
""")
_UNAVAILABLE = text("""
    select exists (select from unnest(cast(:user_ids as uuid[])) as named(id)
    where not exists (select from people where user_id = id and is_active)
       or exists (select from blocks where user_id = id and blocked_user_id = :actor_id))
""")
_IS_BLOCKED = text("""
    select exists (select from blocks where (user_id, blocked_user_id) in ((:one, :other), (:other, :one)))
""")
_BLOCK = text("insert into blocks (user_id, blocked_user_id) values (:user_id, :blocked_id) on conflict do nothing")
_UNBLOCK = text("delete from blocks where user_id = :user_id and blocked_user_id = :blocked_id")


def unknown(tx: Transaction, *, user_ids: Sequence[UserId]) -> list[UserId]:
    """Those of whom no event has told yet."""
    return list(tx.execute(_UNKNOWN, {"user_ids": list(user_ids)}).scalars())


def meet(tx: Transaction, user_ids: Collection[UserId]) -> None:
    """Take in people of whom the users service was asked."""
    if user_ids:
        tx.execute(_MEET, {"user_ids": sorted(user_ids)})


def set_active(tx: Transaction, user_id: UserId, *, is_active: bool) -> None:
    """Take in that an account exists, and whether it is suspended."""
    tx.execute(_SET_ACTIVE, {"user_id": user_id, "is_active": is_active})


def are_available(tx: Transaction, user_ids: Sequence[UserId], *, to: UserId) -> bool:
    """Tell whether all are known, not suspended, and have not blocked the one who wants them."""
    return not tx.execute(_UNAVAILABLE, {"user_ids": list(user_ids), "actor_id": to}).scalar_one()


def is_either_blocked(tx: Transaction, one: UserId, other: UserId) -> bool:
    """Tell whether one of the two has blocked the other."""
    return bool(tx.execute(_IS_BLOCKED, {"one": one, "other": other}).scalar_one())


def block(tx: Transaction, user_id: UserId, blocked_id: UserId) -> None:
    """Take in a block."""
    tx.execute(_BLOCK, {"user_id": user_id, "blocked_id": blocked_id})


def unblock(tx: Transaction, user_id: UserId, blocked_id: UserId) -> None:
    """Take in the end of a block."""
    tx.execute(_UNBLOCK, {"user_id": user_id, "blocked_id": blocked_id})
