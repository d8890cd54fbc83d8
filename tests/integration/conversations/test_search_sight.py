"""Nobody finds what they may not see at this moment, and everybody finds what is there at this moment."""

from collections.abc import Awaitable, Callable

import pytest

from messaging.conversations.v1 import conversations_pb2, messages_pb2, participants_pb2
from tests.integration.conversations.conftest import Service
from tests.integration.conversations.searching import page, refusal, texts
from tests.support.factories.participants import ban_request

Change = Callable[[Service, str, str, str], Awaitable[None]]


async def _removed(service: Service, group: str, owner: str, member: str) -> None:
    request = participants_pb2.RemoveParticipantRequest(conversation_id=group, user_id=member)
    await service.ask(service.participants.RemoveParticipant, request, by=owner)


async def _left(service: Service, group: str, owner: str, member: str) -> None:
    request = participants_pb2.RemoveParticipantRequest(conversation_id=group, user_id=member)
    await service.ask(service.participants.RemoveParticipant, request, by=member)


async def _banned(service: Service, group: str, owner: str, member: str) -> None:
    from messaging.conversations.v1.bans_pb2_grpc import BansStub

    await service.ask(service.channel.stub(BansStub).BanUser, ban_request(group, member), by=owner)


async def _deleted(service: Service, group: str, owner: str, member: str) -> None:
    request = conversations_pb2.DeleteConversationRequest(conversation_id=group)
    await service.ask(service.conversations.DeleteConversation, request, by=owner)


@pytest.mark.parametrize("change", [_removed, _left, _banned, _deleted])
@pytest.mark.parametrize("query", ["secret", '"secret plan"', "in:engine", "has:link", "is:important", "secrte"])
async def test_whoever_is_no_longer_in_it_finds_nothing(service: Service, query: str, change: Change) -> None:
    owner, member = await service.people(2)
    group = await service.group(owner, member)
    await service.say(owner, group, "the secret plan is at https://example.org/", is_important=True)
    if query != "secrte":
        assert len(await texts(service, query, by=member)) == 1

    await change(service, group, owner, member)

    assert await texts(service, query, by=member) == []
    assert await refusal(service, query, by=member, conversation_id=group) == "CONVERSATION_NOT_FOUND"


async def test_a_page_token_grants_nothing(service: Service) -> None:
    owner, member = await service.people(2)
    group = await service.group(owner, member)
    for number in range(3):
        await service.say(owner, group, f"secret {number}")
    token = (await page(service, "secret", by=member, page_size=1)).next_page_token

    await _removed(service, group, owner, member)

    assert list((await page(service, "secret", by=member, page_size=1, page_token=token)).hits) == []


async def test_who_comes_back_finds_all_again_where_history_is_for_all(service: Service) -> None:
    owner, member = await service.people(2)
    group = await service.group(owner, member)
    await service.say(owner, group, "secret")
    await _left(service, group, owner, member)
    request = participants_pb2.AddParticipantsRequest(conversation_id=group, user_ids=[member])
    await service.ask(service.participants.AddParticipants, request, by=owner)
    assert await texts(service, "secret", by=member) == ["secret"]


async def test_a_newcomer_finds_only_what_was_said_since(service: Service) -> None:
    owner, other, newcomer = await service.people(3)
    group = await service.group(owner, other)
    await service.change(group, by=owner, history_visibility=conversations_pb2.HISTORY_VISIBILITY_SINCE_JOINED)
    await service.say(owner, group, "secret before")
    request = participants_pb2.AddParticipantsRequest(conversation_id=group, user_ids=[newcomer])
    await service.ask(service.participants.AddParticipants, request, by=owner)
    await service.say(owner, group, "secret after")

    assert await texts(service, "secret", by=newcomer) == ["secret after"]
    assert await texts(service, "secret", by=newcomer, conversation_id=group) == ["secret after"]
    assert await texts(service, "in:engine", by=newcomer) == ["secret after"]
    assert set(await texts(service, "secret", by=other)) == {"secret before", "secret after"}


async def test_edits_and_deletions_count_at_once(service: Service, pair: tuple[str, str]) -> None:
    group = await service.group(*pair)
    sent = await service.say(pair[0], group, "The secret of the houses", is_important=True)
    await service.edit(sent.message_id, "Das ist nicht mehr das Geheimnis der Häuser", by=pair[0])
    assert await texts(service, "secret", by=pair[1]) == []
    assert len(await texts(service, "haus", by=pair[1])) == 1

    await service.delete(sent.message_id, by=pair[0])
    for query in ("haus", "is:important", "from:me", "in:engine"):
        assert await texts(service, query, by=pair[0]) == []


async def test_what_somebody_deleted_for_themselves_only_others_find(service: Service, pair: tuple[str, str]) -> None:
    group = await service.group(*pair)
    sent = await service.say(pair[0], group, "embarrassing secret")
    await service.ask(
        service.messages.HideMessage, messages_pb2.HideMessageRequest(message_id=sent.message_id), by=pair[0]
    )
    for query in ("secret", "from:me", "in:engine"):
        assert await texts(service, query, by=pair[0]) == []
    assert await texts(service, "secret", by=pair[1]) == ["embarrassing secret"]


async def test_whoever_finds_a_message_sees_their_own_marks_on_it(service: Service, pair: tuple[str, str]) -> None:
    group = await service.group(*pair)
    await service.say(pair[0], group, "secret")
    [own] = (await page(service, "secret", by=pair[0])).hits
    [others] = (await page(service, "secret", by=pair[1])).hits
    assert own.message.viewer.status == messages_pb2.DELIVERY_STATUS_SENT
    assert others.message.viewer.status == messages_pb2.DELIVERY_STATUS_UNSPECIFIED
