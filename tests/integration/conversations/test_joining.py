"""Public conversations: finding and joining them."""

import asyncio

import pytest

from chassis.ids import uuid7
from chassis.rpc.status import RemoteFailure
from deploy.local import ports
from deploy.local.stack import Stack
from messaging.conversations.v1 import conversations_pb2 as pb
from messaging.conversations.v1 import participants_pb2
from messaging.conversations.v1.events_pb2 import MemberAdded
from services.conversations.model.ids import UserId
from services.conversations.store import people
from tests.integration.conversations.conftest import Service, running
from tests.support.factories.conversations import group_request


async def public(service: Service, owner: str, *others: str, **fields: str) -> str:
    request = group_request(*others, is_public=True, **fields)
    answer = await service.ask(service.conversations.CreateConversation, request, by=owner)
    return str(answer.conversation.conversation_id)


async def join(service: Service, conversation_id: str, *, by: str, request_id: str = "") -> pb.Conversation:
    request = pb.JoinConversationRequest(conversation_id=conversation_id, request_id=request_id)
    answer: pb.JoinConversationResponse = await service.ask(service.conversations.JoinConversation, request, by=by)
    return answer.conversation


async def found(service: Service, query: str, *, by: str, **fields: str | int) -> pb.ListPublicConversationsResponse:
    request = pb.ListPublicConversationsRequest(query=query, **fields)  # type: ignore[arg-type]
    page: pb.ListPublicConversationsResponse = await service.ask(
        service.conversations.ListPublicConversations, request, by=by
    )
    return page


async def test_anybody_joins_a_public_conversation_as_a_member(service: Service) -> None:
    owner, guest = await service.people(2)
    group = await public(service, owner)
    await service.say(owner, group)

    joined = await join(service, group, by=guest)

    assert (joined.participant_count, joined.unread_count, joined.my_membership.role) == (
        2, 0, participants_pb2.ROLE_MEMBER,
    )  # fmt: skip
    told = (await service.emitted(group, "member_added"))[-1]
    assert (told.actor_id, MemberAdded.FromString(told.payload).participant.user_id) == (guest, guest)


async def test_a_private_conversation_is_told_from_none_by_nothing(service: Service, pair: tuple[str, str]) -> None:
    [stranger] = await service.people(1)
    failures = []
    for conversation_id in (await service.group(*pair), await service.direct(*pair), uuid7()):
        with pytest.raises(RemoteFailure) as refused:
            await join(service, conversation_id, by=stranger)
        failures.append((refused.value.code, refused.value.reason, str(refused.value)))
    assert set(failures) == {("NOT_FOUND", "CONVERSATION_NOT_FOUND", "No such conversation.")}


async def test_who_takes_part_already_stays_as_they_are(service: Service, pair: tuple[str, str], group: str) -> None:
    owner, member = pair
    rev = (await service.get(group, by=owner)).rev

    assert (await join(service, group, by=member)).rev == rev
    await service.change(group, by=owner, is_public=True)
    assert (await join(service, group, by=owner)).my_membership.role == participants_pb2.ROLE_OWNER
    assert len(await service.emitted(group, "member_added")) == 2


async def test_joining_is_done_once_however_often_it_is_asked(service: Service) -> None:
    owner, guest = await service.people(2)
    group = await public(service, owner)

    await asyncio.gather(*(join(service, group, by=guest) for _ in range(8)))
    assert len(await service.emitted(group, "member_added")) == 2

    [other] = await service.people(1)
    first = await join(service, group, by=other, request_id="once")
    await service.change(group, by=owner, is_public=False)
    assert await join(service, group, by=other, request_id="once") == first


async def test_a_full_conversation_and_a_suspended_account_are_refused(service: Service, infra: Stack) -> None:
    owner, suspended, guest, late = await service.people(4)
    group = await public(service, owner)
    await service.database.run(lambda tx: people.set_active(tx, UserId(suspended), is_active=False))
    request = pb.JoinConversationRequest(conversation_id=group)

    assert await service.refusal(service.conversations.JoinConversation, request, by=suspended) == "USER_UNAVAILABLE"
    settings = {"listen": f"127.0.0.1:{ports.free()}", "metrics_listen": "", "participant_limit": 2}
    async with running(infra, **settings) as small:
        await join(small, group, by=guest)
        assert await small.refusal(small.conversations.JoinConversation, request, by=late) == "PARTICIPANT_LIMIT"


async def test_only_public_conversations_are_found_by_title_and_description(service: Service) -> None:
    owner, seeker = await service.people(2)
    mark = uuid7()
    by_title = await public(service, owner, title=f"Engines {mark} 100%")
    by_description = await public(service, owner, title="Room", description=f"all about {mark.upper()}_s")
    await service.group(owner, title=f"Secret {mark}")
    gone = await public(service, owner, title=f"Gone {mark}")
    await service.ask(
        service.conversations.DeleteConversation, pb.DeleteConversationRequest(conversation_id=gone), by=owner
    )

    async def ids(query: str) -> list[str]:
        return [one.conversation_id for one in (await found(service, query, by=seeker)).conversations]

    assert await ids(mark) == [by_description, by_title]
    assert await ids(f"{mark} 100%") == [by_title]
    assert await ids(f"{mark}_S") == [by_description]
    assert await ids(f"{mark}%00") == []
    await service.change(by_title, by=owner, is_public=False)
    assert await ids(mark) == [by_description]


async def test_outsiders_see_the_outside_only(service: Service) -> None:
    owner, other, seeker = await service.people(3)
    mark = uuid7()
    group = await public(service, owner, other, title=f"Engines {mark}", description="All about them")
    await service.say(owner, group, "inside")

    page, meter = await service.bill(
        service.conversations.ListPublicConversations, pb.ListPublicConversationsRequest(query=mark), by=seeker
    )

    [shown] = page.conversations
    assert {field.name for field, _ in shown.ListFields()} == {
        "conversation_id", "kind", "title", "description", "participant_count", "create_time",
    }  # fmt: skip
    assert (shown.participant_count, shown.kind) == (2, pb.CONVERSATION_KIND_GROUP)
    # The other one begins the transaction.
    assert meter.queries == 1 + 1


async def test_public_conversations_come_page_by_page(service: Service) -> None:
    [owner] = await service.people(1)
    mark = uuid7()
    made = [await public(service, owner, title=f"{mark} {n}") for n in range(3)]

    first = await found(service, mark, by=owner, page_size=2)
    second = await found(service, mark, by=owner, page_size=2, page_token=first.next_page_token)
    back = await found(service, mark, by=owner, page_size=2, page_token=second.previous_page_token)

    assert [one.conversation_id for one in [*first.conversations, *second.conversations]] == made[::-1]
    assert (second.next_page_token, back.conversations) == ("", first.conversations)
    request = pb.ListPublicConversationsRequest(query="other", page_token=first.next_page_token)
    refusal = await service.refusal(service.conversations.ListPublicConversations, request, by=owner)
    assert refusal == "INVALID_PAGE_TOKEN"
