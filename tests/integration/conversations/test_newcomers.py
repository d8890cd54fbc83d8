"""What newcomers see of what was said before they came: everything, or nothing on any path."""

from typing import Any

import pytest

from messaging.conversations.v1 import (
    conversations_pb2,
    invites_pb2,
    messages_pb2,
    participants_pb2,
    pins_pb2,
    reactions_pb2,
    search_pb2,
    threads_pb2,
)
from messaging.conversations.v1.conversations_pb2 import HISTORY_VISIBILITY_ALL, HISTORY_VISIBILITY_SINCE_JOINED
from messaging.conversations.v1.search_pb2_grpc import SearchStub
from messaging.conversations.v1.threads_pb2_grpc import ThreadsStub
from tests.integration.conversations.conftest import Service, reasons
from tests.integration.conversations.marks import Marks
from tests.support.factories.invites import invite_request
from tests.support.factories.messages import item

SINCE_JOINED = HISTORY_VISIBILITY_SINCE_JOINED


async def add(service: Service, group: str, user_id: str, *, by: str) -> None:
    request = participants_pb2.AddParticipantsRequest(conversation_id=group, user_ids=[user_id])
    await service.ask(service.participants.AddParticipants, request, by=by)


async def leave(service: Service, group: str, *, by: str) -> None:
    request = participants_pb2.RemoveParticipantRequest(conversation_id=group, user_id=by)
    await service.ask(service.participants.RemoveParticipant, request, by=by)


async def seen(service: Service, *, by: str, **fields: Any) -> list[int]:
    request = messages_pb2.ListMessagesRequest(**fields)
    page = await service.ask(service.messages.ListMessages, request, by=by)
    return sorted(message.seq for message in page.messages)


@pytest.fixture
async def secretive(service: Service, pair: tuple[str, str]) -> str:
    """A group that shows newcomers nothing from before, with three messages, the second in the first one's thread."""
    group = await service.group(*pair)
    await service.change(group, by=pair[0], history_visibility=SINCE_JOINED)
    first = await service.say(pair[0], group, "The first boiler")
    await service.say(pair[1], group, "The second boiler", reply_to_id=first.message_id)
    third = await service.say(pair[0], group, "The third boiler")
    await Marks(service.channel).pin(third.message_id, by=pair[0])
    return group


async def test_a_newcomer_sees_nothing_from_before_on_any_path(
    service: Service, pair: tuple[str, str], secretive: str
) -> None:
    [newcomer] = await service.people(1)
    group, owner, marks = secretive, pair[0], Marks(service.channel)
    first, _, third = await service.history(group, by=owner)
    await add(service, group, newcomer, by=owner)
    shown = await service.get(group, by=newcomer)

    assert (shown.HasField("last_message"), shown.unread_count, shown.last_seq) == (False, 0, 3)
    assert shown.my_membership.visible_after_seq == 3
    listing = await service.ask(
        service.conversations.ListConversations, conversations_pb2.ListConversationsRequest(), by=newcomer
    )
    assert not listing.conversations[0].HasField("last_message")
    for fields in ({}, {"after_seq": 0}, {"before_seq": 4}, {"around_seq": 2}, {"sender_id": owner}):
        assert await seen(service, by=newcomer, conversation_id=group, **fields) == []
    assert await seen(service, by=newcomer) == []
    for message in (first, third):
        for rpc, request in (
            (service.messages.GetMessage, messages_pb2.GetMessageRequest(message_id=message.message_id)),
            (
                service.messages.ListMessageVersions,
                messages_pb2.ListMessageVersionsRequest(message_id=message.message_id),
            ),
            (
                service.channel.stub(ThreadsStub).ListReplies,
                threads_pb2.ListRepliesRequest(message_id=message.message_id),
            ),
        ):
            assert await service.refusal(rpc, request, by=newcomer) == "MESSAGE_NOT_FOUND"
        reacted = reactions_pb2.ListReactionsRequest(message_id=message.message_id)
        assert await marks.refusal(reacted, by=newcomer) == "MESSAGE_NOT_FOUND"
        assert await marks.refusal(pins_pb2.PinMessageRequest(message_id=message.message_id), by=newcomer) == (
            "MESSAGE_NOT_FOUND"
        )
        reply = item(newcomer, group, reply_to_id=message.message_id)
        assert reasons(await service.send(reply)) == ["REPLY_TARGET_UNAVAILABLE"]
    assert await marks.pinned(group, by=newcomer) == []
    search = search_pb2.SearchMessagesRequest(query="boiler")
    assert not (await service.ask(service.channel.stub(SearchStub).SearchMessages, search, by=newcomer)).hits


async def test_of_changes_to_what_was_said_before_a_newcomer_learns_only_that_there_were_some(
    service: Service, pair: tuple[str, str], secretive: str
) -> None:
    [newcomer] = await service.people(1)
    first = (await service.history(secretive, by=pair[0]))[0]
    await add(service, secretive, newcomer, by=pair[0])
    joined = (await service.get(secretive, by=newcomer)).rev
    await service.edit(first.message_id, "The first kettle", by=pair[0])
    await service.say(newcomer, secretive, "Hello")

    log = (await service.changes(secretive, by=newcomer)).changes
    assert [change.rev for change in log] == list(range(1, joined + 3))
    of_messages = [change for change in log if change.kind == conversations_pb2.CHANGE_KIND_MESSAGE_SENT]
    assert [change.WhichOneof("target") for change in of_messages] == [None, None, None, "message"]
    edited = next(change for change in log if change.kind == conversations_pb2.CHANGE_KIND_MESSAGE_EDITED)
    assert edited.WhichOneof("target") is None
    assert (await service.changes(secretive, by=pair[1])).changes[-2].message.content == "The first kettle"


async def test_from_then_on_a_newcomer_sees_everything(service: Service, pair: tuple[str, str], secretive: str) -> None:
    [newcomer] = await service.people(1)
    await add(service, secretive, newcomer, by=pair[0])
    said = await service.say(pair[1], secretive, "Welcome")
    shown = await service.get(secretive, by=newcomer)

    assert (shown.unread_count, shown.last_message.content) == (1, "Welcome")
    assert await seen(service, by=newcomer, conversation_id=secretive) == [4]
    assert await seen(service, by=newcomer, conversation_id=secretive, around_seq=4) == [4]
    assert await seen(service, by=newcomer) == [4]
    request = messages_pb2.GetMessageRequest(message_id=said.message_id)
    assert (await service.ask(service.messages.GetMessage, request, by=newcomer)).message.seq == 4


async def test_what_is_set_later_opens_nothing_and_closes_nothing(
    service: Service, pair: tuple[str, str], secretive: str
) -> None:
    early, late = await service.people(2)
    await add(service, secretive, early, by=pair[0])
    await service.change(secretive, by=pair[0], history_visibility=HISTORY_VISIBILITY_ALL)
    await add(service, secretive, late, by=pair[0])
    await service.change(secretive, by=pair[0], history_visibility=SINCE_JOINED)

    assert await seen(service, by=early, conversation_id=secretive) == []
    assert await seen(service, by=late, conversation_id=secretive) == [1, 2, 3]
    assert await seen(service, by=pair[1], conversation_id=secretive) == [1, 2, 3]


async def test_who_comes_back_sees_nothing_from_before_either(
    service: Service, pair: tuple[str, str], secretive: str
) -> None:
    owner, member = pair
    await leave(service, secretive, by=member)
    await service.say(owner, secretive, "While they were away")
    await add(service, secretive, member, by=owner)

    assert await seen(service, by=member, conversation_id=secretive) == []
    assert not (await service.get(secretive, by=member)).HasField("last_message")


@pytest.mark.parametrize("way", ["invite", "join"])
async def test_it_is_the_same_by_every_way_in(
    service: Service, pair: tuple[str, str], secretive: str, way: str
) -> None:
    [newcomer] = await service.people(1)
    if way == "invite":
        made = await service.ask(service.invites.CreateInvite, invite_request(secretive), by=pair[0])
        request: Any = invites_pb2.AcceptInviteRequest(code=made.invite.code)
        answer = await service.ask(service.invites.AcceptInvite, request, by=newcomer)
    else:
        await service.change(secretive, by=pair[0], is_public=True)
        request = conversations_pb2.JoinConversationRequest(conversation_id=secretive)
        answer = await service.ask(service.conversations.JoinConversation, request, by=newcomer)

    assert not answer.conversation.HasField("last_message")
    assert await seen(service, by=newcomer, conversation_id=secretive) == []


async def test_unless_it_is_asked_for_newcomers_see_everything(
    service: Service, pair: tuple[str, str], group: str
) -> None:
    [newcomer] = await service.people(1)
    await service.say(pair[0], group)
    await add(service, group, newcomer, by=pair[0])

    assert await seen(service, by=newcomer, conversation_id=group) == [1]
    shown = await service.get(group, by=newcomer)
    assert (shown.last_message.seq, shown.unread_count) == (1, 0)
