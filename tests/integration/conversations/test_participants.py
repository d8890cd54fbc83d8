"""Joining, roles and leaving."""

import asyncio
from typing import Any

import pytest
from google.protobuf.field_mask_pb2 import FieldMask

from chassis.ids import uuid7
from chassis.rpc.status import RemoteFailure
from deploy.local import ports
from deploy.local.stack import Stack
from messaging.conversations.v1 import conversations_pb2, messages_pb2
from messaging.conversations.v1 import participants_pb2 as pb
from messaging.conversations.v1.events_pb2 import MemberAdded, MemberRemoved, MembershipChanged
from services.conversations.model.ids import UserId
from services.conversations.store import people
from tests.integration.conversations.conftest import Service, reasons, running
from tests.support.factories.messages import item


async def add(service: Service, conversation_id: str, *user_ids: str, by: str, **fields: Any) -> list[pb.Participant]:
    request = pb.AddParticipantsRequest(conversation_id=conversation_id, user_ids=user_ids, **fields)
    return list((await service.ask(service.participants.AddParticipants, request, by=by)).participants)


async def remove(service: Service, conversation_id: str, user_id: str, *, by: str, **fields: Any) -> None:
    request = pb.RemoveParticipantRequest(conversation_id=conversation_id, user_id=user_id, **fields)
    await service.ask(service.participants.RemoveParticipant, request, by=by)


async def give(service: Service, conversation_id: str, user_id: str, role: pb.Role.ValueType, *, by: str) -> Any:
    mask = FieldMask(paths=["role"])
    request = pb.UpdateParticipantRequest(conversation_id=conversation_id, user_id=user_id, role=role, update_mask=mask)
    return (await service.ask(service.participants.UpdateParticipant, request, by=by)).participant


async def members(service: Service, conversation_id: str, *, by: str, **fields: Any) -> pb.ListParticipantsResponse:
    request = pb.ListParticipantsRequest(conversation_id=conversation_id, **fields)
    found: pb.ListParticipantsResponse = await service.ask(service.participants.ListParticipants, request, by=by)
    return found


async def test_who_joins_sees_nothing_as_unread_and_is_told(service: Service) -> None:
    owner, one, other = await service.people(3)
    group = await service.group(owner)
    await service.say(owner, group)

    joined = await add(service, group, one, other, one, by=owner)

    assert [(member.user_id, member.role, member.read_seq) for member in joined] == [
        (one, pb.ROLE_MEMBER, 1),
        (other, pb.ROLE_MEMBER, 1),
    ]
    shown = await service.get(group, by=one)
    assert (shown.participant_count, shown.rev, shown.unread_count) == (3, 5, 0)
    told = await service.emitted(group, "member_added")
    assert [event.aggregate_rev for event in told] == [2, 4, 5]
    last = MemberAdded.FromString(told[-1].payload)
    assert (last.participant.user_id, last.conversation.participant_count) == (other, 3)


async def test_who_is_in_it_already_stays_as_they_are(service: Service) -> None:
    owner, one, new = await service.people(3)
    group = await service.group(owner, one)

    joined = await add(service, group, one, new, by=owner, role=pb.ROLE_READONLY)
    again = await add(service, group, one, by=owner)

    assert [(member.user_id, member.role) for member in joined] == [(one, pb.ROLE_MEMBER), (new, pb.ROLE_READONLY)]
    assert [member.role for member in again] == [pb.ROLE_MEMBER]
    assert (await service.get(group, by=owner)).rev == 4


async def test_who_comes_back_keeps_a_mute_but_not_a_role(service: Service) -> None:
    owner, other = await service.people(2)
    group = await service.group(owner, other)
    await give(service, group, other, pb.ROLE_ADMIN, by=owner)
    await service.rows("update participants set muted_until = 'infinity' where user_id = :id", id=other)
    await remove(service, group, other, by=other)
    await service.say(owner, group)

    [back] = await add(service, group, other, by=owner)

    assert (back.role, back.read_seq, back.HasField("leave_time")) == (pb.ROLE_MEMBER, 1, False)
    assert reasons(await service.send(item(other, group))) == ["MUTED"]


async def test_nobody_is_added_who_is_unknown_suspended_or_has_blocked_the_one_who_asks(service: Service) -> None:
    owner, suspended, blocker, fine = map(UserId, await service.people(4))
    group = await service.group(owner)
    await service.database.run(lambda tx: people.set_active(tx, suspended, is_active=False))
    await service.database.run(lambda tx: people.block(tx, blocker, owner))

    for user_id in (uuid7(), suspended, blocker):
        request = pb.AddParticipantsRequest(conversation_id=group, user_ids=[fine, user_id])
        assert await service.refusal(service.participants.AddParticipants, request, by=owner) == "USER_UNAVAILABLE"
    assert (await service.get(group, by=owner)).participant_count == 1


async def test_adding_needs_a_group_a_role_and_room(service: Service, infra: Stack) -> None:
    owner, member, new, stranger = await service.people(4)
    group, direct = await service.group(owner, member), await service.direct(owner, member)
    adding = service.participants.AddParticipants

    def request(conversation_id: str, **fields: Any) -> pb.AddParticipantsRequest:
        return pb.AddParticipantsRequest(conversation_id=conversation_id, user_ids=[new], **fields)

    assert await service.refusal(adding, request(group), by=member) == "ROLE_INSUFFICIENT"
    assert await service.refusal(adding, request(group, role=pb.ROLE_OWNER), by=owner) == "ROLE_INSUFFICIENT"
    assert await service.refusal(adding, request(group), by=stranger) == "CONVERSATION_NOT_FOUND"
    assert await service.refusal(adding, request(direct), by=owner) == "DIRECT_CONVERSATION"
    settings = {"listen": f"127.0.0.1:{ports.free()}", "metrics_listen": "", "participant_limit": 2}
    async with running(infra, **settings) as small:
        assert await small.refusal(small.participants.AddParticipants, request(group), by=owner) == "PARTICIPANT_LIMIT"


async def test_a_repeated_request_adds_once(service: Service) -> None:
    owner, other = await service.people(2)
    group = await service.group(owner)
    first = await add(service, group, other, by=owner, request_id="once")
    await remove(service, group, other, by=owner)

    assert await add(service, group, other, by=owner, request_id="once") == first
    assert (await service.get(group, by=owner)).participant_count == 1


async def test_the_same_person_added_at_once_joins_once(service: Service) -> None:
    owner, other = await service.people(2)
    group = await service.group(owner)

    await asyncio.gather(*(add(service, group, other, by=owner) for _ in range(8)))

    assert len(await service.emitted(group, "member_added")) == 2
    shown = await service.get(group, by=other)
    assert (shown.participant_count, shown.rev) == (2, 3)


async def test_participants_are_listed_by_joining_page_by_page(service: Service) -> None:
    owner, *others = await service.people(5)
    group = await service.group(owner)
    for other in others:
        await add(service, group, other, by=owner)

    first = await members(service, group, by=owner, page_size=2)
    second = await members(service, group, by=owner, page_size=2, page_token=first.next_page_token)
    third = await members(service, group, by=owner, page_size=2, page_token=second.next_page_token)
    back = await members(service, group, by=owner, page_size=2, page_token=second.previous_page_token)

    pages = (first, second, third)
    assert [member.user_id for page in pages for member in page.participants] == [owner, *others]
    assert (back.participants, third.next_page_token) == (first.participants, "")


async def test_a_role_is_given_and_told(service: Service) -> None:
    owner, other = await service.people(2)
    group = await service.group(owner, other)

    given = await give(service, group, other, pb.ROLE_MODERATOR, by=owner)
    same = await give(service, group, other, pb.ROLE_MODERATOR, by=owner)

    assert given.role == same.role == pb.ROLE_MODERATOR
    [told] = await service.emitted(group, "membership_changed")
    assert (told.aggregate_rev, told.actor_id) == (4, owner)
    assert MembershipChanged.FromString(told.payload).participant == given


async def test_who_may_give_which_role(service: Service) -> None:
    owner, admin, member, stranger = await service.people(4)
    group, direct = await service.group(owner, admin, member), await service.direct(owner, member)
    await give(service, group, admin, pb.ROLE_ADMIN, by=owner)

    for by, target, role, reason in (
        (member, admin, pb.ROLE_MEMBER, "ROLE_INSUFFICIENT"),
        (admin, member, pb.ROLE_ADMIN, "ROLE_INSUFFICIENT"),
        (admin, owner, pb.ROLE_MEMBER, "ROLE_INSUFFICIENT"),
        (admin, stranger, pb.ROLE_MEMBER, "PARTICIPANT_NOT_FOUND"),
        (stranger, member, pb.ROLE_READONLY, "CONVERSATION_NOT_FOUND"),
        (owner, owner, pb.ROLE_MEMBER, "OWNER_REQUIRED"),
    ):
        with pytest.raises(RemoteFailure) as refused:
            await give(service, group, target, role, by=by)
        assert refused.value.reason == reason
    with pytest.raises(RemoteFailure) as refused:
        await give(service, direct, member, pb.ROLE_ADMIN, by=owner)
    assert refused.value.reason == "DIRECT_CONVERSATION"
    assert (await give(service, group, member, pb.ROLE_MODERATOR, by=admin)).role == pb.ROLE_MODERATOR
    assert (await give(service, group, admin, pb.ROLE_MEMBER, by=admin)).role == pb.ROLE_MEMBER


async def test_an_owner_steps_down_once_there_is_another(service: Service) -> None:
    owner, other = await service.people(2)
    group = await service.group(owner, other)
    await give(service, group, other, pb.ROLE_OWNER, by=owner)

    assert (await give(service, group, owner, pb.ROLE_MEMBER, by=owner)).role == pb.ROLE_MEMBER
    with pytest.raises(RemoteFailure) as refused:
        await remove(service, group, other, by=other)
    assert refused.value.reason == "OWNER_REQUIRED"


async def test_two_owners_stepping_down_at_once_leave_one(service: Service) -> None:
    owner, other = await service.people(2)
    group = await service.group(owner, other)
    await give(service, group, other, pb.ROLE_OWNER, by=owner)

    results = await asyncio.gather(
        *(give(service, group, user_id, pb.ROLE_MEMBER, by=user_id) for user_id in (owner, other)),
        return_exceptions=True,
    )

    [refused] = [result for result in results if isinstance(result, RemoteFailure)]
    assert refused.reason == "OWNER_REQUIRED"


async def test_nothing_reaches_who_was_removed(service: Service) -> None:
    owner, other = await service.people(2)
    group = await service.group(owner, other)
    message = await service.say(owner, group)
    await remove(service, group, other, by=owner, request_id="once")
    await remove(service, group, other, by=owner, request_id="once")

    [told] = await service.emitted(group, "member_removed")
    assert MemberRemoved.FromString(told.payload).participant.HasField("leave_time")
    assert (await service.get(group, by=owner)).participant_count == 1
    conversations, messages = service.conversations, service.messages
    for rpc, request, reason in (
        (messages.GetMessage, messages_pb2.GetMessageRequest(message_id=message.message_id), "MESSAGE_NOT_FOUND"),
        (messages.ListMessages, messages_pb2.ListMessagesRequest(conversation_id=group), "CONVERSATION_NOT_FOUND"),
        (
            conversations.ListChanges,
            conversations_pb2.ListChangesRequest(conversation_id=group),
            "CONVERSATION_NOT_FOUND",
        ),
        (
            service.participants.ListParticipants,
            pb.ListParticipantsRequest(conversation_id=group),
            "CONVERSATION_NOT_FOUND",
        ),
        (
            service.participants.RemoveParticipant,
            pb.RemoveParticipantRequest(conversation_id=group, user_id=other),
            "CONVERSATION_NOT_FOUND",
        ),
    ):
        assert await service.refusal(rpc, request, by=other) == reason
    everything = await service.ask(messages.ListMessages, messages_pb2.ListMessagesRequest(), by=other)
    assert list(everything.messages) == []
    assert reasons(await service.send(item(other, group))) == ["CONVERSATION_NOT_FOUND"]


async def test_who_may_remove_whom(service: Service) -> None:
    owner, moderator, member, other = await service.people(4)
    group, direct = await service.group(owner, moderator, member, other), await service.direct(owner, member)
    await give(service, group, moderator, pb.ROLE_MODERATOR, by=owner)

    for by, target, reason in (
        (member, other, "ROLE_INSUFFICIENT"),
        (moderator, owner, "ROLE_INSUFFICIENT"),
        (moderator, uuid7(), "PARTICIPANT_NOT_FOUND"),
        (owner, owner, "OWNER_REQUIRED"),
    ):
        with pytest.raises(RemoteFailure) as refused:
            await remove(service, group, target, by=by)
        assert refused.value.reason == reason
    with pytest.raises(RemoteFailure) as refused:
        await remove(service, direct, member, by=member)
    assert refused.value.reason == "DIRECT_CONVERSATION"
    await remove(service, group, other, by=moderator)
    await remove(service, group, moderator, by=owner)
    await remove(service, group, member, by=member)
    left = (await members(service, group, by=owner)).participants
    assert [person.user_id for person in left] == [owner]


async def test_a_send_and_a_removal_at_once_are_one_after_the_other(service: Service) -> None:
    owner, other = await service.people(2)
    group = await service.group(owner, other)

    sends = [service.send(item(other, group, f"{n}")) for n in range(30)]
    removal = asyncio.create_task(remove(service, group, other, by=owner))
    results = await asyncio.gather(*sends)
    await removal

    log = (await service.changes(group)).changes
    removed = next(change.rev for change in log if change.kind == conversations_pb2.CHANGE_KIND_MEMBER_REMOVED)
    stored = [result.message.rev for [result] in results if result.HasField("message")]
    assert all(rev < removed for rev in stored)
    assert [change.rev for change in log] == list(range(1, len(log) + 1))
