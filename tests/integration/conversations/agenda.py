"""One person's scheduled messages, and the worker that sends them when a test says so."""

import asyncio
from datetime import timedelta
from typing import Any

from google.protobuf.field_mask_pb2 import FieldMask

from messaging.conversations.v1 import scheduled_pb2 as pb
from messaging.conversations.v1.events_pb2 import ScheduledMessageChanged
from messaging.conversations.v1.scheduled_pb2_grpc import ScheduledStub
from services.conversations.jobs.scheduled import ScheduledSender
from services.conversations.model.limits import Limits
from tests.integration.conversations.conftest import Service
from tests.support.factories.scheduled import HOUR, schedule_request

PENDING, SENT, FAILED = pb.SCHEDULED_STATE_PENDING, pb.SCHEDULED_STATE_SENT, pb.SCHEDULED_STATE_FAILED


class Agenda:
    """One person's scheduled messages, and the worker that sends them."""

    def __init__(self, service: Service, user_id: str) -> None:
        self._service = service
        self.user_id = user_id
        self.stub = service.channel.stub(ScheduledStub)

    async def schedule(self, conversation_id: str, content: str = "Good morning", **fields: Any) -> pb.ScheduledMessage:
        request = schedule_request(conversation_id, content, **fields)
        answer = await self._service.ask(self.stub.ScheduleMessage, request, by=self.user_id)
        found: pb.ScheduledMessage = answer.scheduled_message
        return found

    async def get(self, scheduled_id: str) -> pb.ScheduledMessage:
        request = pb.GetScheduledMessageRequest(scheduled_message_id=scheduled_id)
        answer = await self._service.ask(self.stub.GetScheduledMessage, request, by=self.user_id)
        found: pb.ScheduledMessage = answer.scheduled_message
        return found

    async def update(self, scheduled_id: str, *paths: str, **fields: Any) -> pb.ScheduledMessage:
        request = pb.UpdateScheduledMessageRequest(
            scheduled_message_id=scheduled_id, update_mask=FieldMask(paths=paths or list(fields)), **fields
        )
        answer = await self._service.ask(self.stub.UpdateScheduledMessage, request, by=self.user_id)
        found: pb.ScheduledMessage = answer.scheduled_message
        return found

    async def cancel(self, scheduled_id: str, **fields: Any) -> None:
        request = pb.CancelScheduledMessageRequest(scheduled_message_id=scheduled_id, **fields)
        await self._service.ask(self.stub.CancelScheduledMessage, request, by=self.user_id)

    async def page(self, **fields: Any) -> pb.ListScheduledMessagesResponse:
        request = pb.ListScheduledMessagesRequest(**fields)
        found: pb.ListScheduledMessagesResponse = await self._service.ask(
            self.stub.ListScheduledMessages, request, by=self.user_id
        )
        return found

    async def let_pass(self, span: timedelta = HOUR) -> None:
        """Have everything that waits be so much nearer."""
        await self._service.rows(
            "update scheduled_messages set send_at = send_at - :span, try_at = try_at - :span where sender_id = :id",
            span=span,
            id=self.user_id,
        )

    async def go_round(self) -> None:
        """What a worker's child does when beat asks for it."""
        await asyncio.to_thread(ScheduledSender(self._service.database, Limits()).go_round)

    async def told(self) -> list[pb.ScheduledMessage]:
        """What their devices heard."""
        found = await self._service.emitted(self.user_id, "scheduled_message_changed")
        assert {envelope.user_id for envelope in found} <= {self.user_id}
        return [ScheduledMessageChanged.FromString(envelope.payload).scheduled_message for envelope in found]


async def contents(service: Service, conversation_id: str) -> list[str]:
    """What was said in a conversation, in order."""
    found = await service.rows(
        "select content from messages where conversation_id = :id order by seq", id=conversation_id
    )
    return [content for (content,) in found]
