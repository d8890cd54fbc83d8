"""Presence in Redis alone: who sent a heartbeat when, by Redis's own clock."""

from collections.abc import Sequence
from functools import partial

from chassis.errors import DependencyUnavailable
from chassis.redis import BriefRedis
from services.users.model.presences import ONLINE_MS, REMEMBERED_MS, Presence
from services.users.model.profiles import UserId

# One slot of a Redis cluster, so that scripts may use both.
_SEEN = "{messaging_presence}:seen"
_CONNECTED = "{messaging_presence}:connected"
# So many heartbeats occupy Redis for a millisecond or two; others get their turn in between.
_PORTION = 1000
# No person waits for a heartbeat.
_RECORD_SECONDS = 1.0
# More are not listed; whoever wants to know whether one person is online asks for that person.
_MOST_LISTED = 10_000

_NOW = """
local now = redis.call('TIME')
now = now[1] * 1000 + math.floor(now[2] / 1000)
"""
_RECORD = f"""{_NOW}
for i = 4, #ARGV do
  redis.call('ZADD', KEYS[1], now, ARGV[i])
  if ARGV[1] == 'here' then redis.call('ZADD', KEYS[2], now, ARGV[i]) else redis.call('ZREM', KEYS[2], ARGV[i]) end
end
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now - ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[3])
"""
_GET = _NOW + "return {now, redis.call('ZMSCORE', KEYS[1], unpack(ARGV)), redis.call('ZMSCORE', KEYS[2], unpack(ARGV))}"
_ONLINE = f"""{_NOW}
local oldest = string.format('(%.0f', now - ARGV[1])
return redis.call('ZREVRANGEBYSCORE', KEYS[1], '+inf', oldest, 'WITHSCORES', 'LIMIT', 0, ARGV[2])
"""


class Presences:
    """While Redis is down everybody is offline and nobody is listed; only heartbeats fail."""

    def __init__(self, redis: BriefRedis) -> None:
        self._redis = redis
        self._record = redis.script(_RECORD)
        self._get = redis.script(_GET)
        self._online = redis.script(_ONLINE)

    async def record(self, *, connected: Sequence[UserId], gone: Sequence[UserId]) -> None:
        """Note who is connected and who has just left; forget what is too old to tell.

        Raises: DependencyUnavailable.
        """
        # A person named in both lists has come back already.
        for word, user_ids in (("gone", gone), ("here", connected)):
            for some in (user_ids[start : start + _PORTION] for start in range(0, len(user_ids), _PORTION)):
                arguments: list[int | str] = [word, ONLINE_MS, REMEMBERED_MS, *some]
                await self._redis.ask(
                    partial(self._record, keys=[_SEEN, _CONNECTED], args=arguments), timeout=_RECORD_SECONDS
                )

    async def of(self, user_ids: Sequence[UserId]) -> list[Presence]:
        """Return a presence for each of the users, in their order."""
        if not user_ids:
            return []
        try:
            now_ms, seen, connected = await self._redis.ask(lambda: self._get(keys=[_SEEN, _CONNECTED], args=user_ids))
        except DependencyUnavailable:
            return [Presence(user_id) for user_id in user_ids]
        return [
            Presence.judge(user_id, seen_ms=_number(seen_ms), connected_ms=_number(connected_ms), now_ms=now_ms)
            for user_id, seen_ms, connected_ms in zip(user_ids, seen, connected, strict=True)
        ]

    async def online(self) -> list[tuple[int, UserId]]:
        """Return the time, in milliseconds, when each person who is online was last seen, the latest first."""
        try:
            flat = await self._redis.ask(lambda: self._online(keys=[_CONNECTED], args=[ONLINE_MS, _MOST_LISTED]))
        except DependencyUnavailable:
            return []
        return [
            (int(seen_ms), UserId(user_id.decode())) for user_id, seen_ms in zip(flat[::2], flat[1::2], strict=True)
        ]


def _number(score: bytes | None) -> float | None:
    return None if score is None else float(score)
