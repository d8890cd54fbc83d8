"""Direct conversations: one for each pair, hidden instead of deleted."""

import asyncio

import pytest

from chassis.ids import uuid7
from messaging.conversations.v1 import conversations_pb2 as pb
from messaging.conversations.v1 import participants_pb2
from messaging.conversations.v1.events_pb2 import ConversationHidden
from services.conversations.model.ids import UserId
from services.conversations.store import people
from tests.integration.conversations.conftest import Service
from tests.support.factories.conversations import direct_request, group_request


async def test_a_pair_has_one_direct_conversation_whoever_asks(service: Service) -> None:
    one, other = await service.people(2)
    first = await service.ask(service.conversations.CreateConversation, direct_request(other), by=one)
    second = await service.ask(service.conversations.CreateConversation, direct_request(one.upper()), by=other)

    assert (first.created, second.created) == (True, False)
    assert first.conversation.conversation_id == second.conversation.conversation_id
    assert (first.conversation.peer_id, second.conversation.peer_id) == (other, one)
    assert first.conversation.kind == pb.CONVERSATION_KIND_DIRECT
    assert (first.conversation.rev, first.conversation.last_seq, first.conversation.participant_count) == (3, 0, 2)
    assert first.conversation.my_membership.role == participants_pb2.ROLE_MEMBER


async def test_both_asking_at_once_get_the_same_conversation(service: Service) -> None:
    one, other = await service.people(2)
    create = service.conversations.CreateConversation
    answers = await asyncio.gather(
        *(service.ask(create, direct_request((one, other)[n % 2]), by=(other, one)[n % 2]) for n in range(12))
    )

    assert len({answer.conversation.conversation_id for answer in answers}) == 1
    assert sum(answer.created for answer in answers) == 1
    assert len(await service.emitted(answers[0].conversation.conversation_id)) == 3


@pytest.mark.parametrize("count", [0, 2])
async def test_a_direct_conversation_takes_exactly_one_other_person(service: Service, count: int) -> None:
    one, *others = await service.people(1 + count)
    request = pb.CreateConversationRequest(kind=pb.CONVERSATION_KIND_DIRECT, participant_ids=[*others, one])

    assert await service.refusal(service.conversations.CreateConversation, request, by=one) == "DIRECT_NEEDS_ONE_PEER"


async def test_a_direct_conversation_has_no_title(service: Service) -> None:
    one, other = await service.people(2)
    request = direct_request(other, title="Us")

    assert await service.refusal(service.conversations.CreateConversation, request, by=one) == "DIRECT_NEEDS_ONE_PEER"


@pytest.mark.parametrize("blocker", [0, 1])
async def test_blocked_people_begin_no_conversation_but_find_the_old_one(service: Service, blocker: int) -> None:
    one, other, third = map(UserId, await service.people(3))
    old = await service.direct(one, third)
    for peer in (other, third):
        pair = (one, peer) if blocker else (peer, one)
        await service.database.run(lambda tx, pair=pair: people.block(tx, *pair))

    assert await service.refusal(service.conversations.CreateConversation, direct_request(other), by=one) == "BLOCKED"
    assert await service.direct(one, third) == old


async def test_nobody_talks_to_who_is_unknown_or_suspended(service: Service) -> None:
    one, suspended = map(UserId, await service.people(2))
    await service.database.run(lambda tx: people.set_active(tx, suspended, is_active=False))

    for peer in (uuid7(), suspended):
        for request in (direct_request(peer), group_request(peer)):
            reason = await service.refusal(service.conversations.CreateConversation, request, by=one)
            assert reason == "USER_UNAVAILABLE"


async def test_a_direct_conversation_is_hidden_until_its_next_message(service: Service) -> None:
    me, other = await service.people(2)
    direct = await service.direct(me, other)
    await service.say(other, direct)
    request = pb.DeleteConversationRequest(conversation_id=direct)

    await service.ask(service.conversations.DeleteConversation, request, by=me)

    get = pb.GetConversationRequest(conversation_id=direct)
    assert await service.listed(me) == []
    assert await service.refusal(service.conversations.GetConversation, get, by=me) == "CONVERSATION_NOT_FOUND"
    assert await service.listed(other) == [direct]
    assert len(await service.emitted(direct, "audit_recorded")) == 1
    memberships = await service.ask(service.conversations.ListMemberships, pb.ListMembershipsRequest(), by=me)
    assert [found.conversation_id for found in memberships.memberships] == [direct]
    await service.say(other, direct)
    assert await service.listed(me) == [direct]


async def test_who_hid_a_direct_conversation_finds_it_by_asking_for_it(service: Service) -> None:
    me, other = await service.people(2)
    direct = await service.direct(me, other)
    request = pb.DeleteConversationRequest(conversation_id=direct)
    await service.ask(service.conversations.DeleteConversation, request, by=me)

    assert await service.direct(me, other) == direct
    assert await service.listed(me) == [direct]
    told = [ConversationHidden.FromString(event.payload) for event in await service.emitted(me, "conversation_hidden")]
    assert [(event.conversation_id, event.is_hidden) for event in told] == [(direct, True), (direct, False)]
