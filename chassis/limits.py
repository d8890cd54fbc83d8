"""Rate limits shared by all replicas: the generic cell rate algorithm in one Redis round trip."""

from dataclasses import dataclass

from chassis.errors import DependencyUnavailable, RateLimited
from chassis.redis import BriefRedis

# How settings write a limit: how many at once / seconds until there is one more.
LIMIT_PATTERN = r"^[1-9]\d*/\d+(\.\d+)?$"
_TIMEOUT_SECONDS = 1.0
# KEYS[1] holds the theoretical arrival time in microseconds of Redis's own clock; answers the microseconds to wait.
_GCRA = """
local now = redis.call('TIME')
now = now[1] * 1000000 + now[2]
local interval, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local arrival = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now)
local earliest = arrival - interval * (burst - 1)
if earliest > now then return earliest - now end
local after = arrival + interval
redis.call('SET', KEYS[1], string.format('%.0f', after), 'PX', math.ceil((after - now) / 1000) + 1)
return 0
"""


@dataclass(frozen=True, slots=True)
class Limit:
    """`burst` at once, then one every `interval` seconds; open or closed while Redis is down."""

    name: str
    burst: int
    interval: float
    is_fail_open: bool = False

    @classmethod
    def read(cls, name: str, written: str, *, is_fail_open: bool = False) -> "Limit":
        """Read the value of a setting that keeps to LIMIT_PATTERN."""
        burst, interval = written.split("/")
        return cls(name, int(burst), float(interval), is_fail_open)


class RateLimiter:
    """Counts in Redis; a lost Redis resets the counts and loses nothing else."""

    def __init__(self, redis_url: str) -> None:
        """Connect on first use; a Redis that hangs costs a few callers a moment."""
        self._redis = BriefRedis(redis_url)
        self._script = self._redis.script(_GCRA)

    async def check(self, limit: Limit, key: str) -> None:
        """Take one from the key's allowance.

        Raises: RateLimited with the seconds to wait; DependencyUnavailable while Redis is down, unless the limit
        fails open.
        """
        # Whoever is limited waits for much more than this anyway; giving up early would refuse a login for nothing.
        arguments = [int(limit.interval * 1_000_000), limit.burst]
        try:
            wait = await self._redis.ask(
                lambda: self._script(keys=[f"limit:{limit.name}:{key}"], args=arguments), timeout=_TIMEOUT_SECONDS
            )
        except DependencyUnavailable:
            if limit.is_fail_open:
                return
            raise
        if wait:
            raise RateLimited(retry_after=wait / 1_000_000)

    async def close(self) -> None:
        """Close the connections."""
        await self._redis.close()
