"""Sends that are refused, each item for itself."""

from datetime import UTC, datetime

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from chassis.errors import InvalidRequest
from chassis.ids import uuid7
from chassis.rpc.status import RemoteFailure
from messaging.conversations.v1 import messages_pb2
from services.conversations.model.ids import UserId
from services.conversations.store import people
from tests.integration.conversations.conftest import Service, reason, reasons
from tests.support.factories.messages import item

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.mark.parametrize("content", ["", "  \n", "\u00a0", "a\x00b"])
async def test_a_text_that_cannot_be_sent_is_refused_alone(
    service: Service, pair: tuple[str, str], direct: str, content: str
) -> None:
    results = await service.send(item(pair[0], direct, "before"), item(pair[0], direct, content), item(pair[0], direct))

    assert reasons(results) == ["", "MESSAGE_CONTENT_INVALID", ""]
    assert [results[0].message.seq, results[2].message.seq] == [1, 2]


async def test_a_text_may_have_16000_characters_of_any_script(
    service: Service, pair: tuple[str, str], direct: str
) -> None:
    results = await service.send(item(pair[0], direct, "🚀" * 16_000), item(pair[0], direct, "x" * 16_001))

    assert reasons(results) == ["", "MESSAGE_TOO_LONG"]
    assert (await service.history(direct, by=pair[1]))[0].content == "🚀" * 16_000


@pytest.mark.parametrize(
    "text", ['it\'s \\ "quoted" {} % %s :name', "\u202eRTL\u200b", "e\u0301", "\ufffd\uffff", "{1,2}", "NULL"]
)
async def test_every_text_comes_back_as_it_was_sent(
    service: Service, pair: tuple[str, str], direct: str, text: str
) -> None:
    await service.say(pair[0], direct, text, client_message_id=text[:64])

    [message] = await service.history(direct, by=pair[1])
    assert (message.content, message.client_message_id) == (text, text[:64])


async def test_what_breaks_the_contract_is_refused_alone_and_names_the_field(
    service: Service, pair: tuple[str, str], direct: str
) -> None:
    flawed = [
        item("nobody", direct),
        item(pair[0], "nowhere"),
        item(pair[0], direct, client_message_id=""),
        item(pair[0], direct, client_message_id="k" * 65),
        item(pair[0], direct, message_type=messages_pb2.MESSAGE_TYPE_SYSTEM),
        item(pair[0], direct, priority=17),
    ]
    *refused, stored = await service.send(*flawed, item(pair[0], direct))

    assert {reason(result) for result in refused} == {InvalidRequest.reason}
    fields = [violation.field for result in refused for violation in RemoteFailure(result.error).fields]
    assert fields == [
        "sender_id", "conversation_id", "client_message_id", "client_message_id", "message_type", "priority",
    ]  # fmt: skip
    assert stored.message.seq == 1


@pytest.mark.parametrize("count", [0, 129])
async def test_a_batch_has_1_to_128_items(service: Service, pair: tuple[str, str], direct: str, count: int) -> None:
    with pytest.raises(RemoteFailure) as refused:
        await service.send(*(item(pair[0], direct) for _ in range(count)))

    assert refused.value.reason == "INVALID_REQUEST"


async def test_strangers_cannot_tell_a_conversation_from_none(
    service: Service, pair: tuple[str, str], direct: str
) -> None:
    [stranger] = await service.people(1)
    foreign, missing = await service.send(item(stranger, direct), item(stranger, uuid7()))

    assert foreign.error == missing.error
    assert reason(foreign) == "CONVERSATION_NOT_FOUND"


@pytest.mark.parametrize("blocker", [0, 1])
async def test_a_block_ends_writing_both_ways_until_it_is_lifted(
    service: Service, pair: tuple[str, str], direct: str, blocker: int
) -> None:
    both = UserId(pair[blocker]), UserId(pair[1 - blocker])
    group = await service.group(*pair)
    await service.database.run(lambda tx: people.block(tx, *both))

    results = await service.send(item(pair[0], direct), item(pair[1], direct), item(pair[0], group))
    await service.database.run(lambda tx: people.unblock(tx, *both))

    assert reasons(results) == ["BLOCKED", "BLOCKED", ""]
    assert reasons(await service.send(item(pair[0], direct))) == [""]


async def test_a_suspended_account_cannot_write_and_a_restored_one_can(
    service: Service, pair: tuple[str, str], direct: str
) -> None:
    sender = UserId(pair[0])
    await service.database.run(lambda tx: people.set_active(tx, sender, is_active=False))
    suspended = await service.send(item(sender, direct), item(pair[1], direct))
    await service.database.run(lambda tx: people.set_active(tx, sender, is_active=True))

    assert reasons(suspended) == ["SENDER_SUSPENDED", ""]
    assert reasons(await service.send(item(sender, direct))) == [""]


async def test_a_mute_ends_by_itself(service: Service, pair: tuple[str, str], direct: str) -> None:
    mute = "update participants set muted_until = now() + cast(:span as interval) where user_id = :user_id"
    await service.rows(mute, span="1 hour", user_id=pair[0])
    [muted] = await service.send(item(pair[0], direct))
    await service.rows(mute, span="-1 second", user_id=pair[0])

    assert reason(muted) == "MUTED"
    assert datetime.fromisoformat(RemoteFailure(muted.error).metadata["until"]) > datetime.now(UTC)
    assert reasons(await service.send(item(pair[0], direct))) == [""]


async def test_who_may_only_read_cannot_write(service: Service, pair: tuple[str, str]) -> None:
    group = await service.group(*pair)
    await service.rows("update participants set role = 5 where user_id = :user_id", user_id=pair[1])

    assert reasons(await service.send(item(pair[1], group), item(pair[0], group))) == ["ROLE_INSUFFICIENT", ""]


async def test_a_replay_needs_no_right_to_write(service: Service, pair: tuple[str, str], direct: str) -> None:
    send = item(pair[0], direct, client_message_id="before the mute")
    [first] = await service.send(send)
    await service.rows("update participants set muted_until = 'infinity' where user_id = :user_id", user_id=pair[0])

    [second] = await service.send(send)

    assert (second.replayed, second.message) == (True, first.message)


async def test_nobody_waits_for_an_item_past_its_deadline(service: Service, pair: tuple[str, str], direct: str) -> None:
    now = int(datetime.now(UTC).timestamp())
    late, soon = Timestamp(seconds=now - 5), Timestamp(seconds=now + 60)
    results = await service.send(item(pair[0], direct, deadline_time=late), item(pair[0], direct, deadline_time=soon))

    assert reasons(results) == ["DEADLINE_REQUIRED", ""]
    assert reasons(await service.send(item(pair[0], direct, deadline_time=late))) == ["DEADLINE_REQUIRED"]


async def test_ids_may_be_spelt_in_upper_case(service: Service, pair: tuple[str, str], direct: str) -> None:
    message = await service.say(pair[0].upper(), direct.upper())

    assert (message.sender_id, message.conversation_id) == (pair[0], direct)
