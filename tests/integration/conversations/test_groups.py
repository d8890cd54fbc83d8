"""Groups: creating, changing and ending them."""

import asyncio
from typing import Any

from google.protobuf.field_mask_pb2 import FieldMask

from chassis.rpc.status import RemoteFailure
from deploy.local import ports
from deploy.local.stack import Stack
from messaging.conversations.v1 import conversations_pb2 as pb
from messaging.conversations.v1 import messages_pb2, participants_pb2
from messaging.conversations.v1.events_pb2 import ConversationCreated, ConversationUpdated, MemberAdded
from services.conversations.model.ids import UserId
from services.conversations.store import people
from tests.integration.conversations.conftest import Service, running
from tests.support.factories.conversations import group_request
from tests.support.factories.messages import item


async def test_a_group_has_its_creator_as_owner_and_the_others_as_members(service: Service) -> None:
    owner, *others = await service.people(4)
    request = group_request(*others, owner, others[0], description="About engines")
    answer = await service.ask(service.conversations.CreateConversation, request, by=owner)

    group = answer.conversation
    assert answer.created
    assert (group.title, group.description, group.creator_id, group.peer_id) == (
        "Engine room", "About engines", owner, "",
    )  # fmt: skip
    assert (group.participant_count, group.rev) == (4, 5)
    assert group.my_membership.role == participants_pb2.ROLE_OWNER
    assert (await service.get(group.conversation_id, by=others[0])).my_membership.role == participants_pb2.ROLE_MEMBER


async def test_a_creation_is_told_to_all_in_order(service: Service) -> None:
    owner, other = await service.people(2)
    group = await service.group(owner, other)

    created, *added = await service.emitted(group)
    assert (created.kind, created.aggregate_rev, created.actor_id) == ("conversation_created", 1, owner)
    assert ConversationCreated.FromString(created.payload).conversation.participant_count == 2
    assert [(event.kind, event.aggregate_rev) for event in added] == [("member_added", 2), ("member_added", 3)]
    members = [MemberAdded.FromString(event.payload) for event in added]
    assert [member.participant.user_id for member in members] == [owner, other]
    assert {member.conversation.title for member in members} == {"Engine room"}


async def test_a_group_has_at_most_so_many_people(service: Service, infra: Stack) -> None:
    settings = {"listen": f"127.0.0.1:{ports.free()}", "metrics_listen": "", "participant_limit": 3}
    async with running(infra, **settings) as small:
        owner, *others = await small.people(4)
        create = small.conversations.CreateConversation
        assert await small.refusal(create, group_request(*others), by=owner) == "PARTICIPANT_LIMIT"
        assert await small.group(owner, *others[:2])


async def test_who_blocked_the_creator_is_not_brought_in(service: Service) -> None:
    owner, blocker = map(UserId, await service.people(2))
    await service.database.run(lambda tx: people.block(tx, blocker, owner))

    request = group_request(blocker)
    assert await service.refusal(service.conversations.CreateConversation, request, by=owner) == "USER_UNAVAILABLE"


async def test_a_repeated_request_creates_one_group(service: Service) -> None:
    owner, other = await service.people(2)
    request = group_request(other, request_id="once")
    first, _ = await service.bill(service.conversations.CreateConversation, request, by=owner)
    second, meter = await service.bill(service.conversations.CreateConversation, request, by=owner)

    assert second == first
    assert meter.is_replayed
    request.title = "Another"
    reason = await service.refusal(service.conversations.CreateConversation, request, by=owner)
    assert reason == "IDEMPOTENCY_KEY_REUSED"
    assert await service.listed(owner) == [first.conversation.conversation_id]


def update_request(conversation_id: str, *paths: str, **fields: Any) -> pb.UpdateConversationRequest:
    return pb.UpdateConversationRequest(
        conversation_id=conversation_id, update_mask=FieldMask(paths=list(paths)), **fields
    )


async def test_only_what_the_mask_names_is_changed_and_told(service: Service) -> None:
    owner, other = await service.people(2)
    group = await service.group(owner, other)

    answer = await service.ask(
        service.conversations.UpdateConversation,
        update_request(group, "description", title="Ignored", description="About engines"),
        by=owner,
    )

    assert (answer.conversation.title, answer.conversation.description) == ("Engine room", "About engines")
    assert answer.conversation.rev == 4
    [told] = await service.emitted(group, "conversation_updated")
    assert told.aggregate_rev == 4
    assert ConversationUpdated.FromString(told.payload).conversation.description == "About engines"
    [change] = (await service.changes(group, 3, by=other)).changes
    assert (change.kind, change.conversation.rev) == (pb.CHANGE_KIND_CONVERSATION_UPDATED, 4)


async def test_a_change_that_changes_nothing_has_no_revision(service: Service) -> None:
    owner, other = await service.people(2)
    group = await service.group(owner, other)

    for request in (update_request(group, "title", title="Engine room"), update_request(group, title="Ignored")):
        answer = await service.ask(service.conversations.UpdateConversation, request, by=owner)
        assert (answer.conversation.title, answer.conversation.rev) == ("Engine room", 3)
    assert await service.emitted(group, "conversation_updated") == []


async def test_an_old_etag_is_refused(service: Service) -> None:
    owner, other = await service.people(2)
    group = await service.group(owner, other)
    update = service.conversations.UpdateConversation

    answer = await service.ask(update, update_request(group, "title", title="One", etag="3"), by=owner)
    assert answer.conversation.title == "One"
    stale = update_request(group, "title", title="Two", etag="3")
    assert await service.refusal(update, stale, by=owner) == "ETAG_MISMATCH"


async def test_settings_are_changed_by_admins_of_groups_only(service: Service) -> None:
    owner, member, stranger = await service.people(3)
    group, direct = await service.group(owner, member), await service.direct(owner, member)
    update = service.conversations.UpdateConversation

    assert await service.refusal(update, update_request(group, "title"), by=member) == "ROLE_INSUFFICIENT"
    assert await service.refusal(update, update_request(group, "title"), by=stranger) == "CONVERSATION_NOT_FOUND"
    assert await service.refusal(update, update_request(direct, "title"), by=owner) == "DIRECT_CONVERSATION"


async def test_parallel_changes_each_have_a_revision(service: Service) -> None:
    owner, other = await service.people(2)
    group = await service.group(owner, other)

    await asyncio.gather(
        *(
            service.ask(
                service.conversations.UpdateConversation, update_request(group, "title", title=f"{n}"), by=owner
            )
            for n in range(10)
        ),
        *(service.say(other, group, f"{n}") for n in range(10)),
        return_exceptions=True,
    )

    revs = [change.rev for change in (await service.changes(group)).changes]
    assert revs == list(range(1, (await service.get(group, by=owner)).rev + 1))
    assert [event.aggregate_rev for event in await service.emitted(group)] == revs


async def test_a_deleted_group_is_gone_for_all_and_told(service: Service) -> None:
    owner, member = await service.people(2)
    group = await service.group(owner, member)
    message = await service.say(owner, group)
    delete = service.conversations.DeleteConversation
    request = pb.DeleteConversationRequest(conversation_id=group, request_id="once")

    assert await service.refusal(delete, request, by=member) == "ROLE_INSUFFICIENT"
    await service.ask(delete, request, by=owner)
    await service.ask(delete, request, by=owner)

    for by in (owner, member):
        get = pb.GetConversationRequest(conversation_id=group)
        assert await service.refusal(service.conversations.GetConversation, get, by=by) == "CONVERSATION_NOT_FOUND"
        assert await service.listed(by) == []
        get_message = messages_pb2.GetMessageRequest(message_id=message.message_id)
        assert await service.refusal(service.messages.GetMessage, get_message, by=by) == "MESSAGE_NOT_FOUND"
        history = messages_pb2.ListMessagesRequest(conversation_id=group)
        assert await service.refusal(service.messages.ListMessages, history, by=by) == "CONVERSATION_NOT_FOUND"
    [result] = await service.send(item(owner, group))
    assert RemoteFailure(result.error).reason == "CONVERSATION_NOT_FOUND"
    [told] = await service.emitted(group, "conversation_deleted")
    # The platform itself can still tell those who were in it.
    last = (await service.changes(group, told.aggregate_rev - 1)).changes[-1]
    assert (last.kind, last.rev) == (pb.CHANGE_KIND_CONVERSATION_DELETED, told.aggregate_rev)
