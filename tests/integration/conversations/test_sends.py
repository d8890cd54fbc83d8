"""Sending: what is stored, numbered, told and refused, item by item."""

import asyncio
from datetime import UTC, datetime

import pytest

from messaging.conversations.v1 import conversations_pb2, messages_pb2
from messaging.conversations.v1.events_pb2 import MessageSent
from tests.integration.conversations.conftest import Service, reason
from tests.support.factories.messages import item, shared

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


async def test_a_message_is_stored_numbered_and_seen_by_both(
    service: Service, pair: tuple[str, str], direct: str
) -> None:
    message = await service.say(
        pair[0], direct, "Hello", client_message_id="k1", priority=messages_pb2.PRIORITY_HIGH, is_important=True
    )

    assert (message.seq, message.rev, message.sender_id, message.conversation_id) == (1, 4, pair[0], direct)
    assert (message.content, message.client_message_id) == ("Hello", "k1")
    assert (message.priority, message.is_important) == (messages_pb2.PRIORITY_HIGH, True)
    assert message.message_type == messages_pb2.MESSAGE_TYPE_TEXT
    assert abs(message.create_time.ToDatetime(tzinfo=UTC) - datetime.now(UTC)).total_seconds() < 30
    assert not message.HasField("edit_time")
    assert await service.history(direct, by=pair[1]) == [message]


async def test_a_message_is_logged_and_told_in_the_same_transaction(
    service: Service, pair: tuple[str, str], direct: str
) -> None:
    message = await service.say(pair[0], direct, traceparent=TRACE)

    [entry] = (await service.changes(direct, 3)).changes
    assert (entry.rev, entry.kind, entry.actor_id) == (4, conversations_pb2.CHANGE_KIND_MESSAGE_SENT, pair[0])
    assert (entry.target_id, entry.message) == (message.message_id, message)
    [told] = await service.emitted(direct, "message_sent")
    assert (told.aggregate_rev, told.actor_id, told.traceparent, told.user_id) == (4, pair[0], TRACE, "")
    assert MessageSent.FromString(told.payload).message == message


async def test_a_send_moves_the_senders_own_positions_and_nobody_elses(
    service: Service, pair: tuple[str, str], direct: str
) -> None:
    await service.say(pair[1], direct)
    await service.say(pair[0], direct)

    mine, theirs = await service.get(direct, by=pair[0]), await service.get(direct, by=pair[1])
    assert (mine.unread_count, mine.my_membership.read_seq, mine.my_membership.delivered_seq) == (0, 2, 2)
    assert (theirs.unread_count, theirs.my_membership.read_seq) == (1, 1)


async def test_a_repeated_key_answers_the_first_message_marked_as_replayed(
    service: Service, pair: tuple[str, str], direct: str
) -> None:
    send = item(pair[0], direct, client_message_id="again")
    [first], [second] = await service.send(send), await service.send(send)

    assert (first.replayed, second.replayed) == (False, True)
    assert second.message == first.message
    assert len(await service.history(direct, by=pair[0])) == 1
    assert len(await service.emitted(direct, "message_sent")) == 1


async def test_within_a_batch_the_first_with_a_key_is_stored_and_later_ones_get_its_result(
    service: Service, pair: tuple[str, str], direct: str
) -> None:
    send, other = item(pair[0], direct, client_message_id="k"), item(pair[0], direct, "Other", client_message_id="k")
    first, same, different = await service.send(send, send, other)

    assert (first.replayed, same.replayed, same.message) == (False, True, first.message)
    assert reason(different) == "IDEMPOTENCY_KEY_REUSED"
    assert (await service.get(direct, by=pair[0])).last_seq == 1


@pytest.mark.parametrize("change", [{"content": "Other"}, {"priority": 4}, {"is_important": True}])
async def test_a_key_with_another_body_is_refused(
    service: Service, pair: tuple[str, str], direct: str, change: dict[str, object]
) -> None:
    fields: dict[str, object] = {"content": "One", "client_message_id": "k"}
    await service.send(item(pair[0], direct, **fields))  # type: ignore[arg-type]

    [result] = await service.send(item(pair[0], direct, **(fields | change)))  # type: ignore[arg-type]

    assert reason(result) == "IDEMPOTENCY_KEY_REUSED"


async def test_a_key_counts_for_its_sender_and_conversation_only(
    service: Service, pair: tuple[str, str], direct: str
) -> None:
    group = await service.group(*pair)
    results = await service.send(
        item(pair[0], direct, client_message_id="k"),
        item(pair[1], direct, client_message_id="k"),
        item(pair[0], group, client_message_id="k"),
    )

    assert [result.replayed for result in results] == [False, False, False]
    assert len({result.message.message_id for result in results}) == 3


async def test_a_replay_answers_the_message_as_it_is_now(service: Service, pair: tuple[str, str], direct: str) -> None:
    send = item(pair[0], direct, client_message_id="k")
    [first] = await service.send(send)
    stub = await service.ask(
        service.messages.DeleteMessage,
        messages_pb2.DeleteMessageRequest(message_id=first.message.message_id),
        by=pair[0],
    )

    [second] = await service.send(send)

    assert (second.replayed, second.message) == (True, shared(stub.message))


async def test_the_same_key_at_the_same_time_is_stored_once(
    service: Service, pair: tuple[str, str], direct: str
) -> None:
    send = item(pair[0], direct, client_message_id="race")
    results = [
        result for results in await asyncio.gather(*(service.send(send) for _ in range(20))) for result in results
    ]

    assert len({result.message.message_id for result in results}) == 1
    assert sorted(result.replayed for result in results) == [False] + [True] * 19


async def test_a_hundred_at_once_are_numbered_without_holes(
    service: Service, pair: tuple[str, str], direct: str
) -> None:
    sent = await asyncio.gather(*(service.say(pair[n % 2], direct, f"{n}") for n in range(100)))

    assert sorted(message.seq for message in sent) == list(range(1, 101))
    assert sorted(message.rev for message in sent) == list(range(4, 104))
    history = await service.history(direct, by=pair[1])
    assert [message.seq for message in history] == list(range(1, 101))
    times = [message.create_time.ToNanoseconds() for message in history]
    assert times == sorted(times)
    told = [
        MessageSent.FromString(envelope.payload).message for envelope in await service.emitted(direct, "message_sent")
    ]
    assert told == [shared(message) for message in history]


async def test_items_of_a_batch_keep_their_order(service: Service, pair: tuple[str, str], direct: str) -> None:
    group = await service.group(*pair)
    results = await service.send(*(item(pair[0], (direct, group)[n % 2], f"{n}") for n in range(128)))

    assert [result.message.seq for result in results] == [n // 2 + 1 for n in range(128)]
    assert [result.message.content for result in results] == [f"{n}" for n in range(128)]


async def test_a_batch_costs_four_statements_whatever_its_size(
    service: Service, pair: tuple[str, str], direct: str
) -> None:
    for size in (1, 64):
        request = messages_pb2.SendMessagesRequest(items=[item(pair[0], direct) for _ in range(size)])
        _, meter = await service.bill(service.messages.SendMessages, request)
        # Beside them the one that begins the transaction with its deadline.
        assert meter.queries == 4 + 1
        assert meter.query_seconds > 0
