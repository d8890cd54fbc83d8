"""Sends of all clients on their way to the conversations service: what arrives during a call leaves with the next.

An idle gateway sends at once; a busy one fills its calls, for which a lane waits a moment while another is under way.
"""

import asyncio
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from contextvars import Context
from dataclasses import dataclass
from itertools import chain

from prometheus_client import Histogram

from chassis import call, failpoints
from chassis.call import Call, Meter, serving
from chassis.errors import DeadlineRequired, DependencyUnavailable, Failure, Invalid, Overloaded, Unavailable
from chassis.ids import uuid7
from chassis.rpc.status import RemoteFailure
from gateway.clients import ConversationsClient
from messaging.conversations.v1 import messages_pb2 as pb

# Calls under way at once; a conversation always takes the same lane, so its sends keep their order.
LANES = 2
MAX_ITEMS = 64
MAX_BYTES = 512 * 1024
# Per lane: several seconds of the fastest machine's work. Beyond it a send is refused at once.
MAX_WAITING = 8192
# How long a send may take, in seconds, when its request names no deadline.
SEND_SECONDS = 3.0
# Seconds between attempts while a conversation is held by others, doubling, and while the service cannot be reached.
_BUSY_PAUSES = (0.005, 0.05)
_OUTAGE_PAUSE = 0.1
# How long a lane that could begin waits for more to come while another's call is under way.
_COMPANY_SECONDS = 0.01

BATCH_ITEMS = Histogram("messaging_send_batch_items", "Sends per call", buckets=(1, 2, 4, 8, 16, 32, 64))

Sent = tuple[pb.Message, bool]


class SendLanes:
    """Where REST and sockets hand in their sends; those of one conversation are stored in the order of handing in."""

    def __init__(self, client: ConversationsClient, *, width: int = LANES) -> None:
        """Take the connection to the conversations service and how many calls may be under way at once."""
        self._lanes: list[_Lane] = []
        for _ in range(width):
            self._lanes.append(_Lane(client, self._lanes))

    async def send(self, item: pb.SendItem) -> Sent:
        """Store the message within the current call's deadline, at its meter's cost.

        Answers the message and whether it had been stored before under its key. Raises: Failure.
        """
        active = call.current()
        return await self.submit(item, seconds=active.remaining(SEND_SECONDS), meter=active.meter)

    def submit(
        self, item: pb.SendItem, *, seconds: float = SEND_SECONDS, meter: Meter | None = None
    ) -> asyncio.Future[Sent]:
        """Take a send in without waiting for it; a cancelled future that has not left yet never does.

        Raises: Overloaded.
        """
        until, stamp = time.time() + seconds, item.deadline_time
        stamp.seconds, stamp.nanos = int(until), int(until % 1 * 1e9)
        future: asyncio.Future[Sent] = asyncio.get_running_loop().create_future()
        sending = _Sending(item, item.ByteSize(), time.monotonic() + seconds, meter, future)
        self._lanes[hash(item.conversation_id) % len(self._lanes)].add(sending)
        return future


@dataclass(slots=True)
class _Sending:
    item: pb.SendItem
    size: int
    deadline: float
    meter: Meter | None
    future: asyncio.Future[Sent]
    # Why the last attempt came to nothing; the answer if there is no time for another.
    failure: Failure | None = None

    def is_over(self, now: float) -> bool:
        """Tell whether nobody waits any more; fails the future of one that has just run out of time."""
        if self.future.done():
            return True
        if self.deadline <= now:
            self.fail(self.failure or DeadlineRequired("The message could not be stored in time.", retry_after=1.0))
            return True
        return False

    def succeed(self, message: pb.Message, is_replayed: bool) -> None:
        if not self.future.done():
            self.future.set_result((message, is_replayed))

    def fail(self, failure: Failure) -> None:
        if not self.future.done():
            self.future.set_exception(failure)


class _Lane:
    """One call at a time. A conversation that others hold is parked and probed with one item, so it delays no other."""

    def __init__(self, client: ConversationsClient, lanes: "list[_Lane]") -> None:
        self._client = client
        self._lanes = lanes
        self.is_under_way = False
        # Set when there is a whole call's worth of sends, or a call has come back.
        self.is_worthwhile = asyncio.Event()
        self._waiting: deque[_Sending] = deque()
        # What waits for each held conversation; while its probe is under way the entry stays, even when empty.
        self._parked: dict[str, deque[_Sending]] = {}
        self._arrived = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def add(self, sending: _Sending) -> None:
        if len(self._waiting) >= MAX_WAITING:
            raise Overloaded(retry_after=1.0)
        self._waiting.append(sending)
        self._arrived.set()
        if len(self._waiting) == MAX_ITEMS:
            self.is_worthwhile.set()
        if self._task is None:
            # In a context of its own: the call is made for many, not for whoever came first.
            self._task = asyncio.get_running_loop().create_task(self._run(), name="send-lane", context=Context())

    async def _run(self) -> None:
        batch: list[_Sending] = []
        pause = 0.0
        try:
            while self._waiting or self._parked:
                self._arrived.clear()
                if pause and not self._waiting:
                    with suppress(TimeoutError):
                        async with asyncio.timeout(pause):
                            await self._arrived.wait()
                await self._gather()
                batch = list(self._take())
                self.is_under_way = True
                await self._exchange(batch)
                self.is_under_way = False
                for lane in self._lanes:
                    lane.is_worthwhile.set()
                # The others first, who have waited for this.
                await asyncio.sleep(0)
                pause = min(max(2 * pause, _BUSY_PAUSES[0]), _BUSY_PAUSES[1]) if self._parked else 0.0
        finally:
            self._task = None
            self.is_under_way = False
            # Only an end before its time, as when the process stops, leaves anybody without an answer.
            for sending in (*batch, *self._waiting, *chain.from_iterable(self._parked.values())):
                sending.fail(DependencyUnavailable(retry_after=1.0))
            self._waiting.clear()
            self._parked.clear()

    async def _gather(self) -> None:
        """Wait for company while another lane's call is under way: the service's one writer is busy with that anyway.

        Measured at 32 sends under way: twice the items a call, 0.6 of the cost a message, and no later.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(_COMPANY_SECONDS):
                while len(self._waiting) < MAX_ITEMS and any(lane.is_under_way for lane in self._lanes):
                    self.is_worthwhile.clear()
                    await self.is_worthwhile.wait()

    def _take(self) -> Iterator[_Sending]:
        """A probe of each parked conversation, then what waits: as much as fits into a call."""
        now, count, size = time.monotonic(), 0, 0
        for conversation_id, parked in list(self._parked.items()):
            while parked and parked[0].is_over(now):
                parked.popleft()
            if not parked:
                del self._parked[conversation_id]
            elif count < MAX_ITEMS // 2 and size < MAX_BYTES // 2:
                count, size = count + 1, size + parked[0].size
                yield parked.popleft()
        while self._waiting and count < MAX_ITEMS and (count == 0 or size + self._waiting[0].size <= MAX_BYTES):
            sending = self._waiting.popleft()
            if sending.is_over(now):
                continue
            if (parked_before := self._parked.get(sending.item.conversation_id)) is not None:
                parked_before.append(sending)
                continue
            count, size = count + 1, size + sending.size
            yield sending

    async def _exchange(self, batch: Sequence[_Sending]) -> None:
        """Make one call and settle its items."""
        if not batch:
            return
        BATCH_ITEMS.observe(len(batch))
        deadline = max(sending.deadline for sending in batch)
        request = pb.SendMessagesRequest(items=[sending.item for sending in batch])
        with serving(Call(request_id=uuid7(), deadline=deadline)) as shared:
            try:
                response: pb.SendMessagesResponse = await self._client.call(
                    self._client.messages.SendMessages, request, timeout=SEND_SECONDS
                )
            except Failure as failure:
                await self._fail(batch, failure)
                return
        failpoints.reached("before_answer")
        for sending in batch:
            if sending.meter is not None:
                sending.meter.add(shared.meter.queries, shared.meter.query_seconds)
        self._settle(batch, response.results)

    async def _fail(self, batch: Sequence[_Sending], failure: Failure) -> None:
        if failure.code == Unavailable.code:
            # Safe to repeat: an item that was stored after all is recognised by its key.
            for sending in reversed(batch):
                sending.failure = failure
                self._parked.get(sending.item.conversation_id, self._waiting).appendleft(sending)
            await asyncio.sleep(_OUTAGE_PAUSE)
        elif failure.code == Invalid.code and len(batch) > 1:
            # The contract refuses a whole request for one of its items: only that one shall hear of it.
            for sending in batch:
                await self._exchange([sending])
        else:
            for sending in batch:
                sending.fail(failure)

    def _settle(self, batch: Sequence[_Sending], results: Sequence[pb.SendResult]) -> None:
        held = set()
        # Backwards, so that what is put back at the front keeps its order.
        for sending, result in zip(reversed(batch), reversed(results), strict=True):
            if result.HasField("message"):
                sending.succeed(result.message, result.replayed)
                continue
            failure = RemoteFailure(result.error)
            if failure.reason != "CONVERSATION_BUSY":
                sending.fail(failure)
                continue
            sending.failure = failure
            conversation_id = sending.item.conversation_id
            held.add(conversation_id)
            # The one that was asked about last moves to the end: each is probed in turn.
            self._parked[conversation_id] = parked = self._parked.pop(conversation_id, deque())
            parked.appendleft(sending)
        if self._parked:
            for conversation_id in {sending.item.conversation_id for sending in batch} - held:
                self._waiting.extendleft(reversed(self._parked.pop(conversation_id, ())))
