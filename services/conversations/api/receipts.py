"""The Receipts service."""

from chassis.bus import Bus
from chassis.call import caller
from chassis.database import Database
from chassis.rpc.interceptor import Context
from messaging.conversations.v1 import receipts_pb2 as pb
from messaging.conversations.v1 import receipts_pb2_grpc as rpc
from messaging.conversations.v1.events_pb2 import TypingChanged
from services.conversations.api import convert
from services.conversations.domain import receipts
from services.conversations.model.ids import UserId
from services.conversations.model.positions import PositionKind


class ReceiptsServicer(rpc.ReceiptsServicer):
    """Positions, and who is typing."""

    def __init__(self, database: Database, bus: Bus) -> None:
        self._database = database
        self._bus = bus

    async def MarkRead(self, request: pb.MarkReadRequest, context: Context) -> pb.MarkReadResponse:
        """Refuses numbers that no message has yet."""
        moved, last_seq = await self._database.run(
            receipts.move,
            conversation_id=convert.conversation_id(request.conversation_id),
            user_id=UserId(caller().user_id),
            kind=PositionKind.READ,
            seq=request.seq,
        )
        return pb.MarkReadResponse(participant=convert.participant(moved), unread_count=last_seq - moved.read_seq)

    async def MarkDelivered(self, request: pb.MarkDeliveredRequest, context: Context) -> pb.MarkDeliveredResponse:
        """Refuses numbers that no message has yet."""
        moved, _ = await self._database.run(
            receipts.move,
            conversation_id=convert.conversation_id(request.conversation_id),
            user_id=UserId(caller().user_id),
            kind=PositionKind.DELIVERED,
            seq=request.seq,
        )
        return pb.MarkDeliveredResponse(participant=convert.participant(moved))

    async def ListReceipts(self, request: pb.ListReceiptsRequest, context: Context) -> pb.ListReceiptsResponse:
        """Refuses conversations that the caller is not in."""
        members = await self._database.run(
            receipts.list_receipts,
            conversation_id=convert.conversation_id(request.conversation_id),
            member_id=UserId(caller().user_id),
        )
        return pb.ListReceiptsResponse(participants=map(convert.participant, members))

    async def GetMessageReceipts(
        self, request: pb.GetMessageReceiptsRequest, context: Context
    ) -> pb.GetMessageReceiptsResponse:
        """Refuses messages that the caller cannot see."""
        found = await self._database.run(
            receipts.of_message,
            message_id=convert.message_id(request.message_id),
            member_id=UserId(caller().user_id),
        )
        return pb.GetMessageReceiptsResponse(
            status=convert.delivery_status(found.status),
            receipts=[
                pb.MessageReceipt(user_id=user_id, status=convert.delivery_status(status))
                for user_id, status in found.of_each
            ],
        )

    async def SetTyping(self, request: pb.SetTypingRequest, context: Context) -> pb.SetTypingResponse:
        """Refuses those who may not write."""
        conversation_id, user_id = convert.conversation_id(request.conversation_id), UserId(caller().user_id)
        if await self._database.run(receipts.may_show_typing, conversation_id=conversation_id, user_id=user_id):
            event = TypingChanged(conversation_id=conversation_id, user_id=user_id, is_typing=request.is_typing)
            await self._bus.publish_live(f"live.conversations.typing.{conversation_id}", event.SerializeToString())
        return pb.SetTypingResponse()
