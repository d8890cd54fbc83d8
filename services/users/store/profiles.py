"""Profiles in PostgreSQL. Private fields are read only where one profile is asked for."""

from collections.abc import Sequence
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, func, literal, select, text, tuple_
from sqlalchemy.dialects.postgresql import insert

from chassis.database import Transaction
from chassis.paging import Cursor, Page
from services.users.model.errors import UserNotFound
from services.users.model.privacy import Privacy
from services.users.model.profiles import PRIVATE_FIELDS, Profile, UserId
from services.users.model.sight import Seen, Sight, Viewer
from services.users.store import sight
from services.users.store.tables import names, profiles

_PRIVACY = tuple(field.name for field in fields(Privacy))
_PUBLIC = [column for column in profiles.c if column.name not in PRIVATE_FIELDS]
_ORDERS = {"username": profiles.c.username, "create_time": profiles.c.created_at}
# Share of a query's trigrams that some part of the names must have; "jonh" still finds John, who has 2 of its 5.
_THRESHOLD = text("select set_config('pg_trgm.word_similarity_threshold', '0.35', true)")


def add(tx: Transaction, profile: Profile) -> bool:
    """Insert the profile unless its user has one; waits for whoever does the same. Returns whether it did."""
    statement = insert(profiles).values(_columns(profile)).on_conflict_do_nothing()
    return tx.execute(statement).rowcount == 1


def get(tx: Transaction, user_id: UserId) -> Profile:
    """Raises: UserNotFound."""
    return _one(tx, select(profiles), user_id)


def require(tx: Transaction, user_id: UserId) -> None:
    """Raises: UserNotFound, unless there is such a user."""
    if not tx.execute(select(profiles.c.user_id).where(profiles.c.user_id == user_id)).first():
        raise UserNotFound()


def lock(tx: Transaction, user_id: UserId) -> Profile:
    """Read a profile that nobody else changes until the end of the transaction. Raises: UserNotFound."""
    return _one(tx, select(profiles).with_for_update(key_share=True), user_id)


def save(tx: Transaction, profile: Profile) -> None:
    """Write a locked profile back."""
    tx.execute(profiles.update().where(profiles.c.user_id == profile.user_id).values(_columns(profile)))


def get_many(tx: Transaction, *, user_ids: Sequence[UserId]) -> list[Profile]:
    """Return those that exist, in no particular order."""
    return [_profile(row) for row in tx.execute(select(*_PUBLIC).where(_among(user_ids)))]


def get_seen(tx: Transaction, *, user_ids: Sequence[UserId], viewer: Viewer) -> list[Seen]:
    """Return those that exist as the viewer sees them, in no particular order."""
    return _all(tx, seen_by(viewer).where(_among(user_ids)))


def seen_by(viewer: Viewer) -> Select[Any]:
    """All profiles as the viewer sees them; `seen` reads the rows."""
    return select(
        *_PUBLIC,
        sight.is_profile_shown(viewer).label("shows_profile"),
        sight.is_online_shown(viewer).label("shows_online"),
        sight.is_last_seen_shown(viewer).label("shows_last_seen"),
    )


def seen(row: Row[Any]) -> Seen:
    """Read a row of `seen_by`."""
    return Seen(_profile(row), Sight(row.shows_profile, row.shows_online, row.shows_last_seen))


def page(
    tx: Transaction,
    *,
    viewer: Viewer,
    query: str,
    among: Sequence[UserId] | None,
    order_by: str,
    cursor: Cursor | None,
    size: int,
) -> Page[Seen]:
    """Return a page of active people whose names contain the query: all, or those of the named who show themselves."""
    rows = _all(tx, listed(viewer, query, among, order_by, cursor).limit(size + 1))
    return Page.cut(rows, size=size, cursor=cursor, key=lambda one: _key(one.profile, order_by), weigh=weigh)


def listed(
    viewer: Viewer, query: str, among: Sequence[UserId] | None, order_by: str, cursor: Cursor | None
) -> Select[Any]:
    """The list itself, from its cursor on: along an index, whatever the order."""
    order = _ORDERS[order_by.removeprefix("-")]
    statement = _found_by(viewer)
    if query:
        pattern = func.lower(f"%{_escaped(query)}%")
        # The index finds candidates by all their names.
        statement = statement.where(names.like(pattern), sight.known_names(viewer).like(pattern))
    if among is not None:
        statement = statement.where(_among(among), sight.is_online_shown(viewer))
    is_falling = order_by.startswith("-") != (cursor is not None and cursor.is_backward)
    if cursor is not None:
        value, user_id = cursor.key
        end = tuple_(literal(_key_value(value, order_by), order.type), literal(user_id, profiles.c.user_id.type))
        place = tuple_(order, profiles.c.user_id)
        statement = statement.where(place < end if is_falling else place > end)
    columns = [order, profiles.c.user_id]
    return statement.order_by(*(column.desc() if is_falling else column.asc() for column in columns))


def showing(tx: Transaction, *, viewer: Viewer, user_ids: Sequence[UserId], limit: int) -> list[Seen]:
    """Return the first of the named, in their order, who are active and show the viewer that they are online."""
    return _all(tx, present(viewer, user_ids).limit(limit))


def present(viewer: Viewer, user_ids: Sequence[UserId]) -> Select[Any]:
    """Those of the named who are active and show the viewer that they are online, in the order of the names."""
    named = func.unnest(_ids(user_ids)).table_valued("id", with_ordinality="n", name="named").render_derived()
    statement = _found_by(viewer).join(named, named.c.id == profiles.c.user_id)
    return statement.where(sight.is_online_shown(viewer)).order_by(named.c.n)


def search(tx: Transaction, *, viewer: Viewer, query: str, limit: int) -> list[Seen]:
    """Return the active people whose names are most like the query, the best first."""
    tx.execute(_THRESHOLD)
    return _all(tx, ranked(viewer, query, limit))


def ranked(viewer: Viewer, query: str, limit: int) -> Select[Any]:
    """The search itself: candidates by the trigram index, a username typed in full before all others."""
    wanted, known = func.lower(query), sight.known_names(viewer)
    return (
        _found_by(viewer)
        .where(wanted.op("<%")(names), wanted.op("<%")(known))
        .order_by(
            (profiles.c.username == wanted).desc(),
            func.word_similarity(wanted, known).desc(),
            func.similarity(wanted, known).desc(),
            profiles.c.username,
            profiles.c.user_id,
        )
        .limit(limit)
    )


def weigh(one: Seen) -> int:
    """Estimate the bytes that a profile takes in an answer."""
    profile = one.profile
    texts = (profile.display_name, profile.first_name, profile.last_name, profile.bio)
    return 300 + sum(len(value.encode()) for value in texts)


def _found_by(viewer: Viewer) -> Select[Any]:
    return seen_by(viewer).where(~profiles.c.is_suspended, sight.is_found(viewer))


def _one(tx: Transaction, statement: Select[Any], user_id: UserId) -> Profile:
    row = tx.execute(statement.where(profiles.c.user_id == user_id)).one_or_none()
    if row is None:
        raise UserNotFound()
    return _profile(row)


def _all(tx: Transaction, statement: Select[Any]) -> list[Seen]:
    return [seen(row) for row in tx.execute(statement)]


def _profile(row: Row[Any]) -> Profile:
    stored = row._mapping
    own = {field.name: stored[field.name] for field in fields(Profile) if field.name in stored}
    return Profile(**own, privacy=Privacy.of({name: stored[name] for name in _PRIVACY}))


def _columns(profile: Profile) -> dict[str, Any]:
    columns = asdict(profile)
    privacy = columns.pop("privacy")
    return {**columns, **privacy}


def _among(user_ids: Sequence[UserId]) -> Any:
    return profiles.c.user_id == func.any(_ids(user_ids))


def _ids(user_ids: Sequence[UserId]) -> Any:
    # One array whatever its length; thousands of separate parameters would cost more than the query.
    return text("cast(:user_ids as uuid[])").bindparams(user_ids=list(user_ids))


def _escaped(query: str) -> str:
    return query.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _key(profile: Profile, order_by: str) -> tuple[str, str]:
    value = profile.username if order_by.endswith("username") else profile.created_at.isoformat()
    return value, profile.user_id


def _key_value(text_: str, order_by: str) -> str | datetime:
    return text_ if order_by.endswith("username") else datetime.fromisoformat(text_)
