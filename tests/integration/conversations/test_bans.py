"""Bans: who is kept out, for how long, and what of it they can tell."""

import asyncio
from typing import Any

import pytest

from chassis.ids import uuid7
from chassis.rpc.status import RemoteFailure
from messaging.conversations.v1 import bans_pb2 as pb
from messaging.conversations.v1 import conversations_pb2, invites_pb2, participants_pb2
from messaging.conversations.v1.events_pb2 import MemberRemoved
from tests.integration.conversations.conftest import Service, reasons
from tests.support.factories.invites import invite_request
from tests.support.factories.messages import item
from tests.support.factories.participants import ban_request, hence


async def ban(service: Service, conversation_id: str, user_id: str, *, by: str, **fields: Any) -> pb.Ban:
    answer = await service.ask(service.bans.BanUser, ban_request(conversation_id, user_id, **fields), by=by)
    assert isinstance(answer, pb.BanUserResponse)
    return answer.ban


async def unban(service: Service, conversation_id: str, user_id: str, *, by: str) -> None:
    request = pb.UnbanUserRequest(conversation_id=conversation_id, user_id=user_id)
    await service.ask(service.bans.UnbanUser, request, by=by)


async def banned(service: Service, conversation_id: str, *, by: str, **fields: Any) -> pb.ListBansResponse:
    request = pb.ListBansRequest(conversation_id=conversation_id, **fields)
    found: pb.ListBansResponse = await service.ask(service.bans.ListBans, request, by=by)
    return found


async def expire(service: Service, user_id: str) -> None:
    await service.rows("update bans set expires_at = now() - interval '1 second' where user_id = :id", id=user_id)


async def ways_in(service: Service, conversation_id: str, user_id: str, code: str, *, by: str) -> list[str]:
    """What becomes of being added, of joining and of an invite."""
    ways = (
        (
            service.participants.AddParticipants,
            participants_pb2.AddParticipantsRequest(conversation_id=conversation_id, user_ids=[user_id]),
            by,
        ),
        (
            service.conversations.JoinConversation,
            conversations_pb2.JoinConversationRequest(conversation_id=conversation_id),
            user_id,
        ),
        (service.invites.PreviewInvite, invites_pb2.PreviewInviteRequest(code=code), user_id),
        (service.invites.AcceptInvite, invites_pb2.AcceptInviteRequest(code=code), user_id),
    )
    return [await service.refusal(rpc, request, by=who) for rpc, request, who in ways]


async def test_who_is_banned_is_removed_and_told(service: Service, pair: tuple[str, str], group: str) -> None:
    owner, member = pair
    until = hence(hours=1)

    made = await ban(service, group, member, by=owner, expire_time=until)

    assert (made.user_id, made.actor_id, made.expire_time) == (member, owner, until)
    [told] = await service.emitted(group, "member_removed")
    assert MemberRemoved.FromString(told.payload).participant.user_id == member
    assert (await service.get(group, by=owner)).participant_count == 1
    assert reasons(await service.send(item(member, group))) == ["CONVERSATION_NOT_FOUND"]
    assert (await banned(service, group, by=owner)).bans == [made]
    assert len(await service.emitted(group, "audit_recorded")) == 1


async def test_no_way_leads_back_until_the_ban_is_over(service: Service, pair: tuple[str, str], group: str) -> None:
    owner, member = pair
    invite = (await service.ask(service.invites.CreateInvite, invite_request(group), by=owner)).invite
    await ban(service, group, member, by=owner, expire_time=hence(hours=1))

    # A private conversation is no more than an unknown one to who is out of it.
    assert await ways_in(service, group, member, invite.code, by=owner) == [
        "BANNED", "CONVERSATION_NOT_FOUND", "INVITE_NOT_FOUND", "INVITE_NOT_FOUND",
    ]  # fmt: skip
    await service.change(group, by=owner, is_public=True)
    assert await ways_in(service, group, member, invite.code, by=owner) == [
        "BANNED", "BANNED", "INVITE_NOT_FOUND", "INVITE_NOT_FOUND",
    ]  # fmt: skip
    await expire(service, member)
    accept = invites_pb2.AcceptInviteRequest(code=invite.code)
    answer = await service.ask(service.invites.AcceptInvite, accept, by=member)
    assert answer.conversation.participant_count == 2


async def test_nobody_comes_in_when_one_of_those_who_are_added_is_banned(service: Service) -> None:
    owner, fine, culprit = await service.people(3)
    group = await service.group(owner, culprit)
    await ban(service, group, culprit, by=owner)
    adding = participants_pb2.AddParticipantsRequest(conversation_id=group, user_ids=[fine, culprit])

    assert await service.refusal(service.participants.AddParticipants, adding, by=owner) == "BANNED"
    assert (await service.get(group, by=owner)).participant_count == 1


async def test_the_end_of_a_ban_lets_come_back_but_brings_nobody_back(
    service: Service, pair: tuple[str, str], group: str
) -> None:
    owner, member = pair
    await ban(service, group, member, by=owner)
    await unban(service, group, member, by=owner)
    await unban(service, group, member, by=owner)

    assert list((await banned(service, group, by=owner)).bans) == []
    assert (await service.get(group, by=owner)).participant_count == 1
    adding = participants_pb2.AddParticipantsRequest(conversation_id=group, user_ids=[member])
    await service.ask(service.participants.AddParticipants, adding, by=owner)
    assert (await service.get(group, by=member)).participant_count == 2
    assert len(await service.emitted(group, "audit_recorded")) == 2


async def test_another_ban_replaces_the_first(service: Service, pair: tuple[str, str], group: str) -> None:
    owner, member = pair
    await ban(service, group, member, by=owner, expire_time=hence(hours=1))
    longer = await ban(service, group, member, by=owner)

    assert not longer.HasField("expire_time")
    assert (await banned(service, group, by=owner)).bans == [longer]
    assert len(await service.emitted(group, "member_removed")) == 1


async def test_somebody_is_banned_before_they_come(service: Service, pair: tuple[str, str], group: str) -> None:
    [troll] = await service.people(1)
    rev = (await service.get(group, by=pair[0])).rev
    await ban(service, group, troll, by=pair[0])

    adding = participants_pb2.AddParticipantsRequest(conversation_id=group, user_ids=[troll])
    assert await service.refusal(service.participants.AddParticipants, adding, by=pair[0]) == "BANNED"
    assert (await service.get(group, by=pair[0])).rev == rev
    nobody = ban_request(group, uuid7())
    assert await service.refusal(service.bans.BanUser, nobody, by=pair[0]) == "USER_UNAVAILABLE"


async def test_who_may_ban_whom(service: Service) -> None:
    owner, moderator, member, other, stranger = await service.people(5)
    group, direct = await service.group(owner, moderator, member, other), await service.direct(owner, member)
    await service.regard(group, moderator, by=owner, role=participants_pb2.ROLE_MODERATOR)

    for conversation_id, by, target, reason in (
        (group, member, other, "ROLE_INSUFFICIENT"),
        (group, moderator, owner, "ROLE_INSUFFICIENT"),
        (group, moderator, moderator, "ROLE_INSUFFICIENT"),
        (group, owner, owner, "ROLE_INSUFFICIENT"),
        (group, stranger, member, "CONVERSATION_NOT_FOUND"),
        (uuid7(), stranger, member, "CONVERSATION_NOT_FOUND"),
        (direct, owner, member, "DIRECT_CONVERSATION"),
    ):
        request = ban_request(conversation_id, target)
        assert await service.refusal(service.bans.BanUser, request, by=by) == reason
        lifting = pb.UnbanUserRequest(conversation_id=conversation_id, user_id=stranger)
        listing = pb.ListBansRequest(conversation_id=conversation_id)
        if by not in {moderator, owner} or conversation_id == direct:
            assert await service.refusal(service.bans.UnbanUser, lifting, by=by) == reason
            assert await service.refusal(service.bans.ListBans, listing, by=by) == reason
    past = ban_request(group, other, expire_time=hence(hours=-1))
    assert await service.refusal(service.bans.BanUser, past, by=moderator) == "EXPIRY_PAST"
    assert (await ban(service, group, other, by=moderator)).actor_id == moderator


async def test_a_repeated_request_bans_once(service: Service, pair: tuple[str, str], group: str) -> None:
    owner, member = pair
    first = await ban(service, group, member, by=owner, request_id="once")
    await unban(service, group, member, by=owner)

    assert await ban(service, group, member, by=owner, request_id="once") == first
    assert list((await banned(service, group, by=owner)).bans) == []


async def test_bans_at_once_remove_once(service: Service) -> None:
    owner, moderator, culprit = await service.people(3)
    group = await service.group(owner, moderator, culprit)
    await service.regard(group, moderator, by=owner, role=participants_pb2.ROLE_MODERATOR)

    await asyncio.gather(*(ban(service, group, culprit, by=by) for by in (owner, moderator) * 4))

    assert len(await service.emitted(group, "member_removed")) == 1
    assert (await service.get(group, by=owner)).participant_count == 2


async def test_a_ban_and_a_way_in_at_once_never_leave_a_banned_member(service: Service) -> None:
    owner, other = await service.people(2)
    group = await service.group(owner)
    await service.change(group, by=owner, is_public=True)
    joining = conversations_pb2.JoinConversationRequest(conversation_id=group)

    results = await asyncio.gather(
        *(service.ask(service.conversations.JoinConversation, joining, by=other) for _ in range(4)),
        ban(service, group, other, by=owner),
        return_exceptions=True,
    )

    assert {result.reason for result in results if isinstance(result, RemoteFailure)} <= {"BANNED"}
    with pytest.raises(RemoteFailure):
        await service.get(group, by=other)
    assert (await service.get(group, by=owner)).participant_count == 1


async def test_bans_are_listed_page_by_page_the_latest_first_without_those_that_are_over(service: Service) -> None:
    owner, *culprits = await service.people(6)
    group = await service.group(owner)
    for culprit in culprits:
        await ban(service, group, culprit, by=owner, expire_time=hence(hours=1))
    await expire(service, culprits[0])

    first = await banned(service, group, by=owner, page_size=2)
    second = await banned(service, group, by=owner, page_size=2, page_token=first.next_page_token)
    back = await banned(service, group, by=owner, page_size=2, page_token=second.previous_page_token)

    assert [found.user_id for found in [*first.bans, *second.bans]] == culprits[:0:-1]
    assert (second.next_page_token, back.bans) == ("", first.bans)
    foreign = await service.group(owner)
    request = pb.ListBansRequest(conversation_id=foreign, page_token=first.next_page_token)
    assert await service.refusal(service.bans.ListBans, request, by=owner) == "INVALID_PAGE_TOKEN"
