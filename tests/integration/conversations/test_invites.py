"""Invites: what opens a conversation to whom, how often, how long."""

import asyncio
from typing import Any

import pytest

from chassis.ids import uuid7
from chassis.rpc.status import RemoteFailure
from deploy.local import ports
from deploy.local.stack import Stack
from messaging.conversations.v1 import conversations_pb2, participants_pb2
from messaging.conversations.v1 import invites_pb2 as pb
from messaging.conversations.v1.events_pb2 import MemberAdded
from services.conversations.model.ids import UserId
from services.conversations.store import people
from tests.integration.conversations.conftest import Service, running
from tests.support.factories.invites import invite_change, invite_request
from tests.support.factories.participants import hence


async def invited(service: Service, conversation_id: str, *, by: str, **fields: Any) -> pb.Invite:
    answer = await service.ask(service.invites.CreateInvite, invite_request(conversation_id, **fields), by=by)
    assert isinstance(answer, pb.CreateInviteResponse)
    return answer.invite


async def accept(service: Service, code: str, *, by: str, request_id: str = "") -> conversations_pb2.Conversation:
    request = pb.AcceptInviteRequest(code=code, request_id=request_id)
    answer: pb.AcceptInviteResponse = await service.ask(service.invites.AcceptInvite, request, by=by)
    return answer.conversation


async def got(service: Service, invite: pb.Invite, *, by: str) -> pb.Invite:
    request = pb.GetInviteRequest(conversation_id=invite.conversation_id, invite_id=invite.invite_id)
    answer: pb.GetInviteResponse = await service.ask(service.invites.GetInvite, request, by=by)
    return answer.invite


async def revoke(service: Service, invite: pb.Invite, *, by: str) -> None:
    request = pb.RevokeInviteRequest(conversation_id=invite.conversation_id, invite_id=invite.invite_id)
    await service.ask(service.invites.RevokeInvite, request, by=by)


async def closed(service: Service, code: str, *, to: str) -> bool:
    """Whether a code is told from an unknown one by nothing at all."""
    failures = []
    for tried in (code, "x" * 24):
        for rpc, request in (
            (service.invites.PreviewInvite, pb.PreviewInviteRequest(code=tried)),
            (service.invites.AcceptInvite, pb.AcceptInviteRequest(code=tried)),
        ):
            with pytest.raises(RemoteFailure) as refused:
                await service.ask(rpc, request, by=to)
            failures.append((refused.value.code, refused.value.reason, str(refused.value)))
    return set(failures) == {("NOT_FOUND", "INVITE_NOT_FOUND", "No such invite.")}


async def test_a_code_shows_where_it_leads_and_lets_in(service: Service) -> None:
    owner, guest = await service.people(2)
    group = await service.group(owner, title="Engine room")
    await service.say(owner, group)
    invite = await invited(service, group, by=owner)

    preview = await service.ask(service.invites.PreviewInvite, pb.PreviewInviteRequest(code=invite.code), by=guest)
    joined = await accept(service, invite.code, by=guest)

    assert (preview.title, preview.kind, preview.participant_count) == (
        "Engine room", conversations_pb2.CONVERSATION_KIND_GROUP, 1,
    )  # fmt: skip
    assert (joined.conversation_id, joined.participant_count, joined.unread_count) == (group, 2, 0)
    assert joined.my_membership.role == participants_pb2.ROLE_MEMBER
    told = (await service.emitted(group, "member_added"))[-1]
    assert (told.actor_id, MemberAdded.FromString(told.payload).participant.user_id) == (guest, guest)
    assert (await got(service, invite, by=owner)).use_count == 1
    # 144 bits, six in a character.
    assert len(invite.code) == 24


async def test_people_come_in_as_the_invite_says_but_below_who_made_it(service: Service) -> None:
    owner, admin, guest = await service.people(3)
    group = await service.group(owner, admin)
    await service.regard(group, admin, by=owner, role=participants_pb2.ROLE_ADMIN)
    moderators = await invited(service, group, by=admin, role=participants_pb2.ROLE_MODERATOR)

    joined = await accept(service, moderators.code, by=guest)

    assert joined.my_membership.role == participants_pb2.ROLE_MODERATOR
    for by, role in ((admin, participants_pb2.ROLE_ADMIN), (owner, participants_pb2.ROLE_OWNER)):
        request = invite_request(group, role=role)
        assert await service.refusal(service.invites.CreateInvite, request, by=by) == "ROLE_INSUFFICIENT"


async def test_who_is_in_already_stays_as_they_are_and_uses_nothing(service: Service) -> None:
    owner, guest = await service.people(2)
    group = await service.group(owner)
    invite = await invited(service, group, by=owner, role=participants_pb2.ROLE_READONLY, max_uses=1)
    await accept(service, invite.code, by=guest)

    again = await accept(service, invite.code, by=guest)
    of_owner = await accept(service, invite.code, by=owner)

    assert again.my_membership.role == participants_pb2.ROLE_READONLY
    assert of_owner.my_membership.role == participants_pb2.ROLE_OWNER
    assert (await got(service, invite, by=owner)).use_count == 1


async def test_a_code_opens_nothing_once_it_is_over_used_up_revoked_or_its_conversation_is_gone(
    service: Service,
) -> None:
    owner, first, guest = await service.people(3)
    group = await service.group(owner)
    over, used, ended, kept = [
        await invited(service, group, by=owner, **fields)
        for fields in ({"expire_time": hence(hours=1)}, {"max_uses": 1}, {}, {})
    ]
    await service.rows("update invites set expires_at = now() where id = :id", id=over.invite_id)
    await accept(service, used.code, by=first)
    await revoke(service, ended, by=owner)
    for invite in (over, used, ended):
        assert await closed(service, invite.code, to=guest)
    delete = conversations_pb2.DeleteConversationRequest(conversation_id=group)
    await service.ask(service.conversations.DeleteConversation, delete, by=owner)
    assert await closed(service, kept.code, to=guest)
    assert await closed(service, kept.code, to=first)


async def test_an_invite_is_worth_what_its_maker_may_give(service: Service) -> None:
    owner, admin, guest = await service.people(3)
    group = await service.group(owner, admin)
    await service.regard(group, admin, by=owner, role=participants_pb2.ROLE_ADMIN)
    invite = await invited(service, group, by=admin)

    await service.regard(group, admin, by=owner, role=participants_pb2.ROLE_MODERATOR)
    assert await closed(service, invite.code, to=guest)
    await service.regard(group, admin, by=owner, role=participants_pb2.ROLE_ADMIN)
    leave = participants_pb2.RemoveParticipantRequest(conversation_id=group, user_id=admin)
    await service.ask(service.participants.RemoveParticipant, leave, by=admin)
    assert await closed(service, invite.code, to=guest)


async def test_twenty_people_at_once_use_no_more_than_there_is(service: Service) -> None:
    owner, *guests = await service.people(21)
    group = await service.group(owner)
    invite = await invited(service, group, by=owner, max_uses=5)

    results = await asyncio.gather(
        *(accept(service, invite.code, by=guest) for guest in guests), return_exceptions=True
    )

    refused = [result.reason for result in results if isinstance(result, RemoteFailure)]
    assert refused == ["INVITE_NOT_FOUND"] * 15
    assert (await got(service, invite, by=owner)).use_count == 5
    assert (await service.get(group, by=owner)).participant_count == 6
    assert len(await service.emitted(group, "member_added")) == 6


async def test_the_same_person_at_once_comes_in_once(service: Service) -> None:
    owner, guest = await service.people(2)
    group = await service.group(owner)
    invite = await invited(service, group, by=owner)

    await asyncio.gather(*(accept(service, invite.code, by=guest) for _ in range(8)))

    assert (await got(service, invite, by=owner)).use_count == 1
    assert len(await service.emitted(group, "member_added")) == 2


async def test_repeated_requests_make_and_use_once(service: Service) -> None:
    owner, guest = await service.people(2)
    group = await service.group(owner)
    invite = await invited(service, group, by=owner, request_id="once")
    assert await invited(service, group, by=owner, request_id="once") == invite
    first = await accept(service, invite.code, by=guest, request_id="once")
    leave = participants_pb2.RemoveParticipantRequest(conversation_id=group, user_id=guest)
    await service.ask(service.participants.RemoveParticipant, leave, by=guest)

    assert await accept(service, invite.code, by=guest, request_id="once") == first
    assert (await service.get(group, by=owner)).participant_count == 1


async def test_a_full_conversation_and_a_suspended_account_use_nothing(service: Service, infra: Stack) -> None:
    owner, suspended, guest = await service.people(3)
    group = await service.group(owner)
    invite = await invited(service, group, by=owner)
    await service.database.run(lambda tx: people.set_active(tx, UserId(suspended), is_active=False))
    request = pb.AcceptInviteRequest(code=invite.code)

    assert await service.refusal(service.invites.AcceptInvite, request, by=suspended) == "USER_UNAVAILABLE"
    settings = {"listen": f"127.0.0.1:{ports.free()}", "metrics_listen": "", "participant_limit": 2}
    async with running(infra, **settings) as small:
        await accept(small, invite.code, by=guest)
        [late] = await service.people(1)
        assert await small.refusal(small.invites.AcceptInvite, request, by=late) == "PARTICIPANT_LIMIT"
    assert (await got(service, invite, by=owner)).use_count == 1


async def test_who_may_have_to_do_with_invites(service: Service) -> None:
    owner, moderator, stranger = await service.people(3)
    group, direct = await service.group(owner, moderator), await service.direct(owner, moderator)
    await service.regard(group, moderator, by=owner, role=participants_pb2.ROLE_MODERATOR)
    invite = await invited(service, group, by=owner)
    named: dict[str, Any] = {"invite_id": invite.invite_id}

    for conversation_id, by, reason in (
        (group, moderator, "ROLE_INSUFFICIENT"),
        (group, stranger, "CONVERSATION_NOT_FOUND"),
        (uuid7(), stranger, "CONVERSATION_NOT_FOUND"),
        (direct, owner, "DIRECT_CONVERSATION"),
    ):
        place: dict[str, Any] = {"conversation_id": conversation_id}
        for rpc, request in (
            (service.invites.CreateInvite, pb.CreateInviteRequest(**place)),
            (service.invites.ListInvites, pb.ListInvitesRequest(**place)),
            (service.invites.GetInvite, pb.GetInviteRequest(**place, **named)),
            (service.invites.UpdateInvite, pb.UpdateInviteRequest(**place, **named)),
            (service.invites.RevokeInvite, pb.RevokeInviteRequest(**place, **named)),
        ):
            assert await service.refusal(rpc, request, by=by) == reason
    # Not even an owner sees those of another conversation.
    other = await service.group(owner)
    for rpc, request in (
        (service.invites.GetInvite, pb.GetInviteRequest(conversation_id=other, **named)),
        (service.invites.UpdateInvite, pb.UpdateInviteRequest(conversation_id=other, **named)),
        (service.invites.RevokeInvite, pb.RevokeInviteRequest(conversation_id=other, **named)),
    ):
        assert await service.refusal(rpc, request, by=owner) == "INVITE_NOT_FOUND"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"expire_time": hence(hours=-1)}, "EXPIRY_PAST"),
        ({"max_uses": -1}, "INVALID_REQUEST"),
        ({"max_uses": 100_001}, "INVALID_REQUEST"),
        ({"role": 17}, "INVALID_REQUEST"),
    ],
)
async def test_bad_invites_are_refused(
    service: Service, pair: tuple[str, str], group: str, fields: dict[str, Any], reason: str
) -> None:
    request = invite_request(group, **fields)
    assert await service.refusal(service.invites.CreateInvite, request, by=pair[0]) == reason
    if "role" not in fields:
        change = invite_change(await invited(service, group, by=pair[0]), **fields)
        assert await service.refusal(service.invites.UpdateInvite, change, by=pair[0]) == reason


async def test_an_invite_counts_longer_or_more_often_once_it_is_changed(service: Service) -> None:
    owner, first, second, third = await service.people(4)
    group = await service.group(owner)
    invite = await invited(service, group, by=owner, max_uses=1, expire_time=hence(hours=1))
    await accept(service, invite.code, by=first)
    assert await closed(service, invite.code, to=second)

    answer = await service.ask(service.invites.UpdateInvite, invite_change(invite, max_uses=2), by=owner)
    assert (answer.invite.max_uses, answer.invite.use_count, answer.invite.HasField("expire_time")) == (2, 1, True)
    await accept(service, invite.code, by=second)
    assert await closed(service, invite.code, to=third)
    answer = await service.ask(
        service.invites.UpdateInvite, invite_change(invite, max_uses=0, expire_time=None), by=owner
    )
    assert (answer.invite.max_uses, answer.invite.HasField("expire_time")) == (0, False)
    await accept(service, invite.code, by=third)
    await revoke(service, invite, by=owner)
    request = invite_change(invite, max_uses=5)
    assert await service.refusal(service.invites.UpdateInvite, request, by=owner) == "INVITE_NOT_FOUND"


async def test_invites_are_listed_page_by_page_the_latest_first_without_those_revoked(service: Service) -> None:
    [owner] = await service.people(1)
    group = await service.group(owner)
    made = [await invited(service, group, by=owner) for _ in range(4)]
    await revoke(service, made[0], by=owner)

    async def page(token: str = "") -> pb.ListInvitesResponse:
        request = pb.ListInvitesRequest(conversation_id=group, page_size=2, page_token=token)
        found: pb.ListInvitesResponse = await service.ask(service.invites.ListInvites, request, by=owner)
        return found

    first = await page()
    second = await page(first.next_page_token)
    assert [*first.invites, *second.invites] == made[:0:-1]
    assert (second.next_page_token, (await page(second.previous_page_token)).invites) == ("", first.invites)
