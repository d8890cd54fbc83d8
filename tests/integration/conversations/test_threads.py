"""Threads: how replies find them, and how their readers stand."""

import asyncio

import pytest

from chassis.ids import uuid7
from messaging.conversations.v1 import threads_pb2 as pb
from messaging.conversations.v1.events_pb2 import ThreadChanged
from tests.integration.conversations.conftest import Service, reasons
from tests.integration.conversations.reading import Reading
from tests.support.factories.messages import item, shared


@pytest.fixture
def reading(service: Service) -> Reading:
    return Reading(service)


async def test_replies_gather_under_the_message_that_began_them(
    service: Service, reading: Reading, pair: tuple[str, str], group: str
) -> None:
    root = await service.say(pair[0], group, "Root")
    first = await service.say(pair[1], group, "First", reply_to_id=root.message_id)
    await service.say(pair[1], group, "Aside")
    second = await service.say(pair[0], group, "Second", reply_to_id=first.message_id.upper())

    assert (first.reply_to_id, first.thread_root_id) == (root.message_id, root.message_id)
    assert (second.reply_to_id, second.thread_root_id) == (first.message_id, root.message_id)
    for message in (root, first, second):
        found = await reading.thread(message.message_id, by=pair[1])
        assert [shared(reply) for reply in found.messages] == [first, second]
        assert (found.thread.root_id, found.thread.conversation_id) == (root.message_id, group)
        assert (found.thread.root.content, found.thread.root.reply_count, found.thread.reply_count) == ("Root", 2, 2)


async def test_a_message_without_replies_has_an_empty_thread(
    service: Service, reading: Reading, pair: tuple[str, str], group: str
) -> None:
    message = await service.say(pair[0], group)
    found = await reading.thread(message.message_id, by=pair[1])

    assert (list(found.messages), found.thread.reply_count, found.thread.is_subscribed) == ([], 0, False)
    assert shared(found.thread.root) == message


async def test_a_thread_is_read_page_by_page_and_back(
    service: Service, reading: Reading, pair: tuple[str, str], group: str
) -> None:
    root = await service.say(pair[0], group)
    await service.send(*(item(pair[1], group, f"{n}", reply_to_id=root.message_id) for n in range(5)))

    first = await reading.thread(root.message_id, by=pair[0], page_size=2)
    second = await reading.thread(root.message_id, by=pair[0], page_size=2, page_token=first.next_page_token)
    third = await reading.thread(root.message_id, by=pair[0], page_size=2, page_token=second.next_page_token)
    back = await reading.thread(root.message_id, by=pair[0], page_size=2, page_token=third.previous_page_token)

    pages = [[message.content for message in found.messages] for found in (first, second, third, back)]
    assert pages == [["0", "1"], ["2", "3"], ["4"], ["2", "3"]]
    assert (first.previous_page_token, third.next_page_token) == ("", "")
    forged = pb.ListRepliesRequest(message_id=root.message_id, page_token=first.next_page_token)
    assert await service.refusal(reading.threads.ListReplies, forged, by=pair[1]) == "INVALID_PAGE_TOKEN"


async def test_what_cannot_be_seen_cannot_be_answered(
    service: Service, reading: Reading, pair: tuple[str, str], group: str
) -> None:
    other = await service.group(*pair)
    foreign, deleted, hidden, early = [
        (await service.say(pair[0], where)).message_id for where in (other, group, group, group)
    ]
    await service.delete(deleted, by=pair[0])
    await reading.hide(hidden, by=pair[1])
    sends = [item(pair[1], group, reply_to_id=target) for target in (foreign, deleted, hidden, uuid7())]

    assert reasons(await service.send(*sends)) == ["REPLY_TARGET_UNAVAILABLE"] * 4
    assert reasons(await service.send(item(pair[0], group, reply_to_id=hidden))) == [""]
    await service.rows("update participants set visible_after = 3 where user_id = :id", id=pair[1])
    assert reasons(await service.send(item(pair[1], group, reply_to_id=early))) == ["REPLY_TARGET_UNAVAILABLE"]
    assert reasons(await service.send(item(pair[1], group, reply_to_id="x"))) == ["INVALID_REQUEST"]


async def test_who_begins_a_thread_or_writes_in_it_follows_it(
    service: Service, reading: Reading, pair: tuple[str, str]
) -> None:
    author, writer = pair
    [watcher] = await service.people(1)
    group = await service.group(author, writer, watcher)
    root = (await service.say(author, group)).message_id
    reply = await service.say(writer, group, reply_to_id=root)

    async def standing(by: str) -> tuple[bool, int, int]:
        thread = (await reading.thread(root, by=by)).thread
        return thread.is_subscribed, thread.read_seq, thread.unread_count

    assert [await standing(by) for by in (author, writer, watcher)] == [(True, 1, 1), (True, 2, 0), (False, 0, 1)]
    await reading.follow(reply.message_id, by=watcher)
    await reading.follow(root, by=author, is_subscribed=False)
    assert [await standing(by) for by in (author, watcher)] == [(False, 1, 1), (True, 0, 1)]
    await service.say(author, group, reply_to_id=reply.message_id)
    assert [await standing(by) for by in (author, writer, watcher)] == [(True, 3, 0), (True, 2, 1), (True, 0, 2)]


async def test_own_devices_hear_of_each_change_once(
    service: Service, reading: Reading, pair: tuple[str, str], group: str
) -> None:
    root = (await service.say(pair[0], group)).message_id
    await service.say(pair[0], group, reply_to_id=root)
    for _ in range(2):
        await reading.follow(root, by=pair[1])
    for seq in (2, 1, 2):
        await reading.read(root, seq, by=pair[1])
    await asyncio.gather(*(reading.follow(root, by=pair[1], is_subscribed=False) for _ in range(5)))

    told = await service.emitted(pair[1], "thread_changed")
    changes = [ThreadChanged.FromString(event.payload) for event in told]
    assert [(change.is_subscribed, change.read_seq) for change in changes] == [(True, 0), (True, 2), (False, 2)]
    assert {(change.conversation_id, change.root_id) for change in changes} == {(group, root)}
    assert {event.aggregate_rev for event in told} == {0}
    assert await service.emitted(group, "thread_changed") == []


async def test_a_thread_is_read_forward_only_and_apart_from_its_conversation(
    service: Service, reading: Reading, pair: tuple[str, str], group: str
) -> None:
    root = (await service.say(pair[0], group)).message_id
    for _ in range(4):
        await service.say(pair[0], group, reply_to_id=root)

    moved = await asyncio.gather(*(reading.read(root, seq, by=pair[1]) for seq in (2, 4, 3, 1)))
    assert max(answer.read_seq for answer in moved) == 4
    answer = await reading.read(root, 3, by=pair[1])
    assert (answer.read_seq, answer.unread_count) == (4, 1)
    assert (await service.get(group, by=pair[1])).my_membership.read_seq == 0
    request = pb.MarkThreadReadRequest(message_id=root, seq=6)
    assert await service.refusal(reading.threads.MarkThreadRead, request, by=pair[1]) == "POSITION_BEYOND_END"


async def test_outsiders_find_no_thread(service: Service, reading: Reading, pair: tuple[str, str], group: str) -> None:
    message_id, (stranger,) = (await service.say(pair[0], group)).message_id, await service.people(1)
    threads = reading.threads

    for known in (message_id, uuid7()):
        for rpc, request in (
            (threads.ListReplies, pb.ListRepliesRequest(message_id=known)),
            (threads.SetThreadSubscription, pb.SetThreadSubscriptionRequest(message_id=known, is_subscribed=True)),
            (threads.MarkThreadRead, pb.MarkThreadReadRequest(message_id=known, seq=1)),
        ):
            assert await service.refusal(rpc, request, by=stranger) == "MESSAGE_NOT_FOUND"
    assert await service.rows("select from threads where user_id = :id", id=stranger) == []


async def test_who_came_later_sees_the_replies_since_then_alone(
    service: Service, reading: Reading, pair: tuple[str, str], group: str
) -> None:
    root = (await service.say(pair[0], group)).message_id
    await service.say(pair[0], group, "Before", reply_to_id=root)
    await service.rows("update participants set visible_after = 2 where user_id = :id", id=pair[1])
    reply = await service.say(pair[0], group, "Since", reply_to_id=root)

    found = await reading.thread(reply.message_id, by=pair[1])
    assert [message.content for message in found.messages] == ["Since"]
    assert not found.thread.HasField("root")
    assert (found.thread.root_id, found.thread.reply_count, found.thread.unread_count) == (root, 2, 1)
    request = pb.ListRepliesRequest(message_id=root)
    assert await service.refusal(reading.threads.ListReplies, request, by=pair[1]) == "MESSAGE_NOT_FOUND"


async def test_deleted_replies_stay_as_stubs_and_a_deleted_root_keeps_its_replies(
    service: Service, reading: Reading, pair: tuple[str, str], group: str
) -> None:
    root = (await service.say(pair[0], group)).message_id
    replies = [(await service.say(pair[1], group, f"{n}", reply_to_id=root)).message_id for n in range(3)]
    await service.delete(replies[0], by=pair[1])
    await service.delete(root, by=pair[0])
    await reading.hide(replies[1], by=pair[0])

    found = await reading.thread(replies[2], by=pair[0])
    assert [(message.message_id, message.content) for message in found.messages] == [
        (replies[0], ""),
        (replies[2], "2"),
    ]
    assert found.thread.root.HasField("delete_time")
    assert (found.thread.reply_count, found.thread.unread_count) == (3, 2)


async def test_a_thread_costs_few_queries_however_long_it_is(
    service: Service, reading: Reading, pair: tuple[str, str], group: str
) -> None:
    root = (await service.say(pair[0], group)).message_id
    await service.send(*(item(pair[1], group, f"{n}", reply_to_id=root) for n in range(60)))
    _, meter = await service.bill(reading.threads.ListReplies, pb.ListRepliesRequest(message_id=root), by=pair[1])

    # Begin, message, root, standing, replies, positions.
    assert meter.queries <= 6
