import pytest

from chassis.ids import uuid7
from gateway.realtime import frames
from tests.load.crowd import CREATED, Crowd, Peer

CONVERSATION = uuid7()


def frame(rev: int, conversation_id: str = CONVERSATION) -> bytes:
    """What a socket receives, without the frame's header."""
    whole = frames.shared("message.created", conversation_id, rev, {"content": "load 1.500000 ..."})
    return whole[whole.index(CREATED) :]


@pytest.fixture
async def crowd() -> Crowd:
    made = Crowd("ws://127.0.0.1:1")
    made.measured = CONVERSATION.encode()
    return made


async def test_deliveries_are_counted_by_message_and_timed_from_its_sending(crowd: Crowd) -> None:
    one, other = Peer(crowd, "one"), Peer(crowd, "other")
    for peer, rev in ((one, 7), (other, 7), (one, 8)):
        peer.note(frame(rev))

    seen = crowd.seen(begun=1.0)

    assert (seen["count"], crowd.failure) == (3, None)
    assert seen["p50"] > 0


async def test_a_gap_fails_the_run(crowd: Crowd) -> None:
    peer = Peer(crowd, "one")
    peer.note(frame(7))
    peer.note(frame(9))

    assert crowd.failure == "rev 9 came after 7"


async def test_other_conversations_are_followed_but_not_counted(crowd: Crowd) -> None:
    peer = Peer(crowd, "one")
    peer.note(frame(1, uuid7()))
    peer.note(frame(1))

    assert (crowd.seen(begun=1.0)["count"], crowd.failure) == (1, None)


async def test_once_it_is_over_nothing_fails_any_more(crowd: Crowd) -> None:
    crowd.close()
    crowd.fail("a socket was closed")

    assert crowd.failure is None
