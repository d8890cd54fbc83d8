"""The lanes between readers and the conversations service, against a peer that answers as each test wants."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from chassis.call import Call, Caller, serving
from chassis.errors import DatabaseUnavailable, Failure, InvalidRequest, NotFound, Overloaded
from chassis.ids import uuid7
from chassis.rpc.status import to_status
from gateway import pages
from gateway.pages import PageLanes
from messaging.conversations.v1 import messages_pb2 as pb
from messaging.conversations.v1 import messages_pb2_grpc as rpc
from tests.integration.gateway.test_sends import served


class Peer(rpc.MessagesServicer):
    """Remembers which pages were asked for together; their numbers name them."""

    def __init__(self) -> None:
        self.calls: list[list[int]] = []
        self.readers: list[str] = []
        self.may_answer = asyncio.Event()
        self.refusals: dict[int, Failure] = {}
        self.refusal_of_all: Failure | None = None

    async def ListMessages(self, request: pb.ListMessagesRequest, context: object) -> pb.ListMessagesResponse:
        self.calls.append([request.before_seq])
        await self.may_answer.wait()
        if isinstance(refusal := self.refusals.get(request.before_seq), NotFound):
            raise refusal
        return page(request)

    async def BatchListMessages(
        self, request: pb.BatchListMessagesRequest, context: object
    ) -> pb.BatchListMessagesResponse:
        self.calls.append([item.request.before_seq for item in request.items])
        self.readers += [item.reader_id for item in request.items]
        await self.may_answer.wait()
        if self.refusal_of_all is not None:
            raise self.refusal_of_all
        return pb.BatchListMessagesResponse(results=[self._result(item.request) for item in request.items])

    def _result(self, request: pb.ListMessagesRequest) -> pb.PageResult:
        refusal = self.refusals.get(request.before_seq)
        return pb.PageResult(error=to_status(refusal)) if refusal else pb.PageResult(response=page(request))


def page(request: pb.ListMessagesRequest) -> pb.ListMessagesResponse:
    return pb.ListMessagesResponse(next_page_token=str(request.before_seq))


@pytest.fixture
def peer() -> Peer:
    return Peer()  # type: ignore[abstract]


@pytest.fixture
async def lanes(peer: Peer) -> AsyncIterator[PageLanes]:
    async with served(peer) as client:
        yield PageLanes(client, patience_seconds=60)


def ask(lanes: PageLanes, number: int, reader_id: str = "") -> asyncio.Task[pb.ListMessagesResponse]:
    reader_id = reader_id or uuid7()

    async def asked() -> pb.ListMessagesResponse:
        with serving(Call(caller=Caller(reader_id), request_id=uuid7())):
            return await lanes.ask(reader_id, pb.ListMessagesRequest(before_seq=number))

    return asyncio.create_task(asked())


async def under_way(peer: Peer, calls: int) -> None:
    async with asyncio.timeout(10):
        while len(peer.calls) < calls:
            await asyncio.sleep(0.01)


async def test_an_idle_gateway_asks_at_once_and_what_comes_meanwhile_leaves_together(
    lanes: PageLanes, peer: Peer
) -> None:
    readers = [uuid7() for _ in range(5)]
    asked = [ask(lanes, number, reader) for number, reader in enumerate(readers, 1)]
    await under_way(peer, 1)
    assert peer.calls == [[1]]
    peer.may_answer.set()

    assert [answer.next_page_token for answer in await asyncio.gather(*asked)] == ["1", "2", "3", "4", "5"]
    assert peer.calls == [[1], [2, 3, 4, 5]]
    assert peer.readers == readers[1:]


async def test_many_readers_do_not_wait_for_one_call(lanes: PageLanes, peer: Peer) -> None:
    asked = [ask(lanes, number) for number in range(1, pages.WORTHWHILE + 2)]
    await under_way(peer, 2)
    # Two calls under way arrive in either order.
    assert sorted(map(len, peer.calls)) == [1, pages.WORTHWHILE]
    further = [ask(lanes, number) for number in range(100, 100 + 3 * pages.MAX_ITEMS)]
    await asyncio.sleep(0.05)
    assert len(peer.calls) == pages.LANES
    peer.may_answer.set()
    await asyncio.gather(*asked, *further)
    assert max(len(call) for call in peer.calls) == pages.MAX_ITEMS


async def test_a_slow_page_does_not_hold_the_others(peer: Peer) -> None:
    async with served(peer) as client:
        lanes = PageLanes(client, patience_seconds=0.05)
        slow = ask(lanes, 1)
        await under_way(peer, 1)
        others = [ask(lanes, number) for number in (2, 3)]
        await under_way(peer, 2)
        assert peer.calls == [[1], [2, 3]]
        peer.may_answer.set()
        await asyncio.gather(slow, *others)


async def test_a_page_that_cannot_be_read_fails_alone(lanes: PageLanes, peer: Peer) -> None:
    peer.refusals = {3: NotFound()}
    asked = [ask(lanes, number) for number in (1, 2, 3, 4)]
    await under_way(peer, 1)
    peer.may_answer.set()
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(answer).__name__ for answer in answers].count("ListMessagesResponse") == 3
    assert isinstance(answers[2], Failure)
    assert answers[2].code == NotFound.code


async def test_a_page_that_has_no_room_is_asked_for_alone(lanes: PageLanes, peer: Peer) -> None:
    peer.refusals = {3: Overloaded()}
    asked = [ask(lanes, number) for number in (1, 2, 3)]
    await under_way(peer, 1)
    peer.may_answer.set()
    assert [answer.next_page_token for answer in await asyncio.gather(*asked)] == ["1", "2", "3"]
    assert peer.calls == [[1], [2, 3], [3]]


@pytest.mark.parametrize("refusal", [InvalidRequest(), DatabaseUnavailable()])
async def test_what_one_may_have_spoilt_for_all_is_asked_again_by_each(
    lanes: PageLanes, peer: Peer, refusal: Failure
) -> None:
    peer.refusal_of_all = refusal
    asked = [ask(lanes, number) for number in (1, 2, 3)]
    await under_way(peer, 1)
    peer.may_answer.set()
    assert [answer.next_page_token for answer in await asyncio.gather(*asked)] == ["1", "2", "3"]
    assert sorted(peer.calls[2:]) == [[2], [3]]


async def test_an_overloaded_service_is_not_asked_again(lanes: PageLanes, peer: Peer) -> None:
    peer.refusal_of_all = Overloaded()
    asked = [ask(lanes, number) for number in (1, 2, 3)]
    await under_way(peer, 1)
    peer.may_answer.set()
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert [isinstance(answer, Failure) for answer in answers] == [False, True, True]
    assert len(peer.calls) == 2


async def test_a_reader_who_went_away_takes_no_room(lanes: PageLanes, peer: Peer) -> None:
    first, gone, last = (ask(lanes, number) for number in (1, 2, 3))
    await under_way(peer, 1)
    gone.cancel()
    await asyncio.gather(gone, return_exceptions=True)
    peer.may_answer.set()
    await asyncio.gather(first, last)
    assert peer.calls == [[1], [3]]
