"""Profiles as they are for those who may see them whole, kept in Redis for a moment; without what is private.

An entry says what others may do with the person and see of them, too; so it never gets older than such a fact may be.

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
from services.users.model.privacy import Privacy
from services.users.model.profiles import PRIVATE_FIELDS, Profile, UserId

# The digit is the form of the entries: a release that changes it leaves the old ones to expire. One slot of a cluster.
_PREFIX = "messaging_cache:{profile2}:"
_KEEP_MS = 5_000
_LEASE_MARK = b"?"
_LEASE_MS = 10_000

_LEASE = """
local found = {}
for i, key in ipairs(KEYS) do
  local entry = redis.call('GET', key)
  if not entry then
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

    def __init__(self, redis: BriefRedis) -> None:
        self._redis = redis
        self._lease = redis.script(_LEASE)
        self._fill = redis.script(_FILL)

    async def find(self, user_ids: Sequence[UserId]) -> Found:
        """Look the users up."""
        if not user_ids:
            return Found({}, {})
        arguments: list[int | bytes] = [_LEASE_MARK + uuid7().encode(), _LEASE_MS]
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
            await self._redis.ask(lambda: self._fill(keys=keys, args=[_KEEP_MS, *pairs]))

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
    return Profile(**{**fields, **times, "privacy": Privacy.of(fields["privacy"])})
