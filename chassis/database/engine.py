"""Connections to PostgreSQL and what their failures mean."""

from typing import Any, NoReturn

import structlog
from psycopg2 import Error as DriverError
from psycopg2.extensions import new_array_type, new_type, register_type
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool, QueuePool

from chassis.errors import Contention, DatabaseUnavailable, Failure

log = structlog.get_logger(__name__)

# What a part with a connection of its own holds and catches: only this package and the stores know SQLAlchemy.
__all__ = ["Connection", "DBAPIError", "DriverError", "driver_url", "make_engine", "raise_failure"]

# A dead peer is noticed after 5 + 2 × 2 s while idle, and 4 s after unacknowledged data.
_CONNECT = {
    "connect_timeout": 2,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 2,
    "tcp_user_timeout": 4000,
    # A plan that is kept serves all values alike: for a page's length as a parameter it would be made anew each time.
    "options": ("-c timezone=UTC -c idle_in_transaction_session_timeout=5000 -c plan_cache_mode=force_generic_plan"),
}
# lock_not_available, deadlock_detected, serialization_failure, query_canceled
_CONTENTION = {"55P03", "40P01", "40001", "57014"}
# connection exceptions, too many connections, and a server that starts, stops or recovers
_GONE = ("08", "53", "57P")
_UUID = new_type((2950,), "UUID", lambda value, _cursor: value)


def driver_url(url: str) -> str:
    """Turn any PostgreSQL address into one that names psycopg2."""
    scheme, separator, rest = url.partition("://")
    if not separator or not scheme.startswith("postgres"):
        raise ValueError("a database address begins with postgresql://")
    return f"postgresql+psycopg2://{rest}"


def make_engine(url: str, *, pool_size: int, process: str = "") -> Engine:
    """Open a pool; a size of 0 means a new connection each time, for parts that keep one for themselves."""
    arguments = {**_CONNECT, "application_name": process or "messaging"}
    if pool_size == 0:
        engine = create_engine(driver_url(url), poolclass=NullPool, connect_args=arguments, hide_parameters=True)
    else:
        engine = create_engine(
            driver_url(url),
            poolclass=QueuePool,
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=0.5,
            pool_use_lifo=True,
            connect_args=arguments,
            # An error with its parameters would put what people wrote into the log.
            hide_parameters=True,
        )
    event.listen(engine, "connect", _read_ids_as_text)
    return engine


def _read_ids_as_text(connection: Any, _record: object) -> None:
    # Ids are text everywhere; a UUID object for each costs more than the rest of its row.
    for kind in (_UUID, new_array_type((2951,), "UUID[]", _UUID)):
        register_type(kind, connection)


def raise_failure(error: DBAPIError) -> NoReturn:
    """Say what a database error means to the caller; a defect of ours stays what it is. Raises: Failure, `error`."""
    failure = _failure_of(error)
    if failure is None:
        raise error
    log.warning("database_failed", reason=failure.reason, error=type(error.orig).__name__)
    raise failure from error


def _failure_of(error: DBAPIError) -> Failure | None:
    state = getattr(error.orig, "pgcode", None) or ""
    if state in _CONTENTION:
        return Contention(retry_after=1.0)
    # Without a SQL state the server never answered: connecting failed, or the connection broke.
    if error.connection_invalidated or state.startswith(_GONE) or (not state and _is_operational(error)):
        return DatabaseUnavailable(retry_after=1.0)
    return None


def _is_operational(error: DBAPIError) -> bool:
    return type(error.orig).__name__ in {"OperationalError", "InterfaceError"}
