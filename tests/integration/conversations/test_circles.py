"""In which conversations people hear of each other's presence."""

from messaging.conversations.v1 import circles_pb2 as pb
from messaging.conversations.v1 import conversations_pb2 as conversations
from messaging.conversations.v1 import participants_pb2 as participants
from messaging.conversations.v1.circles_pb2_grpc import CirclesStub
from services.conversations.store.circles import MOST_MEMBERS
from tests.integration.conversations.conftest import Service


async def circles(service: Service, *user_ids: str) -> dict[str, set[str]]:
    stub = service.channel.stub(CirclesStub)
    answer = await service.ask(stub.GetCircles, pb.GetCirclesRequest(user_ids=user_ids))
    return {circle.user_id: set(circle.conversation_ids) for circle in answer.circles}


async def leave(service: Service, conversation_id: str, user_id: str) -> None:
    request = participants.RemoveParticipantRequest(conversation_id=conversation_id, user_id=user_id)
    await service.ask(service.participants.RemoveParticipant, request, by=user_id)


async def test_everybody_is_in_the_conversations_that_they_are_a_member_of(service: Service) -> None:
    ada, bob, cyn, eve = await service.people(4)
    direct, group = await service.direct(ada, bob), await service.group(ada, bob, cyn)

    assert await circles(service, ada, bob, cyn, eve) == {ada: {direct, group}, bob: {direct, group}, cyn: {group}}
    assert await circles(service) == {}


async def test_what_was_left_or_deleted_is_no_circle_any_more(service: Service) -> None:
    ada, bob, cyn = await service.people(3)
    left, deleted = await service.group(ada, bob, cyn), await service.group(ada, bob)
    await leave(service, left, bob)
    await service.ask(
        service.conversations.DeleteConversation,
        conversations.DeleteConversationRequest(conversation_id=deleted),
        by=ada,
    )

    assert await circles(service, ada, bob) == {ada: {left}}


async def test_in_a_crowd_nobody_hears_who_comes_and_goes(service: Service) -> None:
    ada, *others = await service.people(MOST_MEMBERS + 1)
    crowd = await service.group(ada, *others)
    assert await circles(service, ada) == {}

    await leave(service, crowd, others[0])

    assert await circles(service, ada, others[0]) == {ada: {crowd}}
