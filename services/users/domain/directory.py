"""Finding people: one, some, all, by name, by presence."""

import unicodedata
from collections.abc import Collection, Sequence

from chassis.database import Database
from chassis.paging import Cursor, Page
from services.users import store
from services.users.model.errors import UserNotFound
from services.users.model.profiles import Profile, UserId
from services.users.store.cache import ProfileCache
from services.users.store.presences import Presences

# Whether somebody is active decides what others may do with them: such a fact is never older, in seconds.
_ACCESS_AGE = 5.0


class Directory:
    """Reads profiles without their private fields, through the cache where they are asked for by id."""

    def __init__(self, database: Database, cache: ProfileCache, presences: Presences) -> None:
        self._database = database
        self._cache = cache
        self._presences = presences

    async def get(self, user_id: UserId) -> Profile:
        """Return a profile, a suspended person's too. Raises: UserNotFound."""
        found = await self._read([user_id])
        if not found:
            raise UserNotFound()
        return found[user_id]

    async def active(self, user_ids: Collection[UserId]) -> list[Profile]:
        """Return those of the users who exist and are not suspended, in the given order."""
        found = await self._read(user_ids, max_age=_ACCESS_AGE)
        return [found[user_id] for user_id in user_ids if user_id in found and not found[user_id].is_suspended]

    async def page(
        self, *, query: str, is_online_only: bool, order_by: str, cursor: Cursor | None, size: int
    ) -> Page[Profile]:
        """Return a page of active people whose names contain the query."""
        among = [user_id for _, user_id in await self._presences.online()] if is_online_only else None
        if among == []:
            return Page([], None, None)
        return await self._database.run(
            store.profiles.page, query=_typed(query), among=among, order_by=order_by, cursor=cursor, size=size
        )

    async def online(self, *, cursor: Cursor | None, size: int) -> Page[Profile]:
        """Return a page of active people who are online, the most recently seen first.

        The order moves: whoever is seen again between two pages is not on the second.
        """
        seen = await self._presences.online()
        if cursor is not None and cursor.is_backward:
            seen = [entry for entry in reversed(seen) if entry > cursor.key]
        elif cursor is not None:
            seen = [entry for entry in seen if entry < cursor.key]
        page = Page.cut(seen[: size + 1], size=size, cursor=cursor, key=lambda entry: entry)
        return Page(await self.active([user_id for _, user_id in page.rows]), page.next, page.previous)

    async def search(self, *, query: str, limit: int) -> list[Profile]:
        """Return the active people whose names are most like the query, the best first."""
        return await self._database.run(store.profiles.search, query=_typed(query), limit=limit)

    async def _read(self, user_ids: Collection[UserId], *, max_age: float | None = None) -> dict[UserId, Profile]:
        found = await self._cache.find(list(user_ids), max_age=max_age)
        missing: Sequence[UserId] = [user_id for user_id in user_ids if user_id not in found.profiles]
        if missing:
            profiles = await self._database.run(store.profiles.get_many, user_ids=missing)
            await self._cache.fill(profiles, found.leases)
            found.profiles.update((profile.user_id, profile) for profile in profiles)
        return found.profiles


def _typed(query: str) -> str:
    # Names are kept in this spelling.
    return unicodedata.normalize("NFC", query).strip()
