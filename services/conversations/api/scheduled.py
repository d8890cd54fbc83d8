"""The Scheduled service."""

from chassis.call import caller
from chassis.database import Database, Once
from chassis.paging import Pager, size
from chassis.rpc.interceptor import Context
from messaging.conversations.v1 import scheduled_pb2 as pb
from messaging.conversations.v1 import scheduled_pb2_grpc as rpc
from services.conversations.api import convert
from services.conversations.domain import scheduled
from services.conversations.model.ids import UserId
from services.conversations.model.limits import Limits
from services.conversations.model.messages import Priority
from services.conversations.model.scheduled import Scheduled, ScheduledState
from services.conversations.store import scheduled as store


class ScheduledServicer(rpc.ScheduledServicer):
    """The caller's own messages to be; the worker sends them."""

    def __init__(self, database: Database, pager: Pager, limits: Limits) -> None:
        self._database = database
        self._pager = pager
        self._limits = limits

    async def ScheduleMessage(self, request: pb.ScheduleMessageRequest, context: Context) -> pb.ScheduleMessageResponse:
        """Refuses conversations that the caller is not in, times out of range, and more than may wait."""
        return await self._database.run(
            scheduled.schedule,
            draft=convert.scheduled_draft(request, UserId(caller().user_id)),
            send_at=convert.moment(request.send_time),
            limits=self._limits,
            once=Once.of(request, encode=_scheduled, answer=pb.ScheduleMessageResponse),
        )

    async def GetScheduledMessage(
        self, request: pb.GetScheduledMessageRequest, context: Context
    ) -> pb.GetScheduledMessageResponse:
        """Refuses other people's."""
        found = await self._database.run(
            store.get,
            scheduled_id=convert.scheduled_id(request.scheduled_message_id),
            sender_id=UserId(caller().user_id),
        )
        return pb.GetScheduledMessageResponse(scheduled_message=convert.scheduled(found))

    async def ListScheduledMessages(
        self, request: pb.ListScheduledMessagesRequest, context: Context
    ) -> pb.ListScheduledMessagesResponse:
        """Refuses page tokens of other lists."""
        user_id, conversation_id = UserId(caller().user_id), convert.conversation_id(request.conversation_id) or None
        filters = {"list": "scheduled", "user": user_id, "conversation": conversation_id, "state": request.state}
        page = await self._database.run(
            store.page,
            sender_id=user_id,
            conversation_id=conversation_id,
            state=ScheduledState(request.state) if request.state else None,
            cursor=self._pager.decode(request.page_token, filters),
            size=size(request.page_size),
        )
        return pb.ListScheduledMessagesResponse(
            scheduled_messages=map(convert.scheduled, page.rows),
            next_page_token=self._pager.encode(page.next, filters),
            previous_page_token=self._pager.encode(page.previous, filters),
        )

    async def UpdateScheduledMessage(
        self, request: pb.UpdateScheduledMessageRequest, context: Context
    ) -> pb.UpdateScheduledMessageResponse:
        """Refuses other people's, what no longer waits, and times out of range."""
        paths = set(request.update_mask.paths)
        return await self._database.run(
            scheduled.update,
            scheduled_id=convert.scheduled_id(request.scheduled_message_id),
            sender_id=UserId(caller().user_id),
            content=request.content if "content" in paths else None,
            priority=Priority(request.priority or Priority.NORMAL) if "priority" in paths else None,
            is_important=request.is_important if "is_important" in paths else None,
            requires_acknowledgement=request.requires_acknowledgement if "requires_acknowledgement" in paths else None,
            send_at=convert.moment(request.send_time) if "send_time" in paths else None,
            limits=self._limits,
            once=Once.of(request, encode=_updated, answer=pb.UpdateScheduledMessageResponse),
        )

    async def CancelScheduledMessage(
        self, request: pb.CancelScheduledMessageRequest, context: Context
    ) -> pb.CancelScheduledMessageResponse:
        """Refuses other people's and what was sent."""
        return await self._database.run(
            scheduled.cancel,
            scheduled_id=convert.scheduled_id(request.scheduled_message_id),
            sender_id=UserId(caller().user_id),
            once=Once.of(request, encode=_cancelled, answer=pb.CancelScheduledMessageResponse),
        )


def _scheduled(found: Scheduled) -> pb.ScheduleMessageResponse:
    return pb.ScheduleMessageResponse(scheduled_message=convert.scheduled(found))


def _updated(found: Scheduled) -> pb.UpdateScheduledMessageResponse:
    return pb.UpdateScheduledMessageResponse(scheduled_message=convert.scheduled(found))


def _cancelled(_: None) -> pb.CancelScheduledMessageResponse:
    return pb.CancelScheduledMessageResponse()
