"""messaging.users.v1.Profiles."""

from collections.abc import Sequence

from chassis.call import caller
from chassis.crypto import Box
from chassis.database import Database, Once
from chassis.paging import Pager, size
from chassis.rpc.interceptor import Context
from messaging.users.v1 import profiles_pb2 as pb
from messaging.users.v1 import profiles_pb2_grpc as rpc
from services.users import store
from services.users.api import convert
from services.users.domain import profiles
from services.users.domain.directory import Directory
from services.users.model.profiles import Profile, UserId, is_private_shown
from services.users.model.sight import Seen
from services.users.store.cache import ProfileCache
from services.users.store.presences import Presences


class ProfilesServicer(rpc.ProfilesServicer):
    """What people show of themselves."""

    def __init__(
        self,
        database: Database,
        directory: Directory,
        cache: ProfileCache,
        presences: Presences,
        box: Box,
        pager: Pager,
    ) -> None:
        self._database = database
        self._directory = directory
        self._cache = cache
        self._presences = presences
        self._box = box
        self._pager = pager

    async def EnsureProfile(self, request: pb.EnsureProfileRequest, context: Context) -> pb.EnsureProfileResponse:
        """Refuses nothing: a name that breaks a rule is made to fit."""
        profile = await self._database.run(
            profiles.ensure,
            user_id=convert.user_id(request.user_id),
            username=request.username,
            first_name=request.first_name,
            last_name=request.last_name,
        )
        [presence] = await self._presences.of([profile.user_id])
        return pb.EnsureProfileResponse(profile=convert.profile(Seen(profile), presence, box=self._box))

    async def GetProfile(self, request: pb.GetProfileRequest, context: Context) -> pb.GetProfileResponse:
        """Refuses unknown users."""
        user_id = convert.user_id(request.user_id)
        if _is_private_shown(user_id):
            seen, box = Seen(await self._database.run(store.profiles.get, user_id=user_id)), self._box
        else:
            seen, box = await self._directory.get(user_id, viewer=convert.viewer()), None
        [presence] = await self._presences.of([user_id])
        return pb.GetProfileResponse(profile=convert.profile(seen, presence, box=box))

    async def GetUsers(self, request: pb.GetUsersRequest, context: Context) -> pb.GetUsersResponse:
        """Leaves out whom it does not know."""
        found = await self._directory.active(convert.user_ids(request.user_ids))
        return pb.GetUsersResponse(users=map(convert.user, found))

    async def ListProfiles(self, request: pb.ListProfilesRequest, context: Context) -> pb.ListProfilesResponse:
        """Refuses page tokens of other lists."""
        order_by = request.order_by or "username"
        filters = {
            "list": "profiles",
            "query": request.query,
            "online_only": request.online_only,
            "order_by": order_by,
        }
        page = await self._directory.page(
            viewer=convert.viewer(),
            query=request.query,
            is_online_only=request.online_only,
            order_by=order_by,
            cursor=self._pager.decode(request.page_token, filters),
            size=size(request.page_size),
        )
        return pb.ListProfilesResponse(
            profiles=await self._shown(page.rows),
            next_page_token=self._pager.encode(page.next, filters),
            previous_page_token=self._pager.encode(page.previous, filters),
        )

    async def SearchProfiles(self, request: pb.SearchProfilesRequest, context: Context) -> pb.SearchProfilesResponse:
        """Refuses nothing but what breaks the contract."""
        found = await self._directory.search(viewer=convert.viewer(), query=request.query, limit=request.limit or 20)
        return pb.SearchProfilesResponse(profiles=await self._shown(found))

    async def UpdateProfile(self, request: pb.UpdateProfileRequest, context: Context) -> pb.UpdateProfileResponse:
        """Refuses unknown users, other people's profiles, other versions, and values that break a rule."""
        user_id = convert.user_id(request.user_id)
        [presence] = await self._presences.of([user_id])

        def answer(profile: Profile) -> pb.UpdateProfileResponse:
            return pb.UpdateProfileResponse(profile=convert.profile(Seen(profile), presence, box=self._box))

        response: pb.UpdateProfileResponse = await self._database.run(
            profiles.update,
            box=self._box,
            editor_id=UserId(caller().user_id),
            is_admin=caller().has_role("admin"),
            user_id=user_id,
            values=convert.changes(request),
            etag=request.etag,
            once=Once.of(request, encode=answer, answer=pb.UpdateProfileResponse, box=self._box),
        )
        await self._cache.drop([user_id])
        return response

    async def _shown(self, found: Sequence[Seen]) -> list[pb.Profile]:
        return convert.profiles(found, await self._presences.of([one.profile.user_id for one in found]))


def _is_private_shown(user_id: UserId) -> bool:
    return is_private_shown(user_id, viewer_id=UserId(caller().user_id), is_admin=caller().has_role("admin"))
