"""Settings of groups and channels: each can be changed, is told, and does what it says."""

import asyncio
from typing import Any

import pytest

from chassis.rpc.status import RemoteFailure
from messaging.conversations.v1 import conversations_pb2 as pb
from messaging.conversations.v1 import participants_pb2
from messaging.conversations.v1.events_pb2 import ConversationUpdated
from tests.integration.conversations.conftest import Service, reasons
from tests.support.factories.conversations import direct_request, group_request, settings_request
from tests.support.factories.messages import item

SETTINGS: list[tuple[str, Any]] = [
    ("title", "Boiler room"),
    ("description", "Hot"),
    ("is_public", True),
    ("history_visibility", pb.HISTORY_VISIBILITY_SINCE_JOINED),
    ("posting_policy", pb.POSTING_POLICY_MODERATORS),
    ("slow_mode_seconds", 86_400),
]


async def channel(service: Service, owner: str, *others: str, **fields: Any) -> str:
    request = group_request(*others, **fields)
    request.kind = pb.CONVERSATION_KIND_CHANNEL
    answer = await service.ask(service.conversations.CreateConversation, request, by=owner)
    return str(answer.conversation.conversation_id)


@pytest.mark.parametrize(("name", "value"), SETTINGS, ids=[name for name, _ in SETTINGS])
async def test_each_setting_is_changed_alone_and_told(
    service: Service, pair: tuple[str, str], group: str, name: str, value: Any
) -> None:
    before = await service.get(group, by=pair[1])

    await service.change(group, by=pair[0], **{name: value})

    after = await service.get(group, by=pair[1])
    assert (getattr(after, name), after.rev) == (value, before.rev + 1)
    [told] = await service.emitted(group, "conversation_updated")
    assert getattr(ConversationUpdated.FromString(told.payload).conversation, name) == value
    setattr(before, name, value)
    for changed in ("rev", "update_time"):
        before.ClearField(changed)
        after.ClearField(changed)
    assert after == before


@pytest.mark.parametrize(("name", "value"), SETTINGS, ids=[name for name, _ in SETTINGS])
async def test_a_direct_conversation_has_no_settings_and_outsiders_see_none(
    service: Service, pair: tuple[str, str], direct: str, name: str, value: Any
) -> None:
    [stranger] = await service.people(1)
    group = await service.group(*pair)
    update = service.conversations.UpdateConversation

    assert await service.refusal(update, settings_request(direct, **{name: value}), by=pair[0]) == "DIRECT_CONVERSATION"
    assert await service.refusal(update, settings_request(group, **{name: value}), by=pair[1]) == "ROLE_INSUFFICIENT"
    assert await service.refusal(update, settings_request(group, **{name: value}), by=stranger) == (
        "CONVERSATION_NOT_FOUND"
    )


@pytest.mark.parametrize(
    "settings", [{"slow_mode_seconds": -1}, {"slow_mode_seconds": 86_401}, {"title": "x" * 201}, {"title": "a\x00b"}]
)
async def test_a_setting_out_of_range_is_refused(
    service: Service, pair: tuple[str, str], group: str, settings: dict[str, Any]
) -> None:
    update = service.conversations.UpdateConversation

    assert await service.refusal(update, settings_request(group, **settings), by=pair[0]) == "INVALID_REQUEST"


async def test_a_repeated_change_is_made_once(service: Service, pair: tuple[str, str], group: str) -> None:
    request = settings_request(group, slow_mode_seconds=30)
    request.request_id = "once"
    first = await service.ask(service.conversations.UpdateConversation, request, by=pair[0])
    await service.change(group, by=pair[0], slow_mode_seconds=0)

    assert await service.ask(service.conversations.UpdateConversation, request, by=pair[0]) == first
    assert (await service.get(group, by=pair[0])).slow_mode_seconds == 0


async def test_two_who_change_the_same_version_at_once_do_not_undo_each_other(
    service: Service, pair: tuple[str, str], group: str
) -> None:
    etag = str((await service.get(group, by=pair[0])).rev)

    results = await asyncio.gather(
        service.change(group, by=pair[0], etag=etag, slow_mode_seconds=10),
        service.change(group, by=pair[0], etag=etag, is_public=True),
        return_exceptions=True,
    )

    [refused] = [result for result in results if isinstance(result, RemoteFailure)]
    assert refused.reason == "ETAG_MISMATCH"


async def test_what_is_asked_for_at_the_beginning_holds(service: Service) -> None:
    owner, other = await service.people(2)
    request = group_request(other, is_public=True, history_visibility=pb.HISTORY_VISIBILITY_SINCE_JOINED)
    answer = await service.ask(service.conversations.CreateConversation, request, by=owner)
    plain = await service.get(await service.group(owner, other), by=owner)
    broadcast = await service.get(await channel(service, owner, other), by=other)

    created = answer.conversation
    assert (created.is_public, created.history_visibility) == (True, pb.HISTORY_VISIBILITY_SINCE_JOINED)
    assert (plain.is_public, plain.history_visibility, plain.posting_policy, plain.slow_mode_seconds) == (
        False, pb.HISTORY_VISIBILITY_ALL, pb.POSTING_POLICY_MEMBERS, 0,
    )  # fmt: skip
    assert (broadcast.kind, broadcast.posting_policy) == (pb.CONVERSATION_KIND_CHANNEL, pb.POSTING_POLICY_MODERATORS)


@pytest.mark.parametrize(
    "fields", [{"is_public": True}, {"history_visibility": pb.HISTORY_VISIBILITY_SINCE_JOINED}, {"title": "Us"}]
)
async def test_two_people_alone_have_nothing_to_set(
    service: Service, pair: tuple[str, str], fields: dict[str, Any]
) -> None:
    create = service.conversations.CreateConversation

    assert await service.refusal(create, direct_request(pair[1], **fields), by=pair[0]) == "DIRECT_NEEDS_ONE_PEER"


async def test_slow_mode_makes_members_wait_and_moderators_not(
    service: Service, pair: tuple[str, str], group: str
) -> None:
    owner, member = pair
    await service.change(group, by=owner, slow_mode_seconds=3600)
    await service.say(member, group)

    [waiting] = await service.send(item(member, group))
    failure = RemoteFailure(waiting.error)
    assert (failure.reason, 3590 < (failure.retry_after or 0) <= 3600) == ("SLOW_MODE", True)
    assert reasons([*await service.send(item(owner, group)), *await service.send(item(owner, group))]) == ["", ""]
    await service.change(group, by=owner, slow_mode_seconds=0)
    assert reasons(await service.send(item(member, group))) == [""]


async def test_a_channel_is_written_by_moderators_unless_its_policy_says_otherwise(service: Service) -> None:
    owner, member = await service.people(2)
    broadcast = await channel(service, owner, member)

    assert reasons(await service.send(item(member, broadcast), item(owner, broadcast))) == ["POSTING_RESTRICTED", ""]
    await service.regard(broadcast, member, by=owner, role=participants_pb2.ROLE_MODERATOR)
    assert reasons(await service.send(item(member, broadcast))) == [""]
    await service.regard(broadcast, member, by=owner, role=participants_pb2.ROLE_MEMBER)
    await service.change(broadcast, by=owner, posting_policy=pb.POSTING_POLICY_MEMBERS)
    assert reasons(await service.send(item(member, broadcast))) == [""]


async def test_people_are_added_to_a_channel_as_to_a_group(service: Service) -> None:
    owner, reader = await service.people(2)
    broadcast = await channel(service, owner)
    request = participants_pb2.AddParticipantsRequest(conversation_id=broadcast, user_ids=[reader])
    await service.ask(service.participants.AddParticipants, request, by=owner)

    assert (await service.get(broadcast, by=reader)).participant_count == 2
