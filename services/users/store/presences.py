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
# User -> "place,state,time;" for each place that has them; and the most present of these states, as was announced.
_PLACES = "{messaging_presence}:places"
_STATE = "{messaging_presence}:state"
# So many heartbeats occupy Redis for a millisecond or two; others get their turn in between.
_PORTION = 250
# No person waits for a heartbeat.
_RECORD_SECONDS = 1.0
# More are not listed; whoever wants to know whether one person is online asks for that person.
_MOST_LISTED = 10_000

_NOW = """
local now = redis.call('TIME')
now = now[1] * 1000 + math.floor(now[2] / 1000)
"""
# Answers whose state is another than was announced. Of those without one a reminder announces who is known to have been
# there before, so that a Redis that lost everything does not have everybody announced; a goodbye is always announced.
# Who comes when their last heartbeat counts no more was seen as offline, whether or not that was announced by then.
_RECORD = f"""{_NOW}
local word, place, is_reminder, lasts = ARGV[1], ARGV[2], ARGV[3] == '1', tonumber(ARGV[4])
local changed = {{}}
for i = 6, #ARGV do
  local user = ARGV[i]
  local state, kept = word, ''
  for other, theirs, at in string.gmatch(redis.call('HGET', KEYS[3], user) or '', '([^,;]*),(%a+),(%d+);') do
    if other ~= place and now - at < lasts then
      kept = kept .. other .. ',' .. theirs .. ',' .. at .. ';'
      if state == 'gone' or theirs == 'online' then state = theirs end
    end
  end
  local announced, last = redis.call('HGET', KEYS[4], user), redis.call('ZSCORE', KEYS[2], user)
  if not is_reminder and last and now - last >= lasts then announced = false end
  local is_news = announced or not is_reminder or redis.call('ZSCORE', KEYS[1], user)
  if state ~= announced and is_news then changed[#changed + 1] = user end
  redis.call('ZADD', KEYS[1], now, user)
  if word ~= 'gone' then
    kept = string.format('%s%s,%s,%.0f;', kept, place, word, now)
    redis.call('ZADD', KEYS[2], now, user)
  end
  if kept == '' then
    redis.call('ZREM', KEYS[2], user)
    redis.call('HDEL', KEYS[3], user)
    redis.call('HDEL', KEYS[4], user)
  else
    redis.call('HSET', KEYS[3], user, kept)
    redis.call('HSET', KEYS[4], user, state)
  end
end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[5])
return changed
"""
_SWEEP = f"""{_NOW}
local lost = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[1], 'LIMIT', 0, ARGV[2])
for _, user in ipairs(lost) do
  redis.call('ZREM', KEYS[1], user)
  redis.call('HDEL', KEYS[2], user)
  redis.call('HDEL', KEYS[3], user)
end
return lost
"""
_GET = f"""{_NOW}
return {{
  now, redis.call('ZMSCORE', KEYS[1], unpack(ARGV)), redis.call('ZMSCORE', KEYS[2], unpack(ARGV)),
  redis.call('HMGET', KEYS[3], unpack(ARGV))
}}
"""
_ONLINE = f"""{_NOW}
local oldest = string.format('(%.0f', now - ARGV[1])
return redis.call('ZREVRANGEBYSCORE', KEYS[1], '+inf', oldest, 'WITHSCORES', 'LIMIT', 0, ARGV[2])
"""


class Presences:
    """While Redis is down everybody is offline and nobody is listed; only heartbeats fail."""

    def __init__(self, redis: BriefRedis) -> None:
        self._redis = redis
        self._record = redis.script(_RECORD)
        self._sweep = redis.script(_SWEEP)
        self._get = redis.script(_GET)
        self._online = redis.script(_ONLINE)

    async def record(
        self, place: str, *, online: Sequence[UserId], away: Sequence[UserId], gone: Sequence[UserId], is_reminder: bool
    ) -> list[UserId]:
        """Note who is connected through a place and who has just left it; forget what is too old to tell.

        Returns those whose state, all places considered, is another than before. Raises: DependencyUnavailable.
        """
        changed: dict[UserId, None] = {}
        # A person named in two lists has come back already.
        for word, user_ids in (("gone", gone), ("away", away), ("online", online)):
            for some in (user_ids[start : start + _PORTION] for start in range(0, len(user_ids), _PORTION)):
                arguments: list[int | str] = [word, place, int(is_reminder), ONLINE_MS, REMEMBERED_MS, *some]
                keys = [_SEEN, _CONNECTED, _PLACES, _STATE]
                found = await self._redis.ask(partial(self._record, keys=keys, args=arguments), timeout=_RECORD_SECONDS)
                changed.update(dict.fromkeys(UserId(user_id.decode()) for user_id in found))
        return list(changed)

    async def sweep(self, *, limit: int) -> list[UserId]:
        """Forget those whose last heartbeat counts no more; returns them, each to one caller only.

        Raises: DependencyUnavailable.
        """
        ask = partial(self._sweep, keys=[_CONNECTED, _PLACES, _STATE], args=[ONLINE_MS, limit])
        return [UserId(user_id.decode()) for user_id in await self._redis.ask(ask)]

    async def of(self, user_ids: Sequence[UserId]) -> list[Presence]:
        """Return a presence for each of the users, in their order."""
        if not user_ids:
            return []
        try:
            now_ms, seen, connected, states = await self._redis.ask(
                lambda: self._get(keys=[_SEEN, _CONNECTED, _STATE], args=user_ids)
            )
        except DependencyUnavailable:
            return [Presence(user_id) for user_id in user_ids]
        return [
            Presence.judge(
                user_id,
                seen_ms=_number(seen_ms),
                connected_ms=_number(connected_ms),
                is_away=state == b"away",
                now_ms=now_ms,
            )
            for user_id, seen_ms, connected_ms, state in zip(user_ids, seen, connected, states, strict=True)
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
