"""Pages of messages on their way from the conversations service: what is asked for during a call leaves with the next.

A call costs more than the page that it fetches. An idle gateway asks at once, and each page alone.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from contextvars import Context
from dataclasses import dataclass

from prometheus_client import Histogram

from chassis import call
from chassis.call import Call, serving
from chassis.errors import Exhausted, Failure, Invalid, Unavailable
from chassis.ids import uuid7
from chassis.rpc.status import RemoteFailure
from gateway.clients import ConversationsClient
from messaging.conversations.v1 import messages_pb2 as pb

# Calls under way at once. A further one begins only with that many pages, or all would leave by ones and twos.
LANES = 2
WORTHWHILE = 8
MAX_ITEMS = 32
# A slow page delays others by no more than that: then they leave whatever is under way.
PATIENCE_SECONDS = 0.05

BATCH_PAGES = Histogram("messaging_page_batch_items", "Pages of messages per call", buckets=(1, 2, 4, 8, 16, 32))


class PageLanes:
    """Where REST asks for pages of messages."""

    def __init__(self, client: ConversationsClient, *, patience_seconds: float = PATIENCE_SECONDS) -> None:
        """Take the connection to the conversations service, and how long a page may wait for calls under way."""
        self._client = client
        self._patience_seconds = patience_seconds
        self._under_way = 0
        self._waiting: deque[_Asking] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None

    async def ask(self, reader_id: str, request: pb.ListMessagesRequest) -> pb.ListMessagesResponse:
        """Answer what the current call's user asks. Raises: Failure."""
        if self._under_way:
            asking = _Asking(reader_id, request, call.current(), asyncio.get_running_loop().create_future())
            self._waiting.append(asking)
            self._leave()
            answer = await asking.future
            return await self._alone(request) if answer is None else answer
        self._under_way += 1
        try:
            return await self._alone(request)
        finally:
            self._under_way -= 1
            self._leave()

    async def _alone(self, request: pb.ListMessagesRequest) -> pb.ListMessagesResponse:
        BATCH_PAGES.observe(1)
        answer: pb.ListMessagesResponse = await self._client.ask(self._client.messages.ListMessages, request)
        return answer

    def _leave(self, *, is_overdue: bool = False) -> None:
        """Begin a call with what waits, if it is time."""
        if not self._waiting:
            return
        is_worthwhile = self._under_way < LANES and len(self._waiting) >= WORTHWHILE
        if is_overdue or is_worthwhile or not self._under_way:
            self._under_way += 1
            # In a context of its own: the call is made for many, not for whoever came last.
            task = asyncio.get_running_loop().create_task(self._together(), name="page-lane", context=Context())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._patience_seconds, self._stop_waiting)

    def _stop_waiting(self) -> None:
        self._timer = None
        self._leave(is_overdue=True)

    async def _together(self) -> None:
        batch: list[_Asking] = []
        try:
            while self._waiting and len(batch) < MAX_ITEMS:
                asking = self._waiting.popleft()
                # Nobody waits any more for one that was cancelled.
                if not asking.future.done():
                    batch.append(asking)
            if batch:
                await self._exchange(batch)
        finally:
            self._under_way -= 1
            for asking in batch:
                asking.settle(None)
            self._leave()

    async def _exchange(self, batch: "Sequence[_Asking]") -> None:
        BATCH_PAGES.observe(len(batch))
        request = pb.BatchListMessagesRequest(
            items=[pb.PageItem(reader_id=asking.reader_id, request=asking.request) for asking in batch]
        )
        deadlines = [asking.active.deadline for asking in batch if asking.active.deadline is not None]
        with serving(Call(request_id=uuid7(), deadline=max(deadlines, default=None))) as shared:
            try:
                response: pb.BatchListMessagesResponse = await self._client.call(
                    self._client.messages.BatchListMessages, request
                )
            except Failure as failure:
                if failure.code not in {Invalid.code, Unavailable.code}:
                    for asking in batch:
                        asking.fail(failure)
                # Of the rest each asks alone: one may have spoilt it for all, and another replica may answer.
                return
        for asking, result in zip(batch, response.results, strict=True):
            asking.active.meter.add(shared.meter.queries, shared.meter.query_seconds)
            if result.HasField("response"):
                asking.settle(result.response)
            elif (refusal := RemoteFailure(result.error)).code != Exhausted.code:
                asking.fail(refusal)


@dataclass(frozen=True, slots=True)
class _Asking:
    reader_id: str
    request: pb.ListMessagesRequest
    active: Call
    # None when the page has to be asked for alone.
    future: asyncio.Future[pb.ListMessagesResponse | None]

    def settle(self, answer: pb.ListMessagesResponse | None) -> None:
        if not self.future.done():
            self.future.set_result(answer)

    def fail(self, failure: Failure) -> None:
        if not self.future.done():
            self.future.set_exception(failure)
