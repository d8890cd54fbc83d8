"""Calls about threads, forwarded and hidden messages, earlier texts and receipts, as whoever the test says."""

from collections.abc import Sequence
from typing import Any

from messaging.conversations.v1 import forwards_pb2, messages_pb2, receipts_pb2, threads_pb2
from messaging.conversations.v1.forwards_pb2_grpc import ForwardsStub
from messaging.conversations.v1.threads_pb2_grpc import ThreadsStub
from tests.integration.conversations.conftest import Service


class Reading:
    """What one does with messages beside writing them."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.threads = service.channel.stub(ThreadsStub)
        self.forwards = service.channel.stub(ForwardsStub)

    async def view(self, message_id: str, *, by: str) -> messages_pb2.Message:
        """A message as somebody sees it."""
        request = messages_pb2.GetMessageRequest(message_id=message_id)
        answer: messages_pb2.GetMessageResponse = await self.service.ask(
            self.service.messages.GetMessage, request, by=by
        )
        return answer.message

    async def hide(self, message_id: str, *, by: str) -> None:
        """Delete a message for oneself."""
        request = messages_pb2.HideMessageRequest(message_id=message_id)
        await self.service.ask(self.service.messages.HideMessage, request, by=by)

    async def versions(self, message_id: str, *, by: str, **fields: Any) -> messages_pb2.ListMessageVersionsResponse:
        """A page of earlier texts."""
        request = messages_pb2.ListMessageVersionsRequest(message_id=message_id, **fields)
        found: messages_pb2.ListMessageVersionsResponse = await self.service.ask(
            self.service.messages.ListMessageVersions, request, by=by
        )
        return found

    async def thread(self, message_id: str, *, by: str, **fields: Any) -> threads_pb2.ListRepliesResponse:
        """A page of a thread."""
        request = threads_pb2.ListRepliesRequest(message_id=message_id, **fields)
        found: threads_pb2.ListRepliesResponse = await self.service.ask(self.threads.ListReplies, request, by=by)
        return found

    async def follow(self, message_id: str, *, by: str, is_subscribed: bool = True) -> None:
        """Follow a thread, or no longer."""
        request = threads_pb2.SetThreadSubscriptionRequest(message_id=message_id, is_subscribed=is_subscribed)
        await self.service.ask(self.threads.SetThreadSubscription, request, by=by)

    async def read(self, message_id: str, seq: int, *, by: str) -> threads_pb2.MarkThreadReadResponse:
        """Read on in a thread."""
        request = threads_pb2.MarkThreadReadRequest(message_id=message_id, seq=seq)
        found: threads_pb2.MarkThreadReadResponse = await self.service.ask(self.threads.MarkThreadRead, request, by=by)
        return found

    async def forward(
        self, message_id: str, targets: Sequence[str], *, by: str, request_id: str = "once", **fields: Any
    ) -> list[forwards_pb2.Forwarded]:
        """Forward a message."""
        request = forwards_pb2.ForwardMessageRequest(
            message_id=message_id, conversation_ids=targets, request_id=request_id, **fields
        )
        answer: forwards_pb2.ForwardMessageResponse = await self.service.ask(
            self.forwards.ForwardMessage, request, by=by
        )
        return list(answer.results)

    async def receipts(self, message_id: str, *, by: str) -> receipts_pb2.GetMessageReceiptsResponse:
        """How far a message has come."""
        request = receipts_pb2.GetMessageReceiptsRequest(message_id=message_id)
        found: receipts_pb2.GetMessageReceiptsResponse = await self.service.ask(
            self.service.receipts.GetMessageReceipts, request, by=by
        )
        return found
