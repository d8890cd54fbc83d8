"""messaging.users.v1.Presences."""

from chassis import call
from chassis.bus import Bus
from chassis.paging import Pager, size
from chassis.rpc.interceptor import Context
from messaging.users.v1 import presences_pb2 as pb
from messaging.users.v1 import presences_pb2_grpc as rpc
from messaging.users.v1.events_pb2 import PresenceChanged
from services.users.api import convert
from services.users.domain.directory import Directory
from services.users.store.presences import Presences

_ONLINE = {"list": "online"}


class PresencesServicer(rpc.PresencesServicer):
    """Who is there."""

    def __init__(self, directory: Directory, presences: Presences, bus: Bus, pager: Pager) -> None:
        self._bus = bus
        self._directory = directory
        self._presences = presences
        self._pager = pager

    async def RecordHeartbeats(
        self, request: pb.RecordHeartbeatsRequest, context: Context
    ) -> pb.RecordHeartbeatsResponse:
        """Refuses while Redis is down."""
        changed = await self._presences.record(
            request.place,
            online=convert.user_ids(request.user_ids),
            away=convert.user_ids(request.away_user_ids),
            gone=convert.user_ids(request.gone_user_ids),
            is_reminder=request.is_reminder,
        )
        if changed:
            event = PresenceChanged(user_ids=changed)
            await self._bus.publish_live("live.users.presence", event.SerializeToString())
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

    async def RevealPresence(self, request: pb.RevealPresenceRequest, context: Context) -> pb.RevealPresenceResponse:
        """Refuses nobody: only the gateway asks."""
        asked = {
            convert.user_id(question.user_id): convert.user_ids(question.viewer_ids) for question in request.questions
        }
        return pb.RevealPresenceResponse(views=map(convert.view, await self._directory.reveal(asked)))

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
