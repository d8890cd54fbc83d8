"""The lanes between clients and the conversations service, against a peer that answers as each test wants."""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from itertools import chain

import pytest

from chassis import call
from chassis.call import Call, serving
from chassis.errors import DatabaseUnavailable, Failure, InvalidRequest, NotFound, Overloaded
from chassis.rpc.server import Binding, GrpcServer
from chassis.rpc.status import to_status
from gateway import sends
from gateway.clients import ConversationsClient
from gateway.sends import SendLanes
from messaging.conversations.v1 import messages_pb2 as pb
from messaging.conversations.v1 import messages_pb2_grpc as rpc

CREDENTIAL = "gateway:secret"
Answer = Callable[[pb.SendItem], pb.SendResult | Failure]


class ConversationBusy(DatabaseUnavailable):
    """Another transaction holds the conversation."""

    reason = "CONVERSATION_BUSY"


class Peer(rpc.MessagesServicer):
    """Remembers the batches it got; `answer` decides about each item, `before` about the whole call."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.answer: Answer = stored
        self.before: Callable[[pb.SendMessagesRequest], Awaitable[None]] | None = None

    async def SendMessages(self, request: pb.SendMessagesRequest, context: object) -> pb.SendMessagesResponse:
        self.batches.append([item.content for item in request.items])
        if self.before is not None:
            await self.before(request)
        return pb.SendMessagesResponse(results=[self._result(item) for item in request.items])

    def _result(self, item: pb.SendItem) -> pb.SendResult:
        answer = self.answer(item)
        return pb.SendResult(error=to_status(answer)) if isinstance(answer, Failure) else answer


def stored(item: pb.SendItem) -> pb.SendResult:
    return pb.SendResult(message=pb.Message(message_id=item.client_message_id, content=item.content))


def item(content: str, conversation_id: str = "c") -> pb.SendItem:
    return pb.SendItem(conversation_id=conversation_id, content=content, client_message_id=content[:36])


@asynccontextmanager
async def served(peer: rpc.MessagesServicer) -> AsyncIterator[ConversationsClient]:
    binding = Binding(rpc.add_MessagesServicer_to_server, peer, pb.DESCRIPTOR)
    server = GrpcServer("127.0.0.1:0", [binding], callers={hashlib.sha256(CREDENTIAL.encode()).hexdigest(): "gateway"})
    task = asyncio.create_task(server.run())
    client = ConversationsClient(f"127.0.0.1:{await server.port}", CREDENTIAL)
    try:
        yield client
    finally:
        await client.close()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
def peer() -> Peer:
    return Peer()  # type: ignore[abstract]


@pytest.fixture
async def lanes(peer: Peer) -> AsyncIterator[SendLanes]:
    async with served(peer) as client:
        yield SendLanes(client)


def others_lane(conversation_id: str) -> str:
    """A conversation that takes the other lane."""
    return next(
        name for name in map(str, range(100)) if hash(name) % sends.LANES != hash(conversation_id) % sends.LANES
    )


async def test_an_idle_lane_sends_at_once_and_what_arrives_meanwhile_leaves_together(
    lanes: SendLanes, peer: Peer
) -> None:
    first = lanes.submit(item("1"))
    while not peer.batches:
        await asyncio.sleep(0.001)
    rest = [lanes.submit(item(str(number))) for number in range(2, 100)]
    answers = await asyncio.gather(first, *rest)

    assert [message.content for message, _ in answers] == [str(number) for number in range(1, 100)]
    assert peer.batches[0] == ["1"]
    assert [len(batch) for batch in peer.batches[1:]] == [64, 34]
    assert list(chain.from_iterable(peer.batches)) == [str(number) for number in range(1, 100)]


async def test_a_batch_ends_at_its_size(lanes: SendLanes, peer: Peer) -> None:
    await asyncio.gather(*(lanes.submit(item(f"{number}" + "x" * 100_000)) for number in range(12)))

    assert max(map(len, peer.batches)) == 5
    assert sum(map(len, peer.batches)) == 12


async def test_two_conversations_may_be_under_way_at_once(lanes: SendLanes, peer: Peer) -> None:
    both = asyncio.Event()

    async def wait(_request: object) -> None:
        if len(peer.batches) == 2:
            both.set()
        await both.wait()

    peer.before = wait
    await asyncio.gather(lanes.submit(item("1", "a")), lanes.submit(item("2", others_lane("a"))))


async def test_an_item_fails_alone(lanes: SendLanes, peer: Peer) -> None:
    peer.answer = lambda one: NotFound("No such conversation.") if one.content == "2" else stored(one)
    first, second, third = await asyncio.gather(
        *(lanes.submit(item(content)) for content in "123"), return_exceptions=True
    )

    assert not isinstance(first, BaseException)
    assert not isinstance(third, BaseException)
    assert isinstance(second, Failure)
    assert second.code == "NOT_FOUND"
    assert len(peer.batches) == 1


async def test_a_replayed_item_says_so(lanes: SendLanes, peer: Peer) -> None:
    peer.answer = lambda one: pb.SendResult(message=stored(one).message, replayed=True)

    assert (await lanes.submit(item("1")))[1] is True


async def test_a_held_conversation_is_probed_until_it_is_free_and_keeps_its_order(lanes: SendLanes, peer: Peer) -> None:
    done: list[str] = []

    def answer(one: pb.SendItem) -> pb.SendResult | Failure:
        if len(peer.batches) < 6:
            return ConversationBusy()
        done.append(one.content)
        return stored(one)

    peer.answer = answer
    futures = [lanes.submit(item(str(number))) for number in range(10)]
    await asyncio.sleep(0.01)
    futures += [lanes.submit(item(str(number))) for number in range(10, 20)]
    await asyncio.gather(*futures)

    assert done == [str(number) for number in range(20)]
    assert peer.batches[1:5] == [["0"]] * 4


async def test_a_held_conversation_delays_no_other(lanes: SendLanes, peer: Peer) -> None:
    peer.answer = lambda one: ConversationBusy() if one.conversation_id == "held" else stored(one)
    same_lane = next(name for name in map(str, range(100)) if hash(name) % sends.LANES == hash("held") % sends.LANES)
    held = [lanes.submit(item(str(number), "held"), seconds=1.5) for number in range(200)]
    await lanes.submit(item("free", same_lane))
    assert not any(future.done() for future in held)
    failures = await asyncio.gather(*held, return_exceptions=True)

    # Those that never got their turn say only that time ran out.
    reasons = {getattr(failure, "reason", "") for failure in failures}
    assert reasons == {"CONVERSATION_BUSY", "DEADLINE_REQUIRED"}
    assert len(peer.batches) < 60


async def test_an_item_past_its_deadline_does_not_leave(lanes: SendLanes, peer: Peer) -> None:
    release = asyncio.Event()

    async def wait(_request: object) -> None:
        await release.wait()

    peer.before = wait
    first = lanes.submit(item("1"))
    late = lanes.submit(item("late"), seconds=0.3)
    given_up = lanes.submit(item("given up"))
    given_up.cancel()
    # The first call leaves with whatever had arrived before it.
    await asyncio.sleep(0.4)
    second = lanes.submit(item("second"), seconds=0.01)
    await asyncio.sleep(0.05)
    release.set()
    await first

    with pytest.raises(Failure) as refused:
        await second
    assert refused.value.code == "DEADLINE_EXCEEDED"
    await late
    assert peer.batches == [["1", "late"]]


async def test_a_service_that_is_away_is_asked_again_until_the_deadline(peer: Peer) -> None:
    async with served(peer) as client:
        lanes = SendLanes(client)
        await lanes.submit(item("1"))

        async def fail(_request: object) -> None:
            if len(peer.batches) < 4:
                raise DatabaseUnavailable()

        peer.before = fail
        answers = await asyncio.gather(*(lanes.submit(item(content)) for content in "234"))
    assert [message.content for message, _ in answers] == list("234")
    assert peer.batches == [["1"], ["2", "3", "4"], ["2", "3", "4"], ["2", "3", "4"]]
    with pytest.raises(Failure) as refused:
        await lanes.submit(item("5"), seconds=0.3)
    assert refused.value.code in {"UNAVAILABLE", "INTERNAL"}


async def test_a_refusal_of_everything_reaches_everybody(lanes: SendLanes, peer: Peer) -> None:
    async def refuse(_request: object) -> None:
        raise Overloaded(retry_after=3.0)

    peer.before = refuse
    failures = await asyncio.gather(*(lanes.submit(item(content)) for content in "12"), return_exceptions=True)

    assert [getattr(failure, "reason", "") for failure in failures] == ["OVERLOADED", "OVERLOADED"]
    assert len(peer.batches) == 1


async def test_one_item_that_breaks_the_contract_spoils_no_other(lanes: SendLanes, peer: Peer) -> None:
    async def check(request: pb.SendMessagesRequest) -> None:
        if any(one.content == "bad" for one in request.items):
            raise InvalidRequest()

    peer.before = check
    good, bad, also_good = await asyncio.gather(
        *(lanes.submit(item(content)) for content in ("good", "bad", "also good")), return_exceptions=True
    )

    assert isinstance(bad, Failure)
    assert bad.code == "INVALID_ARGUMENT"
    assert not isinstance(good, BaseException)
    assert not isinstance(also_good, BaseException)


async def test_beyond_its_bound_a_lane_refuses_at_once(
    lanes: SendLanes, peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sends, "MAX_WAITING", 2)
    futures = [lanes.submit(item(content)) for content in "12"]
    with pytest.raises(Overloaded):
        _ = lanes.submit(item("3"))
    await asyncio.gather(*futures)


async def test_a_send_ends_at_the_deadline_of_its_request_and_costs_its_meter(lanes: SendLanes, peer: Peer) -> None:
    seen: list[float] = []

    async def cost(request: pb.SendMessagesRequest) -> None:
        call.current().meter.add(4, 0.002)
        seen.append(request.items[0].deadline_time.ToMicroseconds() / 1e6)

    peer.before = cost
    begun = time.time()
    with serving(Call(deadline=time.monotonic() + 30)) as active:
        message, is_replayed = await lanes.send(item("1"))
    assert (message.content, is_replayed) == ("1", False)
    assert (active.meter.queries, active.meter.query_seconds) == (4, 0.002)
    assert begun + 29.9 < seen[0] < time.time() + 30.1
