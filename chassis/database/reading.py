"""Queries that are asked again and again: PostgreSQL plans each once for a connection, and keeps the plan.

Planning a page of a list takes three times as long as reading it, and SQLAlchemy's way to the driver twice as long.
"""

import itertools
import logging
import re
import time
from collections.abc import Mapping
from typing import Any

import psycopg2
import structlog
from sqlalchemy import PoolProxiedConnection
from sqlalchemy.exc import DBAPIError

log = structlog.get_logger(__name__)
# Asked first: making a line that nobody wants would cost as much as a quick statement.
_stdlib_log = logging.getLogger(__name__)

# A plan takes some 100 KiB of PostgreSQL's memory, for each connection.
_KEPT_PLANS = 48
_PARAMETER = re.compile(r"(?<![:\w]):(\w+)")
_numbers = itertools.count(1)


class Prepared:
    """A query with `:named` parameters whose types PostgreSQL infers; make it once, not for each call."""

    __slots__ = ("call", "name", "sql")

    def __init__(self, sql: str) -> None:
        """Take the text; every value must be a parameter, since each text is planned for itself."""
        names: dict[str, int] = {}
        numbered = _PARAMETER.sub(lambda found: f"${names.setdefault(found[1], len(names) + 1)}", sql)
        self.name = f"p{next(_numbers)}"
        self.sql = f"prepare {self.name} as {numbered}"
        values = ", ".join(f"%({name})s" for name in names)
        self.call = f"execute {self.name}({values})" if names else f"execute {self.name}"


class Reading:
    """What queries are given that only read, made by Database only.

    There is no transaction block: each query sees what is committed when it begins, as it would within one.
    """

    def __init__(self, link: PoolProxiedConnection, *, before: str = "") -> None:
        """Wrap a pooled connection; `before` goes to PostgreSQL with each query, in the same message."""
        self.queries = 0
        self.query_seconds = 0.0
        self._link = link
        self._before = before

    def rows(self, query: Prepared, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """Run a query, counted and timed for the caller's headers."""
        begun = time.perf_counter()
        driver: Any = self._link.dbapi_connection
        try:
            with driver.cursor() as cursor:
                plans = self._link.info.setdefault("plans", {})
                if query.name not in plans:
                    self._plan(cursor, query, plans)
                cursor.execute(self._before + query.call, parameters)
                found: list[tuple[Any, ...]] = cursor.fetchall() if cursor.description else []
                return found
        except psycopg2.Error as error:
            # As SQLAlchemy reports its own, without the text and what is in it.
            is_lost = bool(driver.closed)
            if is_lost:
                self._forget(error)
            raise DBAPIError.instance(
                None, None, error, psycopg2.Error, hide_parameters=True, connection_invalidated=is_lost
            ) from error
        finally:
            self._count(query.sql, begun)

    def _forget(self, error: psycopg2.Error) -> None:
        """Keep a connection that is lost out of the pool."""
        self._link.invalidate(error)

    def _plan(self, cursor: Any, query: Prepared, plans: dict[str, None]) -> None:
        if len(plans) >= _KEPT_PLANS:
            oldest = next(iter(plans))
            cursor.execute(f"deallocate {oldest}")
            del plans[oldest]
        cursor.execute(query.sql)
        plans[query.name] = None

    def _count(self, statement: object, begun: float) -> None:
        seconds = time.perf_counter() - begun
        self.queries += 1
        self.query_seconds += seconds
        if _stdlib_log.isEnabledFor(logging.DEBUG):
            # The text alone: what people wrote and their secrets are in the parameters.
            log.debug("statement", sql=" ".join(str(statement).split()), milliseconds=round(seconds * 1000, 2))
