"""What each member sees of a message beside what all see: own marks, and how far own messages have come."""

import pytest
from google.protobuf.field_mask_pb2 import FieldMask

from chassis.ids import uuid7
from messaging.conversations.v1 import messages_pb2 as pb
from messaging.conversations.v1 import receipts_pb2
from services.conversations.model.ids import UserId
from services.conversations.model.people import Audience
from services.conversations.store import people
from tests.integration.conversations.conftest import Service
from tests.integration.conversations.marks import THUMB, Marks
from tests.integration.conversations.reading import Reading

SENT, DELIVERED, READ = pb.DELIVERY_STATUS_SENT, pb.DELIVERY_STATUS_DELIVERED, pb.DELIVERY_STATUS_READ


@pytest.fixture
def reading(service: Service) -> Reading:
    return Reading(service)


async def deliver(service: Service, conversation_id: str, seq: int, *, by: str) -> None:
    request = receipts_pb2.MarkDeliveredRequest(conversation_id=conversation_id, seq=seq)
    await service.ask(service.receipts.MarkDelivered, request, by=by)


async def read(service: Service, conversation_id: str, seq: int, *, by: str) -> None:
    request = receipts_pb2.MarkReadRequest(conversation_id=conversation_id, seq=seq)
    await service.ask(service.receipts.MarkRead, request, by=by)


async def hide_receipts(service: Service, user_id: str) -> None:
    await service.database.run(
        lambda tx: people.set_privacy(
            tx,
            UserId(user_id),
            is_receipt_shared=False,
            is_typing_shared=False,
            who_can_message=Audience.EVERYONE,
        )
    )


async def statuses(service: Service, conversation_id: str, *, by: str) -> list[int]:
    return [message.viewer.status for message in await service.history(conversation_id, by=by)]


async def test_own_marks_are_seen_in_every_answer_and_others_in_none(
    service: Service, reading: Reading, marks: Marks, pair: tuple[str, str], group: str
) -> None:
    draft = pb.PollDraft(options=["a", "b", "c"], is_multiple=True)
    poll = await service.say(
        pair[0], group, message_type=pb.MESSAGE_TYPE_POLL, poll=draft, requires_acknowledgement=True
    )
    plain = await service.say(pair[0], group)
    await marks.react(poll.message_id, THUMB, by=pair[1])
    await marks.bookmark(plain.message_id, by=pair[1])
    await marks.acknowledge(poll.message_id, by=pair[1])
    await service.rows(
        "insert into votes select :id, :user, n, now() from unnest(array[2, 0]) n", id=poll.message_id, user=pair[1]
    )

    listed, other = await service.history(group, by=pair[1])
    expected = pb.ViewerState(reactions=[THUMB], has_acknowledged=True, votes=[0, 2])
    everywhere = await service.ask(service.messages.ListMessages, pb.ListMessagesRequest(page_size=2), by=pair[1])
    assert listed.viewer == (await reading.view(poll.message_id, by=pair[1])).viewer == expected
    assert other.viewer == pb.ViewerState(is_bookmarked=True)
    assert [found.viewer for found in everywhere.messages] == [other.viewer, listed.viewer]
    of_author = await service.history(group, by=pair[0])
    assert [found.viewer for found in of_author] == [pb.ViewerState(status=SENT)] * 2
    # Who has no marks on others' messages is told nothing, which costs nothing.
    late = await service.say(pair[0], group)
    assert not (await reading.view(late.message_id, by=pair[1])).HasField("viewer")


async def test_edits_and_deletions_answer_the_authors_view(
    service: Service, marks: Marks, pair: tuple[str, str], group: str
) -> None:
    message = await service.say(pair[0], group)
    await marks.bookmark(message.message_id, by=pair[0])
    await marks.react(message.message_id, by=pair[0])
    await read(service, group, 1, by=pair[1])

    edited = await service.edit(message.message_id, "Changed", by=pair[0])
    assert edited.viewer == pb.ViewerState(status=READ, is_bookmarked=True, reactions=[THUMB])
    assert (await service.delete(message.message_id, by=pair[0])).viewer.reactions == []


async def test_a_message_is_sent_then_delivered_then_read_by_all(service: Service) -> None:
    me, one, other = await service.people(3)
    group = await service.group(me, one, other)
    for _ in range(3):
        await service.say(me, group)

    assert await statuses(service, group, by=me) == [SENT] * 3
    await deliver(service, group, 3, by=one)
    await deliver(service, group, 2, by=other)
    assert await statuses(service, group, by=me) == [DELIVERED, DELIVERED, SENT]
    await read(service, group, 2, by=one)
    await read(service, group, 1, by=other)
    assert await statuses(service, group, by=me) == [READ, DELIVERED, SENT]
    # Others' messages have no status.
    assert await statuses(service, group, by=one) == [0] * 3


async def test_who_is_alone_is_read_by_nobody(service: Service) -> None:
    me, late = await service.people(2)
    group = await service.group(me)
    await service.say(me, group)
    assert await statuses(service, group, by=me) == [SENT]

    await service.rows(
        "insert into participants (conversation_id, user_id, role, read_seq, delivered_seq, joined_at, visible_after)"
        " values (:c, :u, 4, 1, 1, now(), 1)",
        c=group,
        u=late,
    )
    # Who came later and does not see it has not read it.
    assert await statuses(service, group, by=me) == [SENT]
    await service.say(me, group)
    await read(service, group, 2, by=late)
    assert await statuses(service, group, by=me) == [SENT, READ]


async def test_who_hides_what_they_read_never_shows_as_having_read(
    service: Service, reading: Reading, pair: tuple[str, str]
) -> None:
    me, shy = pair
    [open_one] = await service.people(1)
    direct, group = await service.direct(me, shy), await service.group(me, shy, open_one)
    message = await service.say(me, direct)
    in_group = await service.say(me, group)
    await hide_receipts(service, shy)
    for conversation_id in (direct, group):
        await read(service, conversation_id, 1, by=shy)
    await read(service, group, 1, by=open_one)

    assert await statuses(service, direct, by=me) == [DELIVERED]
    # The others who show it have all read it.
    assert await statuses(service, group, by=me) == [READ]
    receipts = await reading.receipts(message.message_id, by=me)
    assert (receipts.status, [(found.user_id, found.status) for found in receipts.receipts]) == (
        DELIVERED,
        [(shy, DELIVERED)],
    )
    receipts = await reading.receipts(in_group.message_id, by=shy)
    assert receipts.status == READ
    assert {found.user_id: found.status for found in receipts.receipts} == {shy: DELIVERED, open_one: READ}
    listing = receipts_pb2.ListReceiptsRequest(conversation_id=direct)
    for by, expected in ((me, {me: (1, False), shy: (0, True)}), (shy, {me: (1, False), shy: (1, False)})):
        found = (await service.ask(service.receipts.ListReceipts, listing, by=by)).participants
        assert {one.user_id: (one.read_seq, one.is_read_hidden) for one in found} == expected


async def test_receipts_are_for_members_and_name_those_who_may_see_the_message(
    service: Service, reading: Reading, pair: tuple[str, str], group: str
) -> None:
    message = await service.say(pair[0], group)
    stranger, late = await service.people(2)
    await service.rows(
        "insert into participants (conversation_id, user_id, role, read_seq, delivered_seq, joined_at, visible_after)"
        " values (:c, :u, 4, 1, 1, now(), 1)",
        c=group,
        u=late,
    )

    for by in pair:
        receipts = await reading.receipts(message.message_id, by=by)
        assert (receipts.status, [one.user_id for one in receipts.receipts]) == (SENT, [pair[1]])
    for by, message_id in ((stranger, message.message_id), (late, message.message_id), (pair[0], uuid7())):
        request = receipts_pb2.GetMessageReceiptsRequest(message_id=message_id)
        assert await service.refusal(service.receipts.GetMessageReceipts, request, by=by) == "MESSAGE_NOT_FOUND"


async def test_a_list_of_pinned_messages_and_of_the_others(
    service: Service, marks: Marks, pair: tuple[str, str], group: str
) -> None:
    pinned, other = await service.say(pair[0], group), await service.say(pair[0], group)
    await marks.pin(pinned.message_id, by=pair[0])

    for conversation_id in (group, ""):
        for is_pinned, expected in ((True, [pinned]), (False, [other])):
            request = pb.ListMessagesRequest(conversation_id=conversation_id, is_pinned=is_pinned)
            found = (await service.ask(service.messages.ListMessages, request, by=pair[1])).messages
            assert [message.message_id for message in found] == [one.message_id for one in expected]


async def test_acknowledgement_can_be_asked_for_later_and_waived(
    service: Service, pair: tuple[str, str], group: str
) -> None:
    message = await service.say(pair[0], group)

    async def ask(wanted: bool) -> pb.Message:
        request = pb.EditMessageRequest(
            message_id=message.message_id,
            requires_acknowledgement=wanted,
            update_mask=FieldMask(paths=["requires_acknowledgement"]),
        )
        found: pb.EditMessageResponse = await service.ask(service.messages.EditMessage, request, by=pair[0])
        return found.message

    reminders = "select count(*) from reminders where message_id = :id and next_at > now()"
    for wanted in (True, False, True):
        assert (await ask(wanted)).requires_acknowledgement == wanted
        assert await service.rows(reminders, id=message.message_id) == [(int(wanted),)]
