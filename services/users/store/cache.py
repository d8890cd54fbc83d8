"""Profiles as everybody may see them, kept in Redis for a while; without what is private.

A reader that misses leaves a lease, reads the database and fills only what still holds the lease that it saw. A change
drops the entry after its commit, lease included: whoever read the database before that cannot fill any more.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime

import orjson

from chassis.errors import DependencyUnavailable
from chassis.ids import uuid7
from chassis.redis import BriefRedis
from services.users.model.profiles import PRIVATE_FIELDS, Profile, UserId

# The digit is the form of the entries: a release that changes it leaves the old ones to expire. One slot of a cluster.
_PREFIX = "messaging_cache:{profile1}:"
_LEASE_MARK = b"?"
_LEASE_MS = 10_000

# An entry that has less than ARGV[3] ms left is too old for this reader and becomes a lease, too.
_LEASE = """
local found = {}
for i, key in ipairs(KEYS) do
  local entry = redis.call('GET', key)
  if not entry or (string.sub(entry, 1, 1) ~= '?' and redis.call('PTTL', key) < tonumber(ARGV[3])) then
    entry = ARGV[1]
    redis.call('SET', key, entry, 'PX', ARGV[2])
  end
  found[i] = entry
end
return found
"""
_FILL = """
for i, key in ipairs(KEYS) do
  if redis.call('GET', key) == ARGV[2 * i] then redis.call('SET', key, ARGV[2 * i + 1], 'PX', ARGV[1]) end
end
"""


@dataclass(frozen=True, slots=True)
class Found:
    """What the cache held of the wanted profiles, and the leases under which the others may be filled."""

    profiles: dict[UserId, Profile]
    leases: Mapping[UserId, bytes]


class ProfileCache:
    """Bypassed while Redis is down: then nothing is found and nothing is filled."""

    def __init__(self, redis: BriefRedis, *, seconds: int) -> None:
        """Take how long an entry lives when nothing drops it."""
        self._redis = redis
        self._lease = redis.script(_LEASE)
        self._fill = redis.script(_FILL)
        self._keep_ms = seconds * 1000

    async def find(self, user_ids: Sequence[UserId], *, max_age: float | None = None) -> Found:
        """Look the users up; entries older than `max_age` seconds do not count."""
        if not user_ids:
            return Found({}, {})
        least_ms = 0 if max_age is None else self._keep_ms - int(max_age * 1000)
        arguments: list[int | bytes] = [_LEASE_MARK + uuid7().encode(), _LEASE_MS, least_ms]
        try:
            entries = await self._redis.ask(lambda: self._lease(keys=_keys(user_ids), args=arguments))
        except DependencyUnavailable:
            return Found({}, {})
        found = Found({}, leases := {})
        for user_id, entry in zip(user_ids, entries, strict=True):
            if entry.startswith(_LEASE_MARK):
                leases[user_id] = entry
            else:
                found.profiles[user_id] = _decode(entry)
        return found

    async def fill(self, profiles: Iterable[Profile], leases: Mapping[UserId, bytes]) -> None:
        """Keep what was read from the database after `find` had given the leases, unless it was dropped since."""
        leased = [profile for profile in profiles if profile.user_id in leases]
        if not leased:
            return
        keys = _keys(profile.user_id for profile in leased)
        pairs = [part for profile in leased for part in (leases[profile.user_id], _encode(profile))]
        with suppress(DependencyUnavailable):
            await self._redis.ask(lambda: self._fill(keys=keys, args=[self._keep_ms, *pairs]))

    async def drop(self, user_ids: Collection[UserId]) -> bool:
        """Forget profiles that were changed; only after the commit. Returns whether it could."""
        try:
            await self._redis.ask(lambda: self._redis.client.delete(*_keys(user_ids)))
        except DependencyUnavailable:
            return False
        return True


def _keys(user_ids: Iterable[UserId]) -> list[str]:
    return [_PREFIX + user_id for user_id in user_ids]


def _encode(profile: Profile) -> bytes:
    return orjson.dumps({field: value for field, value in asdict(profile).items() if field not in PRIVATE_FIELDS})


def _decode(entry: bytes) -> Profile:
    fields = orjson.loads(entry)
    times = {field: datetime.fromisoformat(fields[field]) for field in ("created_at", "updated_at")}
    return Profile(**{**fields, **times})
