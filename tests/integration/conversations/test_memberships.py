"""What members set for themselves, and who hears of it."""

import asyncio
from typing import Any

import pytest

from chassis.ids import uuid7
from messaging.conversations.v1 import participants_pb2 as pb
from messaging.conversations.v1.events_pb2 import MembershipChanged, SettingsChanged
from tests.integration.conversations.conftest import Service
from tests.support.factories.messages import item
from tests.support.factories.participants import hence, membership_request

SETTINGS: list[tuple[str, Any]] = [
    ("snooze_time", hence(hours=1)),
    ("notification_level", pb.NOTIFICATION_LEVEL_MENTIONS),
    ("is_pinned", True),
    ("is_archived", True),
]


async def choose(service: Service, conversation_id: str, *, by: str, **fields: Any) -> pb.UpdateMembershipResponse:
    answer: pb.UpdateMembershipResponse = await service.ask(
        service.participants.UpdateMembership, membership_request(conversation_id, **fields), by=by
    )
    return answer


@pytest.mark.parametrize(("name", "value"), SETTINGS, ids=[name for name, _ in SETTINGS])
async def test_own_settings_are_told_to_the_own_devices_only(
    service: Service, pair: tuple[str, str], direct: str, name: str, value: Any
) -> None:
    me, other = pair
    before = await service.get(direct, by=me)

    answer = await choose(service, direct, by=me, **{name: value})
    await choose(service, direct, by=me, **{name: value})

    assert getattr(answer.settings, name) == value
    mine, theirs = await service.get(direct, by=me), await service.get(direct, by=other)
    assert (mine.my_settings, mine.rev) == (answer.settings, before.rev)
    assert theirs.my_settings == before.my_settings
    # Once: the same again is no news.
    [told] = await service.emitted(me, "settings_changed")
    assert (told.user_id, told.aggregate_rev) == (me, 0)
    event = SettingsChanged.FromString(told.payload)
    assert (event.conversation_id, event.settings) == (direct, answer.settings)
    assert await service.emitted(direct, "membership_changed") == []


async def test_what_is_not_named_stays(service: Service, pair: tuple[str, str], direct: str) -> None:
    await choose(service, direct, by=pair[0], is_pinned=True, snooze_time=hence(hours=1))
    answer = await choose(service, direct, by=pair[0], is_archived=True)
    unset = await choose(service, direct, by=pair[0], snooze_time=None, is_pinned=False)

    assert (answer.settings.is_pinned, answer.settings.HasField("snooze_time")) == (True, True)
    assert (unset.settings.is_pinned, unset.settings.HasField("snooze_time")) == (False, False)
    assert unset.settings.is_archived


async def test_a_snooze_that_is_over_is_none(service: Service, pair: tuple[str, str], direct: str) -> None:
    answer = await choose(service, direct, by=pair[0], snooze_time=hence(hours=-1))

    assert not answer.settings.HasField("snooze_time")


async def test_a_nickname_is_shared_and_a_change_of_its_own(
    service: Service, pair: tuple[str, str], group: str
) -> None:
    owner, member = pair
    rev = (await service.get(group, by=owner)).rev

    answer = await choose(service, group, by=member, nickname="  Countess\u00a0")
    await choose(service, group, by=member, nickname="Countess")

    assert answer.participant.nickname == "Countess"
    [told] = await service.emitted(group, "membership_changed")
    assert (told.aggregate_rev, MembershipChanged.FromString(told.payload).participant) == (rev + 1, answer.participant)
    [change] = (await service.changes(group, rev, by=owner)).changes
    assert (change.participant.nickname, change.actor_id) == ("Countess", member)
    assert await service.emitted(member, "settings_changed") == []
    assert (await choose(service, group, by=member, nickname="")).participant.nickname == ""


@pytest.mark.parametrize("nickname", ["x" * 51, "a\x00b"])
async def test_a_bad_nickname_is_refused(service: Service, pair: tuple[str, str], group: str, nickname: str) -> None:
    request = membership_request(group, nickname=nickname)

    assert await service.refusal(service.participants.UpdateMembership, request, by=pair[0]) == "INVALID_REQUEST"


@pytest.mark.parametrize("fields", [{"is_pinned": True}, {"nickname": "Eve"}])
async def test_outsiders_and_former_members_have_nothing_to_set(
    service: Service, pair: tuple[str, str], group: str, fields: dict[str, Any]
) -> None:
    [stranger] = await service.people(1)
    leave = pb.RemoveParticipantRequest(conversation_id=group, user_id=pair[1])
    await service.ask(service.participants.RemoveParticipant, leave, by=pair[1])
    gone = await service.group(*pair)
    await service.rows("update conversations set deleted_at = now() where id = :id", id=gone)

    for conversation_id, by in ((group, stranger), (group, pair[1]), (gone, pair[0]), (uuid7(), stranger)):
        request = membership_request(conversation_id, **fields)
        refusal = await service.refusal(service.participants.UpdateMembership, request, by=by)
        assert refusal == "CONVERSATION_NOT_FOUND"


async def test_a_new_message_does_not_bring_an_archived_conversation_back(
    service: Service, pair: tuple[str, str], direct: str
) -> None:
    me, other = pair
    await choose(service, direct, by=me, is_archived=True)
    await service.say(other, direct)

    assert (await service.get(direct, by=me)).my_settings.is_archived
    assert await service.listed(me, is_archived=True) == [direct]


async def test_a_repeated_request_does_not_undo_what_came_after_it(
    service: Service, pair: tuple[str, str], group: str
) -> None:
    first = await choose(service, group, by=pair[0], nickname="Ada", is_pinned=True, request_id="once")
    await choose(service, group, by=pair[0], nickname="", is_pinned=False)

    assert await choose(service, group, by=pair[0], nickname="Ada", is_pinned=True, request_id="once") == first
    shown = await service.get(group, by=pair[0])
    assert (shown.my_membership.nickname, shown.my_settings.is_pinned) == ("", False)


async def test_two_devices_at_once_each_have_their_way_in_what_they_set(
    service: Service, pair: tuple[str, str], group: str
) -> None:
    me = pair[0]
    await asyncio.gather(
        choose(service, group, by=me, is_pinned=True),
        choose(service, group, by=me, is_archived=True),
        choose(service, group, by=me, nickname="Ada"),
        choose(service, group, by=me, notification_level=pb.NOTIFICATION_LEVEL_NONE),
        # Some of these may find the conversation busy, which the gateway knows how to wait for.
        *(service.send(item(pair[1], group)) for _ in range(3)),
    )

    shown = await service.get(group, by=me)
    assert (shown.my_settings.is_pinned, shown.my_settings.is_archived) == (True, True)
    assert shown.my_settings.notification_level == pb.NOTIFICATION_LEVEL_NONE
    assert shown.my_membership.nickname == "Ada"
    assert len(await service.emitted(me, "settings_changed")) == 3
