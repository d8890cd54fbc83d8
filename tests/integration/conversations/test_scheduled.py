"""Scheduled messages: kept, changed and listed, for their sender alone."""

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from chassis.ids import uuid7
from chassis.rpc.status import RemoteFailure
from messaging.conversations.v1 import messages_pb2 as messages
from messaging.conversations.v1 import scheduled_pb2 as pb
from services.conversations.model.scheduled import MOST_PENDING
from tests.integration.conversations.agenda import PENDING, SENT, Agenda, contents
from tests.integration.conversations.conftest import Service
from tests.support.factories.scheduled import HOUR, moment, schedule_request


@pytest.fixture
def agenda(service: Service, pair: tuple[str, str]) -> Agenda:
    return Agenda(service, pair[0])


async def test_outsiders_schedule_nothing_and_see_nothing(
    service: Service, agenda: Agenda, pair: tuple[str, str], group: str
) -> None:
    [stranger] = await service.people(1)
    outside = Agenda(service, stranger)
    request = schedule_request(group)
    assert await service.refusal(outside.stub.ScheduleMessage, request, by=stranger) == "CONVERSATION_NOT_FOUND"
    waiting = (await agenda.schedule(group)).scheduled_message_id
    for someone in (outside, Agenda(service, pair[1])):
        for attempt in (
            someone.get(waiting),
            someone.update(waiting, content="Mine"),
            someone.cancel(waiting),
        ):
            with pytest.raises(RemoteFailure) as refused:
                await attempt
            assert refused.value.reason == "SCHEDULED_MESSAGE_NOT_FOUND"
        assert not (await someone.page()).scheduled_messages


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"after": timedelta(minutes=-5)}, "SEND_TIME_INVALID"),
        ({"after": timedelta(days=367)}, "SEND_TIME_INVALID"),
        ({"content": ""}, "MESSAGE_CONTENT_INVALID"),
        ({"content": "a\x00b"}, "INVALID_REQUEST"),
        ({"content": "x" * 16_001}, "MESSAGE_TOO_LONG"),
        ({"message_type": messages.MESSAGE_TYPE_POLL}, "INVALID_REQUEST"),
        ({"message_type": messages.MESSAGE_TYPE_SYSTEM}, "INVALID_REQUEST"),
        ({"message_type": messages.MESSAGE_TYPE_POLL, "poll": messages.PollDraft(options=["one"])}, "POLL_INVALID"),
        ({"conversation_id": uuid7()}, "CONVERSATION_NOT_FOUND"),
        ({"conversation_id": "x"}, "INVALID_REQUEST"),
        ({"reply_to_id": "x"}, "INVALID_REQUEST"),
    ],
)
async def test_bad_input_is_refused(
    service: Service, agenda: Agenda, group: str, fields: dict[str, Any], reason: str
) -> None:
    request = schedule_request(**{"conversation_id": group, **fields})
    assert await service.refusal(agenda.stub.ScheduleMessage, request, by=agenda.user_id) == reason


async def test_without_a_time_nothing_is_scheduled(service: Service, agenda: Agenda, group: str) -> None:
    request = pb.ScheduleMessageRequest(conversation_id=group, content="Some day")
    assert await service.refusal(agenda.stub.ScheduleMessage, request, by=agenda.user_id) == "INVALID_REQUEST"


async def test_repeating_a_request_id_schedules_changes_and_cancels_once(
    service: Service, agenda: Agenda, group: str
) -> None:
    request = schedule_request(group, request_id=uuid7())
    first, second = [await service.ask(agenda.stub.ScheduleMessage, request, by=agenda.user_id) for _ in range(2)]
    assert first == second
    [waiting] = (await agenda.page()).scheduled_messages
    key = uuid7()
    for _ in range(2):
        await agenda.update(waiting.scheduled_message_id, "content", content="Later", request_id=key)
    for _ in range(2):
        await agenda.cancel(waiting.scheduled_message_id, request_id=key)
    assert [told.state for told in await agenda.told()] == [PENDING, PENDING, pb.SCHEDULED_STATE_CANCELLED]


async def test_what_waits_can_be_changed_and_what_was_sent_cannot(
    service: Service, agenda: Agenda, pair: tuple[str, str], group: str
) -> None:
    waiting = (await agenda.schedule(group)).scheduled_message_id
    changed = await agenda.update(
        waiting,
        content="Good evening",
        priority=messages.PRIORITY_LOW,
        is_important=True,
        requires_acknowledgement=True,
        send_time=moment(2 * HOUR),
    )
    assert (changed.content, changed.priority) == ("Good evening", messages.PRIORITY_LOW)
    assert (changed.is_important, changed.requires_acknowledgement) == (True, True)
    same = await agenda.update(waiting, content="Good evening")
    assert same.update_time == changed.update_time
    for fields, reason in (
        ({"content": " "}, "MESSAGE_CONTENT_INVALID"),
        ({"send_time": moment(-HOUR)}, "SEND_TIME_INVALID"),
    ):
        with pytest.raises(RemoteFailure) as refused:
            await agenda.update(waiting, **fields)
        assert refused.value.reason == reason

    await agenda.let_pass()
    await agenda.go_round()
    assert await contents(service, group) == []
    await agenda.let_pass()
    await agenda.go_round()
    assert await contents(service, group) == ["Good evening"]
    for attempt in (agenda.update(waiting, content="Too late"), agenda.cancel(waiting)):
        with pytest.raises(RemoteFailure) as refused:
            await attempt
        assert refused.value.reason == "SCHEDULED_MESSAGE_SETTLED"


async def test_what_is_cancelled_is_not_sent(
    service: Service, agenda: Agenda, pair: tuple[str, str], group: str
) -> None:
    waiting = await agenda.schedule(group)
    await agenda.cancel(waiting.scheduled_message_id)
    await agenda.let_pass()
    await agenda.go_round()
    assert await contents(service, group) == []
    assert not (await agenda.page()).scheduled_messages


async def test_a_hundred_may_wait_and_not_one_more_even_when_two_come_at_once(
    service: Service, agenda: Agenda, group: str
) -> None:
    [first, *_] = [await agenda.schedule(group) for _ in range(MOST_PENDING - 1)]

    async def attempt() -> str:
        try:
            await agenda.schedule(group)
        except RemoteFailure as failure:
            return failure.reason
        return ""

    assert Counter(await asyncio.gather(attempt(), attempt(), attempt())) == {"": 1, "SCHEDULED_LIMIT": 2}
    await agenda.cancel(first.scheduled_message_id)
    assert await attempt() == ""


async def test_lists_are_paged_by_time_and_filtered(
    service: Service, agenda: Agenda, pair: tuple[str, str], group: str
) -> None:
    other = await service.group(*pair)
    for n in (3, 1, 2):
        await agenda.schedule(group, str(n), after=n * HOUR)
    await agenda.schedule(other, "elsewhere", after=HOUR / 2)
    await agenda.let_pass(HOUR / 2 + timedelta(seconds=1))
    await agenda.go_round()

    def texts(page: pb.ListScheduledMessagesResponse) -> list[str]:
        return [each.content for each in page.scheduled_messages]

    assert texts(await agenda.page()) == ["elsewhere", "1", "2", "3"]
    assert texts(await agenda.page(state=SENT)) == ["elsewhere"]
    assert texts(await agenda.page(conversation_id=group)) == ["1", "2", "3"]
    first = await agenda.page(state=PENDING, page_size=2)
    second = await agenda.page(state=PENDING, page_size=2, page_token=first.next_page_token)
    assert (texts(first), texts(second)) == (["1", "2"], ["3"])
    assert not second.next_page_token
    assert texts(await agenda.page(state=PENDING, page_size=2, page_token=second.previous_page_token)) == ["1", "2"]


async def test_what_was_settled_long_ago_is_not_kept(service: Service, agenda: Agenda, group: str) -> None:
    old = await agenda.schedule(group)
    await agenda.let_pass()
    await agenda.go_round()
    await service.rows(
        "update scheduled_messages set updated_at = now() - interval '31 days' where id = :id",
        id=old.scheduled_message_id,
    )
    new = await agenda.schedule(group)
    assert [each.scheduled_message_id for each in (await agenda.page()).scheduled_messages] == [
        new.scheduled_message_id
    ]
