"""Ownership: it is passed on, and never lost."""

import asyncio
from typing import Any

from chassis.ids import uuid7
from chassis.rpc.status import RemoteFailure
from messaging.conversations.v1 import conversations_pb2, participants_pb2
from messaging.conversations.v1.events_pb2 import MembershipChanged
from messaging.conversations.v1.participants_pb2 import ROLE_ADMIN, ROLE_MEMBER, ROLE_OWNER
from services.conversations.model.ids import UserId
from services.conversations.store import people
from tests.integration.conversations.conftest import Service


def request(conversation_id: str, user_id: str, **fields: Any) -> conversations_pb2.TransferOwnershipRequest:
    return conversations_pb2.TransferOwnershipRequest(conversation_id=conversation_id, user_id=user_id, **fields)


async def transfer(service: Service, conversation_id: str, user_id: str, *, by: str, **fields: Any) -> Any:
    asked = request(conversation_id, user_id, **fields)
    return (await service.ask(service.conversations.TransferOwnership, asked, by=by)).conversation


async def roles(service: Service, conversation_id: str, *, by: str) -> dict[str, int]:
    asked = participants_pb2.ListParticipantsRequest(conversation_id=conversation_id)
    page = await service.ask(service.participants.ListParticipants, asked, by=by)
    return {member.user_id: member.role for member in page.participants}


async def test_another_becomes_the_owner_and_the_former_one_an_admin(
    service: Service, pair: tuple[str, str], group: str
) -> None:
    owner, other = pair
    rev = (await service.get(group, by=owner)).rev

    shown = await transfer(service, group, other, by=owner)

    assert (shown.my_membership.role, shown.rev) == (ROLE_ADMIN, rev + 2)
    assert await roles(service, group, by=other) == {owner: ROLE_ADMIN, other: ROLE_OWNER}
    told = await service.emitted(group, "membership_changed")
    assert [event.aggregate_rev for event in told] == [rev + 1, rev + 2]
    members = [MembershipChanged.FromString(event.payload).participant for event in told]
    assert [(member.user_id, member.role) for member in members] == [(other, ROLE_OWNER), (owner, ROLE_ADMIN)]
    log = (await service.changes(group, rev, by=other)).changes
    assert [(change.rev, change.target_id) for change in log] == [(rev + 1, other), (rev + 2, owner)]


async def test_to_an_owner_or_oneself_there_is_less_to_pass_on(service: Service) -> None:
    owner, other = await service.people(2)
    group = await service.group(owner, other)
    await transfer(service, group, owner, by=owner)
    assert await roles(service, group, by=owner) == {owner: ROLE_OWNER, other: ROLE_MEMBER}

    await service.regard(group, other, by=owner, role=ROLE_OWNER)
    rev = (await service.get(group, by=owner)).rev
    assert (await transfer(service, group, other, by=owner)).rev == rev + 1
    assert await roles(service, group, by=owner) == {owner: ROLE_ADMIN, other: ROLE_OWNER}


async def test_only_owners_pass_on_and_only_to_participants(service: Service) -> None:
    owner, admin, stranger = await service.people(3)
    group, direct = await service.group(owner, admin), await service.direct(owner, admin)
    await service.regard(group, admin, by=owner, role=ROLE_ADMIN)

    for conversation_id, by, target, reason in (
        (group, admin, admin, "ROLE_INSUFFICIENT"),
        (group, owner, stranger, "PARTICIPANT_NOT_FOUND"),
        (group, stranger, admin, "CONVERSATION_NOT_FOUND"),
        (uuid7(), stranger, admin, "CONVERSATION_NOT_FOUND"),
        (direct, owner, admin, "DIRECT_CONVERSATION"),
        (group, owner, "nobody", "INVALID_REQUEST"),
    ):
        asked = request(conversation_id, target)
        assert await service.refusal(service.conversations.TransferOwnership, asked, by=by) == reason


async def test_a_repeated_request_passes_on_once(service: Service, pair: tuple[str, str], group: str) -> None:
    owner, other = pair
    first = await transfer(service, group, other, by=owner, request_id="once")
    await transfer(service, group, owner, by=other)

    assert await transfer(service, group, other, by=owner, request_id="once") == first
    assert await roles(service, group, by=owner) == {owner: ROLE_OWNER, other: ROLE_ADMIN}


async def test_two_transfers_at_once_leave_one_owner(service: Service) -> None:
    owner, one, other = await service.people(3)
    group = await service.group(owner, one, other)

    results = await asyncio.gather(
        *(transfer(service, group, user_id, by=owner) for user_id in (one, other)), return_exceptions=True
    )

    [refused] = [result for result in results if isinstance(result, RemoteFailure)]
    assert refused.reason == "ROLE_INSUFFICIENT"
    assert sorted((await roles(service, group, by=owner)).values()) == [ROLE_OWNER, ROLE_ADMIN, ROLE_MEMBER]


async def test_a_transfer_and_a_departure_at_once_leave_an_owner(service: Service) -> None:
    owner, other = await service.people(2)
    group = await service.group(owner, other)
    leave = participants_pb2.RemoveParticipantRequest(conversation_id=group, user_id=other)

    await asyncio.gather(
        transfer(service, group, other, by=owner),
        service.ask(service.participants.RemoveParticipant, leave, by=other),
        return_exceptions=True,
    )

    assert ROLE_OWNER in (await roles(service, group, by=owner)).values()


async def test_a_suspended_owner_stays_the_owner(service: Service, pair: tuple[str, str], group: str) -> None:
    owner, other = map(UserId, pair)
    await service.database.run(lambda tx: people.set_active(tx, owner, is_active=False))

    assert await roles(service, group, by=other) == {owner: ROLE_OWNER, other: ROLE_MEMBER}
