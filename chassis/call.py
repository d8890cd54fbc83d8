"""Who is asking for what, within the call being served; set by the server, read where work is done."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from chassis.errors import CallerUnknown


@dataclass(frozen=True, slots=True)
class Caller:
    """The acting user as the gateway verified them."""

    user_id: str
    roles: frozenset[str] = frozenset()
    scopes: frozenset[str] = frozenset()
    session_id: str = ""
    client_ip: str = ""

    def has_role(self, *roles: str) -> bool:
        """Tell whether the user has any of the platform roles, for example `admin`."""
        return not self.roles.isdisjoint(roles)


@dataclass(slots=True)
class Meter:
    """What the call has cost so far in this process and in those it called."""

    queries: int = 0
    query_seconds: float = 0.0
    is_replayed: bool = False

    def add(self, queries: int, seconds: float) -> None:
        """Count statements and the time they took."""
        self.queries += queries
        self.query_seconds += seconds


@dataclass(frozen=True, slots=True)
class Call:
    """One request on its way through this process; `deadline` is on the monotonic clock."""

    method: str = ""
    peer: str = ""
    caller: Caller | None = None
    request_id: str = ""
    traceparent: str = ""
    deadline: float | None = None
    meter: Meter = field(default_factory=Meter)

    def remaining(self, default: float) -> float:
        """Seconds left until the deadline, or the default where there is none; may be negative."""
        return default if self.deadline is None else self.deadline - time.monotonic()


_NOBODY = Call()
_current: ContextVar[Call] = ContextVar("call", default=_NOBODY)


def current() -> Call:
    """The call being served, or an empty one outside of any."""
    return _current.get()


def caller() -> Caller:
    """The acting user. Raises: CallerUnknown."""
    acting = _current.get().caller
    if acting is None:
        raise CallerUnknown()
    return acting


@contextmanager
def serving(call: Call) -> Iterator[Call]:
    """Make a call the current one for the block."""
    token = _current.set(call)
    try:
        yield call
    finally:
        _current.reset(token)
