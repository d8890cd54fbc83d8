"""Whom people block and whom they know."""

from datetime import datetime

from sqlalchemy import ColumnElement, exists, literal, select, tuple_
from sqlalchemy.dialects.postgresql import insert

from chassis.database import Transaction
from chassis.paging import Cursor, Page
from services.users.model.profiles import UserId
from services.users.model.relations import Related, Relation
from services.users.model.sight import Viewer
from services.users.store import profiles
from services.users.store.tables import profiles as profiles_table
from services.users.store.tables import relations


def add(tx: Transaction, user_id: UserId, kind: Relation, other_id: UserId) -> bool:
    """Put somebody on a list. Returns whether they were not there."""
    row = {"user_id": user_id, "kind": kind, "other_id": other_id, "created_at": tx.now}
    return tx.execute(insert(relations).values(row).on_conflict_do_nothing()).rowcount == 1


def remove(tx: Transaction, user_id: UserId, kind: Relation, other_id: UserId) -> bool:
    """Take somebody from a list. Returns whether they were there."""
    return tx.execute(relations.delete().where(*_list(user_id, kind), relations.c.other_id == other_id)).rowcount == 1


def has_any(tx: Transaction, user_id: UserId, kind: Relation) -> bool:
    """Tell whether anybody is on a list."""
    return bool(tx.execute(select(exists().where(*_list(user_id, kind)))).scalar_one())


def page(tx: Transaction, *, kind: Relation, viewer: Viewer, cursor: Cursor | None, size: int) -> Page[Related]:
    """Return a page of the viewer's own list, the latest first; suspended people stay on it."""
    is_falling = cursor is None or not cursor.is_backward
    order = [relations.c.created_at, relations.c.other_id]
    statement = (
        profiles.seen_by(viewer)
        .add_columns(relations.c.created_at.label("since"))
        .join(relations, relations.c.other_id == profiles_table.c.user_id)
        .where(*_list(viewer.user_id, kind))
        .order_by(*(column.desc() if is_falling else column.asc() for column in order))
        .limit(size + 1)
    )
    if cursor is not None:
        since, other_id = cursor.key
        end = tuple_(literal(datetime.fromisoformat(since), order[0].type), literal(other_id, order[1].type))
        place = tuple_(*order)
        statement = statement.where(place < end if is_falling else place > end)
    rows = [Related(profiles.seen(row), row.since) for row in tx.execute(statement)]
    return Page.cut(rows, size=size, cursor=cursor, key=_key, weigh=lambda row: profiles.weigh(row.seen))


def _list(user_id: UserId, kind: Relation) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return relations.c.user_id == user_id, relations.c.kind == kind


def _key(row: Related) -> tuple[str, str]:
    return row.since.isoformat(), row.seen.profile.user_id
