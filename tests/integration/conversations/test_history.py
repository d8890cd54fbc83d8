"""Reading messages."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from chassis.ids import uuid7
from chassis.rpc.status import RemoteFailure
from messaging.conversations.v1 import messages_pb2 as pb
from tests.integration.conversations.conftest import Service
from tests.support.factories.messages import item, shared


async def page(service: Service, by: str, **fields: Any) -> pb.ListMessagesResponse:
    found: pb.ListMessagesResponse = await service.ask(
        service.messages.ListMessages, pb.ListMessagesRequest(**fields), by=by
    )
    return found


def seqs(found: pb.ListMessagesResponse) -> list[int]:
    return [message.seq for message in found.messages]


@pytest.fixture
async def talk(service: Service, pair: tuple[str, str], group: str) -> str:
    """A conversation of ten messages."""
    await service.send(*(item(pair[n % 2], group, f"{n + 1}") for n in range(10)))
    return group


async def test_a_member_reads_a_message_and_a_stranger_cannot_tell_it_from_none(
    service: Service, pair: tuple[str, str], group: str
) -> None:
    message = await service.say(pair[0], group)
    [stranger] = await service.people(1)

    get = service.messages.GetMessage
    request = pb.GetMessageRequest(message_id=message.message_id.upper())
    assert (await service.ask(get, request, by=pair[1])).message == message
    assert await service.refusal(get, request, by=stranger) == "MESSAGE_NOT_FOUND"
    request = pb.GetMessageRequest(message_id=uuid7())
    assert await service.refusal(get, request, by=pair[0]) == "MESSAGE_NOT_FOUND"


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        ({}, [10, 9, 8]),
        ({"before_seq": 5}, [4, 3, 2]),
        ({"after_seq": 0}, [1, 2, 3]),
        ({"after_seq": 8}, [9, 10]),
        ({"after_seq": 10}, []),
        ({"after_seq": 2, "before_seq": 5}, [3, 4]),
        ({"around_seq": 5}, [4, 5, 6]),
        ({"around_seq": 1}, [1, 2]),
        ({"around_seq": 99}, [10]),
        ({"before_seq": 2**62}, [10, 9, 8]),
    ],
)
async def test_numbers_bound_a_page_and_give_its_order(
    service: Service, pair: tuple[str, str], talk: str, bounds: dict[str, Any], expected: list[int]
) -> None:
    assert seqs(await page(service, pair[1], conversation_id=talk, page_size=3, **bounds)) == expected


@pytest.mark.parametrize("bounds", [{}, {"after_seq": 0}, {"around_seq": 5}])
async def test_pages_lead_to_both_ends_and_back(
    service: Service, pair: tuple[str, str], talk: str, bounds: dict[str, Any]
) -> None:
    async def turn(token: str) -> pb.ListMessagesResponse:
        return await page(service, pair[0], conversation_id=talk, page_size=4, page_token=token, **bounds)

    first = await turn("")
    forth, back = [seqs(first)], [seqs(first)]
    last = first
    while last.next_page_token:
        last = await turn(last.next_page_token)
        forth.append(seqs(last))
    while first.previous_page_token:
        first = await turn(first.previous_page_token)
        back.insert(0, seqs(first))
    seen = [seq for found in back[:-1] + forth for seq in found]
    assert seen == (list(range(1, 11)) if bounds else list(range(10, 0, -1)))
    returned = await turn(last.previous_page_token)
    assert seqs(returned) == forth[-2]


async def test_lists_are_filtered_by_sender_priority_and_time(
    service: Service, pair: tuple[str, str], group: str
) -> None:
    sent = [
        await service.say(pair[0], group, priority=pb.PRIORITY_LOW),
        await service.say(pair[1], group, priority=pb.PRIORITY_URGENT),
        await service.say(pair[0], group, priority=pb.PRIORITY_URGENT),
    ]
    await service.age(sent[0].message_id, "1 day")
    yesterday = Timestamp()
    yesterday.FromDatetime(datetime.now(UTC) - timedelta(hours=1))

    for filters, expected in (
        ({"sender_id": pair[0].upper()}, [3, 1]),
        ({"priority": pb.PRIORITY_URGENT}, [3, 2]),
        ({"sender_id": pair[0], "priority": pb.PRIORITY_URGENT}, [3]),
        ({"since_time": yesterday}, [3, 2]),
        ({"until_time": yesterday}, [1]),
        ({"sender_id": uuid7()}, []),
    ):
        assert seqs(await page(service, pair[1], conversation_id=group, **filters)) == expected


async def test_all_conversations_of_a_member_make_one_list(service: Service, pair: tuple[str, str], group: str) -> None:
    direct, (stranger,) = await service.direct(*pair), await service.people(1)
    foreign = await service.group(stranger, pair[1])
    sent = [await service.say(pair[n % 2], (group, direct)[n % 2], f"{n}") for n in range(7)]
    await service.say(stranger, foreign)

    first = await page(service, pair[0], page_size=3)
    second = await page(service, pair[0], page_size=3, page_token=first.next_page_token)
    third = await page(service, pair[0], page_size=3, page_token=second.next_page_token)
    back = await page(service, pair[0], page_size=3, page_token=third.previous_page_token)

    assert [shared(found) for found in (*first.messages, *second.messages, *third.messages)] == sent[::-1]
    assert (list(back.messages), third.next_page_token) == (list(second.messages), "")
    assert list((await page(service, pair[0], sender_id=pair[1])).messages) == sent[5::-2]


async def test_a_page_ends_at_a_mebibyte(service: Service, pair: tuple[str, str], group: str) -> None:
    for _ in range(4):
        await service.send(*(item(pair[0], group, "🚀" * 16_000) for _ in range(6)))

    found = await service.history(group, by=pair[1])
    first = await page(service, pair[1], conversation_id=group, page_size=200)
    around = await page(service, pair[1], conversation_id=group, page_size=200, around_seq=12)

    assert [message.seq for message in found] == list(range(1, 25))
    assert 0.9 * 2**20 < first.ByteSize() < 1.01 * 2**20
    assert first.next_page_token
    assert around.ByteSize() < 1.01 * 2**20
    assert {11, 12} <= set(seqs(around))
    assert around.next_page_token
    assert around.previous_page_token


async def test_a_page_costs_one_query_and_nothing_beside_it(service: Service, pair: tuple[str, str], talk: str) -> None:
    async def cost(**fields: Any) -> int:
        request = pb.ListMessagesRequest(conversation_id=talk, **fields)
        _, meter = await service.bill(service.messages.ListMessages, request, by=pair[0])
        return meter.queries

    assert await cost(sender_id=pair[1]) == 1
    assert await cost() == 1
    assert await cost(around_seq=5) == 2


async def test_pages_of_many_people_are_read_at_once_and_each_fails_alone(
    service: Service, pair: tuple[str, str], talk: str
) -> None:
    [stranger] = await service.people(1)
    asked = pb.ListMessagesRequest(conversation_id=talk, before_seq=8, page_size=3)
    readers = (pair[0], stranger, pair[1].upper())
    request = pb.BatchListMessagesRequest(items=[pb.PageItem(reader_id=reader, request=asked) for reader in readers])

    answer, meter = await service.bill(service.messages.BatchListMessages, request)

    alone = [await page(service, reader, conversation_id=talk, before_seq=8, page_size=3) for reader in pair]
    assert [answer.results[0].response, answer.results[2].response] == alone
    assert RemoteFailure(answer.results[1].error).reason == "CONVERSATION_NOT_FOUND"
    # One for each page, and one more to tell the stranger that there is none.
    assert meter.queries == 3 + 1


async def test_pages_that_are_read_at_once_take_a_mebibyte_together(
    service: Service, pair: tuple[str, str], group: str
) -> None:
    for _ in range(2):
        await service.send(*(item(pair[0], group, "🚀" * 16_000) for _ in range(6)))
    asked = pb.ListMessagesRequest(conversation_id=group)
    request = pb.BatchListMessagesRequest(items=[pb.PageItem(reader_id=pair[1], request=asked)] * 3)

    answer = await service.ask(service.messages.BatchListMessages, request)

    assert [result.WhichOneof("outcome") for result in answer.results] == ["response", "error", "error"]
    assert RemoteFailure(answer.results[1].error).reason == "OVERLOADED"


@pytest.mark.parametrize(
    ("asked", "reason"),
    [({"before_seq": 4}, "INVALID_REQUEST"), ({"page_token": "x" * 40}, "INVALID_PAGE_TOKEN")],
    ids=["rule", "token"],
)
async def test_a_rule_that_one_page_breaks_refuses_all(
    service: Service, pair: tuple[str, str], talk: str, asked: dict[str, Any], reason: str
) -> None:
    pages = [pb.ListMessagesRequest(conversation_id=talk), pb.ListMessagesRequest(**asked)]
    request = pb.BatchListMessagesRequest(items=[pb.PageItem(reader_id=pair[0], request=each) for each in pages])
    assert await service.refusal(service.messages.BatchListMessages, request, by="") == reason


async def test_strangers_get_no_page_and_an_empty_conversation_gives_an_empty_one(
    service: Service, pair: tuple[str, str], group: str
) -> None:
    [stranger] = await service.people(1)
    listing = service.messages.ListMessages

    assert seqs(await page(service, pair[0], conversation_id=group)) == []
    for conversation_id in (group, uuid7()):
        request = pb.ListMessagesRequest(conversation_id=conversation_id)
        assert await service.refusal(listing, request, by=stranger) == "CONVERSATION_NOT_FOUND"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"before_seq": 4}, "conversation_id"),
        ({"after_seq": 0}, "conversation_id"),
        ({"around_seq": 4}, "conversation_id"),
        ({"conversation_id": "x"}, "conversation_id"),
        ({"sender_id": "x"}, "sender_id"),
        ({"page_size": 201}, "page_size"),
        ({"after_seq": -1}, "after_seq"),
        ({"priority": 99}, "priority"),
        ({"since_time": Timestamp(seconds=2**62)}, "since_time"),
        ({"until_time": Timestamp(seconds=-1)}, "until_time"),
    ],
)
async def test_a_list_that_breaks_the_contract_is_refused(
    service: Service, pair: tuple[str, str], fields: dict[str, Any], field: str
) -> None:
    with pytest.raises(RemoteFailure) as refused:
        await page(service, pair[0], **fields)

    assert refused.value.reason == "INVALID_REQUEST"
    assert [violation.field for violation in refused.value.fields] == [field]


async def test_page_tokens_of_other_lists_or_nobodys_are_refused(
    service: Service, pair: tuple[str, str], talk: str
) -> None:
    token = (await page(service, pair[0], conversation_id=talk, page_size=1)).next_page_token
    listing = service.messages.ListMessages

    for fields in ({"sender_id": pair[0]}, {"after_seq": 0}):
        request = pb.ListMessagesRequest(conversation_id=talk, page_token=token, **fields)
        assert await service.refusal(listing, request, by=pair[0]) == "INVALID_PAGE_TOKEN"
    for forged in (token[:-2], "AAAA", "%%%"):
        request = pb.ListMessagesRequest(conversation_id=talk, page_token=forged)
        assert await service.refusal(listing, request, by=pair[0]) == "INVALID_PAGE_TOKEN"
