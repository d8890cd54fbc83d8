"""Finding conversations."""

from typing import Any

import pytest

from chassis.ids import uuid7
from chassis.rpc.status import RemoteFailure
from messaging.conversations.v1 import conversations_pb2 as pb
from messaging.conversations.v1 import messages_pb2, participants_pb2, receipts_pb2
from tests.integration.conversations.conftest import Service
from tests.support.factories.participants import membership_request


async def test_outsiders_and_former_members_cannot_tell_a_conversation_from_none(service: Service) -> None:
    owner, other, stranger = await service.people(3)
    group = await service.group(owner, other)
    await service.ask(
        service.participants.RemoveParticipant,
        participants_pb2.RemoveParticipantRequest(conversation_id=group, user_id=other),
        by=other,
    )

    failures = []
    for conversation_id, user_id in ((group, stranger), (group, other), (uuid7(), stranger)):
        with pytest.raises(RemoteFailure) as refused:
            await service.get(conversation_id, by=user_id)
        failures.append((refused.value.code, refused.value.reason, str(refused.value)))
    assert set(failures) == {("NOT_FOUND", "CONVERSATION_NOT_FOUND", "No such conversation.")}


async def test_the_most_recently_active_comes_first_with_all_that_a_list_shows(service: Service) -> None:
    me, other = await service.people(2)
    direct, group = await service.direct(me, other), await service.group(me, other)
    await service.say(other, direct, "First")
    last = await service.say(other, direct, "Second")

    page = await service.ask(service.conversations.ListConversations, pb.ListConversationsRequest(), by=me)

    assert [found.conversation_id for found in page.conversations] == [direct, group]
    assert page.conversations[0].last_message == last
    assert page.conversations[0].unread_count == 2
    assert not page.conversations[1].HasField("last_message")
    assert page.conversations[1].my_membership.role == participants_pb2.ROLE_OWNER
    assert (page.next_page_token, page.previous_page_token) == ("", "")


async def test_the_own_last_message_shows_how_far_it_came(service: Service) -> None:
    me, other = await service.people(2)
    conversation = await service.direct(me, other)
    sent = await service.say(me, conversation, "Did you see this?")
    request = receipts_pb2.MarkReadRequest(conversation_id=conversation, seq=sent.seq)

    async def statuses() -> tuple[int, ...]:
        pages = [await service.ask(service.conversations.ListConversations, pb.ListConversationsRequest(), by=each)
                 for each in (me, other)]  # fmt: skip
        return tuple(page.conversations[0].last_message.viewer.status for page in pages)

    assert await statuses() == (messages_pb2.DELIVERY_STATUS_SENT, messages_pb2.DELIVERY_STATUS_UNSPECIFIED)
    await service.ask(service.receipts.MarkRead, request, by=other)
    assert await statuses() == (messages_pb2.DELIVERY_STATUS_READ, messages_pb2.DELIVERY_STATUS_UNSPECIFIED)


# Groups with all that a list shows, written straight into the tables: 500 creations would take most of a minute.
MANY = """
    with made as (
        insert into conversations (id, kind, title, description, creator_id, last_seq, rev, participant_count,
                                   created_at, updated_at)
        select gen_random_uuid(), 2, 'Group ' || n, '', :me, 3, 5, 2, now(), now() - n * interval '1 minute'
        from generate_series(1, 500) as n returning id),
    joined as (
        insert into participants (conversation_id, user_id, role, read_seq, delivered_seq, joined_at)
        select id, user_id, 4, 1, 1, now() from made, unnest(cast(:members as uuid[])) as member(user_id))
    insert into messages (id, conversation_id, seq, rev, sender_id, message_type, content, priority, is_important,
                          client_message_id, body_hash, created_at)
    select gen_random_uuid(), id, seq, seq + 2, :me, 1, 'Hello', 2, false, cast(seq as text), '', now()
    from made, generate_series(1, 3) as seq
"""


async def test_a_list_costs_one_query_for_a_member_of_500(service: Service) -> None:
    me, other = await service.people(2)
    await service.rows(MANY, me=me, members=[me, other])
    filters: list[dict[str, Any]] = [
        {},
        {"page_size": 200},
        {"is_unread": True, "is_archived": False, "is_pinned": False, "kind": pb.CONVERSATION_KIND_GROUP},
        {"title_query": "group"},
    ]

    for fields in filters:
        request = pb.ListConversationsRequest(**fields)
        page, meter = await service.bill(service.conversations.ListConversations, request, by=me)
        assert len(page.conversations) == fields.get("page_size", 50)
        assert {(found.last_message.seq, found.unread_count) for found in page.conversations} == {(3, 2)}
        # The other one begins the transaction.
        assert meter.queries == 1 + 1


async def test_pages_lead_forward_and_back(service: Service) -> None:
    me, *others = await service.people(6)
    groups = [await service.group(me, other) for other in others]
    expected = groups[::-1]

    async def page(token: str = "") -> pb.ListConversationsResponse:
        request = pb.ListConversationsRequest(page_size=2, page_token=token)
        found: pb.ListConversationsResponse = await service.ask(service.conversations.ListConversations, request, by=me)
        return found

    def ids(found: pb.ListConversationsResponse) -> list[str]:
        return [conversation.conversation_id for conversation in found.conversations]

    first = await page()
    second = await page(first.next_page_token)
    third = await page(second.next_page_token)
    assert ids(first) + ids(second) + ids(third) == expected
    assert (first.previous_page_token, third.next_page_token) == ("", "")
    back = await page(third.previous_page_token)
    assert ids(back) == ids(second)
    assert ids(await page(back.previous_page_token)) == ids(first)


async def test_a_page_token_counts_for_its_list_and_person_only(service: Service) -> None:
    me, other = await service.people(2)
    for _ in range(2):
        await service.group(me, other)
    request = pb.ListConversationsRequest(page_size=1)
    token = (await service.ask(service.conversations.ListConversations, request, by=me)).next_page_token

    cases: list[tuple[str, dict[str, Any]]] = [(me, {"is_unread": True}), (me, {"is_unread": False}), (other, {})]
    for by, unread in cases:
        request = pb.ListConversationsRequest(page_token=token, **unread)
        assert await service.refusal(service.conversations.ListConversations, request, by=by) == "INVALID_PAGE_TOKEN"


async def test_lists_are_filtered_by_kind_unread_and_title(service: Service) -> None:
    me, other = await service.people(2)
    direct = await service.direct(me, other)
    engines = await service.group(me, other, title="Engine ROOM 100%")
    other_group = await service.group(me, other, title="Kitchen")
    await service.say(other, engines)

    assert await service.listed(me, kind=pb.CONVERSATION_KIND_DIRECT) == [direct]
    assert await service.listed(me, kind=pb.CONVERSATION_KIND_GROUP) == [engines, other_group]
    assert await service.listed(me, is_unread=True) == [engines]
    assert await service.listed(me, title_query="room") == [engines]
    assert await service.listed(me, title_query="0%") == [engines]
    assert await service.listed(me, title_query="_") == []


async def test_lists_are_filtered_by_what_is_archived_pinned_and_read_both_ways(service: Service) -> None:
    me, other = await service.people(2)
    plain, archived, pinned = [await service.group(me, other) for _ in range(3)]
    await service.say(other, pinned)
    for conversation_id, name in ((archived, "is_archived"), (pinned, "is_pinned")):
        chosen: dict[str, Any] = {name: True}
        request = membership_request(conversation_id, **chosen)
        await service.ask(service.participants.UpdateMembership, request, by=me)

    assert await service.listed(me) == [pinned, archived, plain]
    assert await service.listed(me, is_archived=True) == [archived]
    assert await service.listed(me, is_archived=False) == [pinned, plain]
    assert await service.listed(me, is_pinned=True) == [pinned]
    assert await service.listed(me, is_pinned=False) == [archived, plain]
    assert await service.listed(me, is_unread=True) == [pinned]
    assert await service.listed(me, is_unread=False) == [archived, plain]
    assert await service.listed(me, is_unread=False, is_archived=False) == [plain]
    assert await service.listed(other, is_archived=True) == []


async def test_memberships_and_revisions_agree_and_name_the_epoch(service: Service) -> None:
    me, other, loner = await service.people(3)
    direct, group = await service.direct(me, other), await service.group(me, other)
    await service.say(me, direct)
    mine = await service.ask(service.conversations.ListMemberships, pb.ListMembershipsRequest(), by=me)
    request = pb.GetRevisionsRequest(conversation_ids=[direct, group, uuid7()])
    true = await service.ask(service.conversations.GetRevisions, request)

    expected = {direct: (4, 1), group: (3, 0)}
    assert {found.conversation_id: (found.rev, found.last_seq) for found in mine.memberships} == expected
    assert {found.conversation_id: (found.rev, found.last_seq) for found in true.revisions} == expected
    nobody = await service.ask(service.conversations.ListMemberships, pb.ListMembershipsRequest(), by=loner)
    nothing = await service.ask(service.conversations.GetRevisions, pb.GetRevisionsRequest())
    assert (list(nobody.memberships), list(nothing.revisions)) == ([], [])
    assert {mine.epoch, true.epoch, nobody.epoch, nothing.epoch} == {mine.epoch}
    assert len(mine.epoch) == 36
