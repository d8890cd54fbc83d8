"""How a list is cut into pages: behind the row where the last page ended, in the order of its key."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column, Select, literal, tuple_

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
