"""How a list is cut into pages: behind the row where the last page ended, in the order of its key."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Column, Select, TextClause, literal, text, tuple_

from chassis.database import Transaction
from chassis.paging import Cursor


def cut(
    statement: Select[Any], place: Sequence[Column[Any]], *, cursor: Cursor | None, size: int, is_falling: bool = False
) -> Select[Any]:
    """Order by these columns, and read on from the cursor one row more than a page has; Page.cut takes the rows."""
    is_backward = cursor is not None and cursor.is_backward
    is_falling = is_falling != is_backward
    if cursor is not None:
        here = tuple_(*place)
        end = tuple_(*(literal(value, column.type) for value, column in zip(cursor.key, place, strict=True)))
        statement = statement.where(here < end if is_falling else here > end)
    return statement.order_by(*(column.desc() if is_falling else column.asc() for column in place)).limit(size + 1)


def read(
    tx: Transaction,
    statement: str,
    named: Mapping[str, Any],
    *,
    place: tuple[str, ...],
    cursor: Cursor | None,
    size: int,
    is_falling: bool = False,
) -> Sequence[Sequence[Any]]:
    """The same for a statement that is written as text, a constant that ends within its `where`; reads the rows."""
    is_rising = is_falling == (cursor is not None and cursor.is_backward)
    edge = dict(zip(_names(place), cursor.key, strict=True)) if cursor is not None else {}
    full = _statement(statement, place, is_rising=is_rising, has_edge=cursor is not None)
    return tx.execute(full, {**named, **edge, "count": size + 1}).all()


@lru_cache(maxsize=64)
def _statement(statement: str, place: tuple[str, ...], *, is_rising: bool, has_edge: bool) -> TextClause:
    edge = f" and ({', '.join(place)}) {'>' if is_rising else '<'} ({', '.join(map(':{}'.format, _names(place)))})"
    order = ", ".join(f"{column} {'asc' if is_rising else 'desc'}" for column in place)
    return text(f"{statement}{edge * has_edge} order by {order} limit :count")


def _names(place: tuple[str, ...]) -> list[str]:
    return [f"edge_{n}" for n in range(len(place))]
