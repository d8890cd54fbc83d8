"""Profiles in PostgreSQL. Private fields are read only where one profile is asked for."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, func, literal, select, text, tuple_
from sqlalchemy.dialects.postgresql import insert

from chassis.database import Transaction
from chassis.paging import Cursor, Page
from services.users.model.errors import UserNotFound
from services.users.model.profiles import PRIVATE_FIELDS, Profile, UserId
from services.users.store.tables import names, profiles

_PUBLIC = [column for column in profiles.c if column.name not in PRIVATE_FIELDS]
_ORDERS = {"username": profiles.c.username, "create_time": profiles.c.created_at}
# Share of a query's trigrams that some part of the names must have; "jonh" still finds John, who has 2 of its 5.
_THRESHOLD = text("select set_config('pg_trgm.word_similarity_threshold', '0.35', true)")


def add(tx: Transaction, profile: Profile) -> bool:
    """Insert the profile unless its user has one; waits for whoever does the same. Returns whether it did."""
    statement = insert(profiles).values(asdict(profile)).on_conflict_do_nothing()
    return tx.execute(statement).rowcount == 1


def get(tx: Transaction, user_id: UserId) -> Profile:
    """Raises: UserNotFound."""
    return _one(tx, select(profiles), user_id)


def lock(tx: Transaction, user_id: UserId) -> Profile:
    """Read a profile that nobody else changes until the end of the transaction. Raises: UserNotFound."""
    return _one(tx, select(profiles).with_for_update(key_share=True), user_id)


def save(tx: Transaction, profile: Profile) -> None:
    """Write a locked profile back."""
    tx.execute(profiles.update().where(profiles.c.user_id == profile.user_id).values(asdict(profile)))


def get_many(tx: Transaction, *, user_ids: Sequence[UserId]) -> list[Profile]:
    """Return those that exist, in no particular order."""
    return _all(tx, select(*_PUBLIC).where(_among(user_ids)))


def page(
    tx: Transaction,
    *,
    query: str,
    among: Sequence[UserId] | None,
    order_by: str,
    cursor: Cursor | None,
    size: int,
) -> Page[Profile]:
    """Return a page of active profiles whose names contain the query, all or only those named."""
    rows = _all(tx, listed(query, among, order_by, cursor).limit(size + 1))
    return Page.cut(rows, size=size, cursor=cursor, key=lambda profile: _key(profile, order_by), weigh=_bytes)


def listed(query: str, among: Sequence[UserId] | None, order_by: str, cursor: Cursor | None) -> Select[Any]:
    """The list itself, from its cursor on: along an index, whatever the order."""
    order = _ORDERS[order_by.removeprefix("-")]
    statement = select(*_PUBLIC).where(~profiles.c.is_suspended)
    if query:
        statement = statement.where(names.like(func.lower(f"%{_escaped(query)}%")))
    if among is not None:
        statement = statement.where(_among(among))
    is_falling = order_by.startswith("-") != (cursor is not None and cursor.is_backward)
    if cursor is not None:
        value, user_id = cursor.key
        end = tuple_(literal(_key_value(value, order_by), order.type), literal(user_id, profiles.c.user_id.type))
        place = tuple_(order, profiles.c.user_id)
        statement = statement.where(place < end if is_falling else place > end)
    columns = [order, profiles.c.user_id]
    return statement.order_by(*(column.desc() if is_falling else column.asc() for column in columns))


def search(tx: Transaction, *, query: str, limit: int) -> list[Profile]:
    """Return the active profiles whose names are most like the query, the best first."""
    tx.execute(_THRESHOLD)
    return _all(tx, ranked(query, limit))


def ranked(query: str, limit: int) -> Select[Any]:
    """The search itself: candidates by the trigram index, a username typed in full before all others."""
    wanted = func.lower(query)
    return (
        select(*_PUBLIC)
        .where(wanted.op("<%")(names), ~profiles.c.is_suspended)
        .order_by(
            (profiles.c.username == wanted).desc(),
            func.word_similarity(wanted, names).desc(),
            func.similarity(wanted, names).desc(),
            profiles.c.username,
            profiles.c.user_id,
        )
        .limit(limit)
    )


def _one(tx: Transaction, statement: Select[Any], user_id: UserId) -> Profile:
    row = tx.execute(statement.where(profiles.c.user_id == user_id)).one_or_none()
    if row is None:
        raise UserNotFound()
    return _profile(row)


def _all(tx: Transaction, statement: Select[Any]) -> list[Profile]:
    return [_profile(row) for row in tx.execute(statement)]


def _profile(row: Row[Any]) -> Profile:
    return Profile(**row._mapping)


def _among(user_ids: Sequence[UserId]) -> Any:
    # One array whatever its length; thousands of separate parameters would cost more than the query.
    return profiles.c.user_id == func.any(text("cast(:user_ids as uuid[])").bindparams(user_ids=list(user_ids)))


def _escaped(query: str) -> str:
    return query.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _key(profile: Profile, order_by: str) -> tuple[str, str]:
    value = profile.username if order_by.endswith("username") else profile.created_at.isoformat()
    return value, profile.user_id


def _key_value(text_: str, order_by: str) -> str | datetime:
    return text_ if order_by.endswith("username") else datetime.fromisoformat(text_)


def _bytes(profile: Profile) -> int:
    texts = (profile.display_name, profile.first_name, profile.last_name, profile.bio)
    return 300 + sum(len(value.encode()) for value in texts)
