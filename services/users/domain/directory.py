"""Finding people: one, some, all, by name, by presence."""

import unicodedata
from collections.abc import Collection, Mapping, Sequence

from chassis.database import Database
from chassis.paging import Cursor, Page
from services.users import store
from services.users.model.errors import UserNotFound
from services.users.model.presences import Presence, View
from services.users.model.profiles import Profile, UserId
from services.users.model.sight import Seen, Sight, Viewer
from services.users.store.cache import ProfileCache
from services.users.store.presences import Presences


class Directory:
    """Reads profiles without their private fields, through the cache where they are asked for by id."""

    def __init__(self, database: Database, cache: ProfileCache, presences: Presences) -> None:
        self._database = database
        self._cache = cache
        self._presences = presences

    async def get(self, user_id: UserId, *, viewer: Viewer) -> Seen:
        """Return a profile as somebody else sees it, a suspended person's too. Raises: UserNotFound."""
        profile = (await self._read([user_id])).get(user_id)
        if profile is not None and profile.is_same_for_all:
            return Seen.openly(profile)
        found = await self._database.run(store.profiles.get_seen, user_ids=[user_id], viewer=viewer) if profile else []
        if not found:
            raise UserNotFound()
        return found[0]

    async def active(self, user_ids: Collection[UserId]) -> list[Profile]:
        """Return those of the users who exist and are not suspended, in the given order."""
        found = await self._read(user_ids)
        return [found[user_id] for user_id in user_ids if user_id in found and not found[user_id].is_suspended]

    async def page(
        self, *, viewer: Viewer, query: str, is_online_only: bool, order_by: str, cursor: Cursor | None, size: int
    ) -> Page[Seen]:
        """Return a page of active people whose names contain the query, as the viewer may find and see them."""
        among = [user_id for _, user_id in await self._presences.online()] if is_online_only else None
        if among == []:
            return Page([], None, None)
        return await self._database.run(
            store.profiles.page,
            viewer=viewer,
            query=_typed(query),
            among=among,
            order_by=order_by,
            cursor=cursor,
            size=size,
        )

    async def online(self, *, viewer: Viewer, cursor: Cursor | None, size: int) -> Page[Seen]:
        """Return a page of active people who show the viewer that they are online, the most recently seen first.

        The order moves: whoever is seen again between two pages is not on the second.
        """
        seen = await self._presences.online()
        if cursor is not None and cursor.is_backward:
            seen = [entry for entry in reversed(seen) if entry > cursor.key]
        elif cursor is not None:
            seen = [entry for entry in seen if entry < cursor.key]
        if not seen:
            return Page([], None, None)
        # Cut only after those are gone who hide: page tokens must not name them.
        times = {user_id: seen_ms for seen_ms, user_id in seen}
        rows = await self._database.run(store.profiles.showing, viewer=viewer, user_ids=list(times), limit=size + 1)
        return Page.cut(
            rows, size=size, cursor=cursor, key=lambda one: (times[one.profile.user_id], one.profile.user_id)
        )

    async def search(self, *, viewer: Viewer, query: str, limit: int) -> list[Seen]:
        """Return the active people whose names are most like the query, the best first."""
        return await self._database.run(store.profiles.search, viewer=viewer, query=_typed(query), limit=limit)

    async def presences(self, user_ids: Sequence[UserId], *, viewer: Viewer) -> list[Presence]:
        """Return for each of the users what the viewer learns of their presence, in their order."""
        presences = await self._presences.of(user_ids)
        known = list({presence.user_id for presence in presences if presence.seen_at is not None})
        found = await self._database.run(store.profiles.get_seen, user_ids=known, viewer=viewer) if known else []
        sights = {one.profile.user_id: one.sight for one in found}
        return [
            presence.within(sights[presence.user_id]) if presence.user_id in sights else Presence(presence.user_id)
            for presence in presences
        ]

    async def reveal(self, viewer_ids: Mapping[UserId, Sequence[UserId]]) -> list[View]:
        """Return what the viewers of each person, and those who know that person, learn of their presence now."""
        presences = {presence.user_id: presence for presence in await self._presences.of(list(viewer_ids))}
        found = await self._database.run(store.audiences.sights, viewer_ids=viewer_ids)
        return [
            View(presences[user_id].within(Sight(True, is_shown, is_last_seen_shown)), not is_shown, tuple(viewers))
            for (user_id, is_shown, is_last_seen_shown), viewers in found.items()
        ]

    async def _read(self, user_ids: Collection[UserId]) -> dict[UserId, Profile]:
        found = await self._cache.find(list(user_ids))
        missing: Sequence[UserId] = [user_id for user_id in user_ids if user_id not in found.profiles]
        if missing:
            profiles = await self._database.run(store.profiles.get_many, user_ids=missing)
            await self._cache.fill(profiles, found.leases)
            found.profiles.update((profile.user_id, profile) for profile in profiles)
        return found.profiles


def _typed(query: str) -> str:
    # Names are kept in this spelling.
    return unicodedata.normalize("NFC", query).strip()
