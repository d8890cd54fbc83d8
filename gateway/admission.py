"""Who gets in: a bound on requests under way in this process, and on what one user may send."""

import time
from math import ceil

from chassis.errors import Overloaded, RateLimited

# Of all places, this share is kept for sends: reading may wait, a message should not.
_SHARE_OF_SENDS = 0.25


class Admission:
    """Counts requests under way. A refusal at once costs a client less than an answer that comes too late."""

    def __init__(self, limit: int) -> None:
        """Take how many requests may be under way."""
        self._limit = limit
        self._limit_of_others = limit - int(limit * _SHARE_OF_SENDS)
        self.in_flight = 0

    def enter(self, *, is_send: bool) -> None:
        """Take a place, which `leave` gives back. Raises: Overloaded."""
        if self.in_flight >= (self._limit if is_send else self._limit_of_others):
            raise Overloaded(retry_after=1.0)
        self.in_flight += 1

    def leave(self) -> None:
        """Give the place back."""
        self.in_flight -= 1


class SendBudget:
    """A bucket for each user, kept in this process: `burst` sends at once, refilled at `rate` a second.

    Each bucket is one number, the time at which it will be full again (the generic cell rate algorithm).
    """

    _SWEEP_SIZE = 10_000

    def __init__(self, rate: float, burst: int) -> None:
        """Take the limits for every user."""
        self._interval = 1.0 / rate
        self._burst = burst
        self._full_at: dict[str, float] = {}
        self.policy = f'"sends";q={burst};w={max(1, round(burst * self._interval))}'.encode()

    def take(self, user_id: str, sends: int = 1) -> None:
        """Take sends from the user's bucket. Raises: RateLimited with the seconds until there are as many again."""
        now = time.monotonic()
        full_at = max(self._full_at.get(user_id, 0.0), now) + sends * self._interval
        excess = full_at - now - self._burst * self._interval
        if excess > 1e-9:
            raise RateLimited(retry_after=excess)
        if len(self._full_at) >= self._SWEEP_SIZE and user_id not in self._full_at:
            # Full buckets need no entry.
            self._full_at = {known: at for known, at in self._full_at.items() if at > now}
        self._full_at[user_id] = full_at

    def header(self, user_id: str | None) -> bytes:
        """What is left, as the header `RateLimit` says it; a full bucket for those who are not known."""
        missing = max(self._full_at.get(user_id, 0.0) - time.monotonic(), 0.0) if user_id is not None else 0.0
        left = int((self._burst * self._interval - missing) / self._interval + 1e-9)
        return b'"sends";r=%d;t=%d' % (left, ceil(missing - 1e-6))
