"""The Pins service."""

from chassis.call import caller
from chassis.database import Database, Once
from chassis.paging import Pager, size
from chassis.rpc.interceptor import Context
from messaging.conversations.v1 import pins_pb2 as pb
from messaging.conversations.v1 import pins_pb2_grpc as rpc
from services.conversations.api import convert
from services.conversations.domain import pins
from services.conversations.model.ids import UserId


class PinsServicer(rpc.PinsServicer):
    """What conversations keep at hand."""

    def __init__(self, database: Database, pager: Pager) -> None:
        self._database = database
        self._pager = pager

    async def PinMessage(self, request: pb.PinMessageRequest, context: Context) -> pb.PinMessageResponse:
        """Refuses weak roles and too many pins."""
        return await self._database.run(
            pins.pin,
            message_id=convert.message_id(request.message_id),
            actor_id=UserId(caller().user_id),
            once=Once.of(request, encode=_pinned, answer=pb.PinMessageResponse),
        )

    async def UnpinMessage(self, request: pb.UnpinMessageRequest, context: Context) -> pb.UnpinMessageResponse:
        """Refuses weak roles."""
        return await self._database.run(
            pins.unpin,
            message_id=convert.message_id(request.message_id),
            actor_id=UserId(caller().user_id),
            once=Once.of(request, encode=_unpinned, answer=pb.UnpinMessageResponse),
        )

    async def ListPins(self, request: pb.ListPinsRequest, context: Context) -> pb.ListPinsResponse:
        """Refuses conversations that the caller is not in and page tokens of other lists."""
        conversation_id = convert.conversation_id(request.conversation_id)
        filters = {"list": "pins", "conversation": conversation_id}
        page = await self._database.run(
            pins.list_pins,
            conversation_id=conversation_id,
            member_id=UserId(caller().user_id),
            cursor=self._pager.decode(request.page_token, filters),
            size=size(request.page_size),
        )
        return pb.ListPinsResponse(
            pins=map(convert.pin, page.rows),
            next_page_token=self._pager.encode(page.next, filters),
            previous_page_token=self._pager.encode(page.previous, filters),
        )


def _pinned(_: None) -> pb.PinMessageResponse:
    return pb.PinMessageResponse()


def _unpinned(_: None) -> pb.UnpinMessageResponse:
    return pb.UnpinMessageResponse()
