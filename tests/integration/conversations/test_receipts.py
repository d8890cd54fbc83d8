"""Positions, how they are announced, and typing."""

import asyncio
import itertools

import pytest
from nats.aio.client import Client

from chassis.ids import uuid7
from chassis.rpc.status import RemoteFailure
from messaging.chassis.v1.envelope_pb2 import Envelope
from messaging.conversations.v1 import events_pb2, participants_pb2
from messaging.conversations.v1 import receipts_pb2 as pb
from services.conversations.model.ids import UserId
from services.conversations.model.people import Audience
from services.conversations.store import people
from tests.integration.conversations.conftest import Service, until
from tests.support.factories.messages import item


async def read(service: Service, conversation_id: str, seq: int, *, by: str) -> pb.MarkReadResponse:
    request = pb.MarkReadRequest(conversation_id=conversation_id, seq=seq)
    found: pb.MarkReadResponse = await service.ask(service.receipts.MarkRead, request, by=by)
    return found


async def deliver(service: Service, conversation_id: str, seq: int, *, by: str) -> participants_pb2.Participant:
    request = pb.MarkDeliveredRequest(conversation_id=conversation_id, seq=seq)
    found: participants_pb2.Participant = (
        await service.ask(service.receipts.MarkDelivered, request, by=by)
    ).participant
    return found


def moved(envelope: Envelope) -> participants_pb2.Participant:
    """Who moved, by an event of either kind."""
    if envelope.kind == "read_moved":
        return events_pb2.ReadMoved.FromString(envelope.payload).participant
    return events_pb2.DeliveredMoved.FromString(envelope.payload).participant


@pytest.fixture
async def talk(service: Service, pair: tuple[str, str]) -> str:
    """A conversation in which the first wrote ten messages to the second."""
    direct = await service.direct(*pair)
    await service.send(*(item(pair[0], direct, f"{n}") for n in range(10)))
    return direct


async def test_positions_move_forward_and_never_back(service: Service, pair: tuple[str, str], talk: str) -> None:
    reader = pair[1]
    assert (await deliver(service, talk, 3, by=reader)).delivered_seq == 3
    forward = await read(service, talk, 7, by=reader)
    back = await read(service, talk, 2, by=reader)
    delivered = await deliver(service, talk, 5, by=reader)

    assert (forward.participant.read_seq, forward.participant.delivered_seq, forward.unread_count) == (7, 7, 3)
    assert back == forward
    assert (delivered.read_seq, delivered.delivered_seq) == (7, 7)
    assert (await service.get(talk, by=reader)).unread_count == 3
    # No shared change: nothing to resume.
    assert (await service.get(talk, by=reader)).rev == 13


async def test_two_devices_at_once_end_at_the_furthest(service: Service, pair: tuple[str, str], talk: str) -> None:
    await asyncio.gather(
        *(read(service, talk, seq, by=pair[1]) for seq in (9, 2, 7, 4, 1)),
        *(deliver(service, talk, seq, by=pair[1]) for seq in (10, 3)),
    )

    mine = (await service.get(talk, by=pair[1])).my_membership
    assert (mine.read_seq, mine.delivered_seq) == (9, 10)


async def test_positions_need_no_lock_on_the_conversation(service: Service, pair: tuple[str, str], talk: str) -> None:
    sends = [service.send(item(pair[0], talk, f"{n}")) for n in range(50)]
    reads = [read(service, talk, n % 10 + 1, by=pair[1]) for n in range(50)]

    await asyncio.gather(*sends, *reads)

    assert (await service.get(talk, by=pair[1])).my_membership.read_seq == 10


async def test_a_burst_is_announced_at_once_and_then_at_most_once_a_second_to_its_end(
    service: Service, pair: tuple[str, str], talk: str
) -> None:
    for seq in range(1, 11):
        await deliver(service, talk, seq, by=pair[1])
        await read(service, talk, seq, by=pair[1])

    async def told() -> list[Envelope] | None:
        found = await service.emitted(talk, "read_moved", "delivered_moved")
        return found if moved(found[-1]).read_seq == 10 else None

    first, *later = await until(told)
    assert (first.kind, first.aggregate_rev, first.actor_id) == ("delivered_moved", 0, pair[1])
    assert moved(first).delivered_seq == 1
    assert 1 <= len(later) <= 3
    times = [envelope.occurred_time.ToNanoseconds() for envelope in (first, *later)]
    assert all(b - a >= 1_000_000_000 for a, b in itertools.pairwise(times))
    await asyncio.sleep(1.5)
    assert len(await service.emitted(talk, "read_moved", "delivered_moved")) == 1 + len(later)


async def test_moving_nowhere_announces_nothing(service: Service, pair: tuple[str, str], talk: str) -> None:
    await read(service, talk, 0, by=pair[1])
    await read(service, talk, 10, by=pair[0])

    assert await service.emitted(talk, "read_moved", "delivered_moved") == []


async def test_who_left_is_not_announced(service: Service, pair: tuple[str, str]) -> None:
    group = await service.group(*pair)
    await service.send(*(item(pair[0], group) for _ in range(3)))
    await read(service, group, 1, by=pair[1])
    await read(service, group, 2, by=pair[1])
    await service.ask(
        service.participants.RemoveParticipant,
        participants_pb2.RemoveParticipantRequest(conversation_id=group, user_id=pair[1]),
        by=pair[1],
    )

    async def is_settled() -> bool:
        waiting = "select from participants where conversation_id = :id and unannounced > 0"
        return not await service.rows(waiting, id=group)

    await until(is_settled)
    assert [moved(envelope).read_seq for envelope in await service.emitted(group, "read_moved")] == [1]


async def test_positions_beyond_the_end_and_of_outsiders_are_refused(
    service: Service, pair: tuple[str, str], talk: str
) -> None:
    [stranger] = await service.people(1)
    for move in (read, deliver):
        for conversation_id, seq, by, reason in (
            (talk, 11, pair[1], "POSITION_BEYOND_END"),
            (talk, 1, stranger, "CONVERSATION_NOT_FOUND"),
            (uuid7(), 1, stranger, "CONVERSATION_NOT_FOUND"),
            (talk, -1, pair[1], "INVALID_REQUEST"),
        ):
            with pytest.raises(RemoteFailure) as refused:
                await move(service, conversation_id, seq, by=by)
            assert refused.value.reason == reason


async def test_all_members_see_all_positions(service: Service, pair: tuple[str, str], talk: str) -> None:
    await read(service, talk, 4, by=pair[1])
    request = pb.ListReceiptsRequest(conversation_id=talk)

    for by in pair:
        found = (await service.ask(service.receipts.ListReceipts, request, by=by)).participants
        assert {person.user_id: person.read_seq for person in found} == {pair[0]: 10, pair[1]: 4}
    [stranger] = await service.people(1)
    with pytest.raises(RemoteFailure) as refused:
        await service.ask(service.receipts.ListReceipts, request, by=stranger)
    assert refused.value.reason == "CONVERSATION_NOT_FOUND"


async def test_typing_is_passed_on_and_stored_nowhere(
    service: Service, operator: Client, pair: tuple[str, str], talk: str
) -> None:
    before = await service.rows("select count(*) from outbox")
    heard = await operator.subscribe("live.conversations.typing.>")
    await operator.flush()

    for is_typing in (True, False):
        request = pb.SetTypingRequest(conversation_id=talk, is_typing=is_typing)
        await service.ask(service.receipts.SetTyping, request, by=pair[0])
        message = await heard.next_msg(timeout=30)
        assert message.subject == f"live.conversations.typing.{talk}"
        event = events_pb2.TypingChanged.FromString(message.data)
        assert (event.conversation_id, event.user_id, event.is_typing) == (talk, pair[0], is_typing)
    await heard.unsubscribe()
    assert await service.rows("select count(*) from outbox") == before


async def test_only_who_may_write_is_seen_typing(service: Service, pair: tuple[str, str]) -> None:
    group, (stranger,) = await service.group(*pair), await service.people(1)

    async def why(by: str) -> str:
        request = pb.SetTypingRequest(conversation_id=group, is_typing=True)
        with pytest.raises(RemoteFailure) as refused:
            await service.ask(service.receipts.SetTyping, request, by=by)
        return refused.value.reason

    assert await why(stranger) == "CONVERSATION_NOT_FOUND"
    await service.rows("update participants set role = 5 where user_id = :id", id=pair[1])
    assert await why(pair[1]) == "ROLE_INSUFFICIENT"
    await service.rows("update participants set muted_until = 'infinity' where user_id = :id", id=pair[0])
    assert await why(pair[0]) == "MUTED"


async def hide(service: Service, user_id: str) -> None:
    """Have somebody show neither what they read nor that they type."""
    await service.database.run(
        lambda tx: people.set_privacy(
            tx,
            UserId(user_id),
            is_receipt_shared=False,
            is_typing_shared=False,
            who_can_message=Audience.EVERYONE,
        )
    )


async def test_what_is_not_shown_is_told_to_own_devices_alone(
    service: Service, pair: tuple[str, str], talk: str
) -> None:
    await hide(service, pair[1])
    await deliver(service, talk, 3, by=pair[1])
    await read(service, talk, 2, by=pair[1])
    await read(service, talk, 5, by=pair[1])

    async def told() -> list[Envelope] | None:
        found = await service.emitted(talk, "read_moved", "delivered_moved")
        return found if len(found) >= 3 else None

    first, *later = await until(told)
    assert (first.kind, moved(first).delivered_seq, moved(first).read_seq) == ("delivered_moved", 3, 0)
    # What reached them while they read is told to all, and what they read is not.
    assert {(event.kind, moved(event).delivered_seq, moved(event).read_seq) for event in later} == {
        ("read_moved", 5, 5),
        ("delivered_moved", 5, 0),
    }
    for event in (first, *later):
        is_read = event.kind == "read_moved"
        assert moved(event).is_read_hidden is not is_read
        assert not is_read or events_pb2.ReadMoved.FromString(event.payload).is_private


async def test_typing_that_is_not_shown_is_passed_on_to_nobody(
    service: Service, operator: Client, pair: tuple[str, str], talk: str
) -> None:
    await hide(service, pair[0])
    heard = await operator.subscribe(f"live.conversations.typing.{talk}")
    await operator.flush()
    for by in pair:
        await service.ask(service.receipts.SetTyping, pb.SetTypingRequest(conversation_id=talk, is_typing=True), by=by)

    message = await heard.next_msg(timeout=30)
    assert events_pb2.TypingChanged.FromString(message.data).user_id == pair[1]
    await heard.unsubscribe()
