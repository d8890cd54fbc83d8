"""Mutes: moderators keep those below them from writing for a while."""

import asyncio
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from messaging.conversations.v1 import participants_pb2 as pb
from messaging.conversations.v1.events_pb2 import MembershipChanged
from tests.integration.conversations.conftest import Service, reasons
from tests.support.factories.messages import item
from tests.support.factories.participants import hence, participant_request


async def test_who_is_muted_reads_but_does_not_write_until_then(
    service: Service, pair: tuple[str, str], group: str
) -> None:
    owner, member = pair
    muted = await service.regard(group, member, by=owner, mute_time=hence(hours=1))

    assert reasons(await service.send(item(member, group), item(owner, group))) == ["MUTED", ""]
    assert [message.seq for message in await service.history(group, by=member)] == [1]
    [told] = await service.emitted(group, "membership_changed")
    assert MembershipChanged.FromString(told.payload).participant == muted
    assert (muted.role, muted.HasField("mute_time")) == (pb.ROLE_MEMBER, True)
    await service.regard(group, member, by=owner, mute_time=None)
    assert reasons(await service.send(item(member, group))) == [""]


async def test_a_mute_that_is_over_already_is_none(service: Service, pair: tuple[str, str], group: str) -> None:
    shown = await service.regard(group, pair[1], by=pair[0], mute_time=hence(hours=-1))

    assert not shown.HasField("mute_time")
    assert await service.emitted(group, "membership_changed") == []


async def test_a_mute_and_a_role_are_one_change(service: Service, pair: tuple[str, str], group: str) -> None:
    owner, member = pair
    rev = (await service.get(group, by=owner)).rev

    shown = await service.regard(group, member, by=owner, role=pb.ROLE_READONLY, mute_time=hence(hours=1))
    same = await service.regard(group, member, by=owner)

    assert (shown.role, shown.HasField("mute_time"), same) == (pb.ROLE_READONLY, True, shown)
    assert (await service.get(group, by=owner)).rev == rev + 1


async def test_who_may_mute_whom(service: Service) -> None:
    owner, moderator, member, other, stranger = await service.people(5)
    group, direct = await service.group(owner, moderator, member, other), await service.direct(owner, member)
    await service.regard(group, moderator, by=owner, role=pb.ROLE_MODERATOR)

    for conversation_id, by, target, reason in (
        (group, member, other, "ROLE_INSUFFICIENT"),
        (group, moderator, owner, "ROLE_INSUFFICIENT"),
        (group, moderator, moderator, "ROLE_INSUFFICIENT"),
        (group, moderator, stranger, "PARTICIPANT_NOT_FOUND"),
        (group, stranger, member, "CONVERSATION_NOT_FOUND"),
        (direct, owner, member, "DIRECT_CONVERSATION"),
    ):
        request = participant_request(conversation_id, target, mute_time=hence(hours=1))
        assert await service.refusal(service.participants.UpdateParticipant, request, by=by) == reason
    # A moderator who mutes gives no role with it.
    both = participant_request(group, member, mute_time=hence(hours=1), role=pb.ROLE_READONLY)
    assert await service.refusal(service.participants.UpdateParticipant, both, by=moderator) == "ROLE_INSUFFICIENT"
    assert (await service.regard(group, member, by=moderator, mute_time=hence(hours=1))).HasField("mute_time")


async def test_a_time_out_of_the_calendar_is_refused(service: Service, pair: tuple[str, str], group: str) -> None:
    for stamp in (Timestamp(seconds=2**62), Timestamp(seconds=-(2**62)), Timestamp(nanos=-1)):
        request = participant_request(group, pair[1], mute_time=stamp)
        assert await service.refusal(service.participants.UpdateParticipant, request, by=pair[0]) == "INVALID_REQUEST"


async def test_a_repeated_mute_does_not_undo_what_came_after_it(
    service: Service, pair: tuple[str, str], group: str
) -> None:
    request = participant_request(group, pair[1], mute_time=hence(hours=1), request_id="once")
    first = await service.ask(service.participants.UpdateParticipant, request, by=pair[0])
    await service.regard(group, pair[1], by=pair[0], mute_time=None)

    assert await service.ask(service.participants.UpdateParticipant, request, by=pair[0]) == first
    assert reasons(await service.send(item(pair[1], group))) == [""]


async def test_mutes_at_once_each_have_a_revision(service: Service) -> None:
    owner, *others = await service.people(5)
    group = await service.group(owner, *others)

    async def mute(user_id: str) -> Any:
        return await service.regard(group, user_id, by=owner, mute_time=hence(hours=1))

    await asyncio.gather(*map(mute, others))

    told = await service.emitted(group, "membership_changed")
    assert [event.aggregate_rev for event in told] == [7, 8, 9, 10]
    assert reasons(await service.send(*(item(other, group) for other in others))) == ["MUTED"] * 4
