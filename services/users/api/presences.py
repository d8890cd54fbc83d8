"""messaging.users.v1.Presences."""

from chassis import call
from chassis.paging import Pager, size
from chassis.rpc.interceptor import Context
from messaging.users.v1 import presences_pb2 as pb
from messaging.users.v1 import presences_pb2_grpc as rpc
from services.users.api import convert
from services.users.domain.directory import Directory
from services.users.store.presences import Presences

_ONLINE = {"list": "online"}


class PresencesServicer(rpc.PresencesServicer):
    """Who is there."""

    def __init__(self, directory: Directory, presences: Presences, pager: Pager) -> None:
        self._directory = directory
        self._presences = presences
        self._pager = pager

    async def RecordHeartbeats(
        self, request: pb.RecordHeartbeatsRequest, context: Context
    ) -> pb.RecordHeartbeatsResponse:
        """Refuses while Redis is down."""
        await self._presences.record(
            connected=convert.user_ids(request.user_ids), gone=convert.user_ids(request.gone_user_ids)
        )
        return pb.RecordHeartbeatsResponse()

    async def GetPresence(self, request: pb.GetPresenceRequest, context: Context) -> pb.GetPresenceResponse:
        """Refuses nobody."""
        user_ids = [convert.user_id(text) for text in request.user_ids]
        if call.current().caller is None:
            # A service that decides what to do about somebody, and tells nobody.
            presences = await self._presences.of(user_ids)
        else:
            presences = await self._directory.presences(user_ids, viewer=convert.viewer())
        return pb.GetPresenceResponse(presences=map(convert.presence_of, presences))

    async def ListOnline(self, request: pb.ListOnlineRequest, context: Context) -> pb.ListOnlineResponse:
        """Refuses foreign page tokens."""
        page = await self._directory.online(
            viewer=convert.viewer(),
            cursor=self._pager.decode(request.page_token, _ONLINE),
            size=size(request.page_size),
        )
        presences = await self._presences.of([one.profile.user_id for one in page.rows])
        return pb.ListOnlineResponse(
            profiles=convert.profiles(page.rows, presences),
            next_page_token=self._pager.encode(page.next, _ONLINE),
            previous_page_token=self._pager.encode(page.previous, _ONLINE),
        )
