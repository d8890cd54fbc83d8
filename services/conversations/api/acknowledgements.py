"""The Acknowledgements service."""

from chassis.call import caller
from chassis.database import Database, Once
from chassis.paging import Pager, size
from chassis.rpc.interceptor import Context
from messaging.conversations.v1 import acknowledgements_pb2 as pb
from messaging.conversations.v1 import acknowledgements_pb2_grpc as rpc
from services.conversations.api import convert
from services.conversations.domain import acknowledgements
from services.conversations.model.acknowledgements import Acknowledgement
from services.conversations.model.ids import UserId


class AcknowledgementsServicer(rpc.AcknowledgementsServicer):
    """Who took notice."""

    def __init__(self, database: Database, pager: Pager) -> None:
        self._database = database
        self._pager = pager

    async def AcknowledgeMessage(
        self, request: pb.AcknowledgeMessageRequest, context: Context
    ) -> pb.AcknowledgeMessageResponse:
        """Refuses messages that do not ask the caller for it."""
        return await self._database.run(
            acknowledgements.acknowledge,
            message_id=convert.message_id(request.message_id),
            user_id=UserId(caller().user_id),
            once=Once.of(request, encode=_acknowledged, answer=pb.AcknowledgeMessageResponse),
        )

    async def ListAcknowledgements(
        self, request: pb.ListAcknowledgementsRequest, context: Context
    ) -> pb.ListAcknowledgementsResponse:
        """Refuses everybody but the author and moderators, and page tokens of other lists."""
        message_id = convert.message_id(request.message_id)
        is_acknowledged = request.is_acknowledged if request.HasField("is_acknowledged") else None
        filters = {"list": "acknowledgements", "message": message_id, "is_acknowledged": is_acknowledged}
        page = await self._database.run(
            acknowledgements.list_acknowledgements,
            message_id=message_id,
            member_id=UserId(caller().user_id),
            is_acknowledged=is_acknowledged,
            cursor=self._pager.decode(request.page_token, filters),
            size=size(request.page_size),
        )
        return pb.ListAcknowledgementsResponse(
            acknowledgements=map(convert.acknowledgement, page.rows),
            next_page_token=self._pager.encode(page.next, filters),
            previous_page_token=self._pager.encode(page.previous, filters),
        )


def _acknowledged(given: Acknowledgement) -> pb.AcknowledgeMessageResponse:
    return pb.AcknowledgeMessageResponse(acknowledgement=convert.acknowledgement(given))
