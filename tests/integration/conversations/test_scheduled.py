"""Scheduled messages: kept, changed, and sent by rounds of the worker, which run here when a test says so."""

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from sqlalchemy import text

from chassis.database import Transaction
from chassis.ids import uuid7
from chassis.rpc.status import RemoteFailure
from messaging.chassis.v1.envelope_pb2 import Envelope
from messaging.conversations.v1 import messages_pb2 as messages
from messaging.conversations.v1 import scheduled_pb2 as pb
from messaging.conversations.v1.events_pb2 import ScheduledMessageChanged
from messaging.conversations.v1.scheduled_pb2_grpc import ScheduledStub
from services.conversations.domain import scheduled as domain
from services.conversations.jobs.scheduled import ScheduledSender
from services.conversations.model.ids import UserId
from services.conversations.model.limits import Limits
from services.conversations.model.scheduled import MOST_PENDING
from services.conversations.store import people
from tests.integration.conversations.conftest import Service
from tests.support.factories.scheduled import HOUR, moment, schedule_request

PENDING, SENT, FAILED = pb.SCHEDULED_STATE_PENDING, pb.SCHEDULED_STATE_SENT, pb.SCHEDULED_STATE_FAILED


class Agenda:
    """One person's scheduled messages, and the worker that sends them."""

    def __init__(self, service: Service, user_id: str) -> None:
        self._service = service
        self.user_id = user_id
        self.stub = service.channel.stub(ScheduledStub)

    async def schedule(self, conversation_id: str, content: str = "Good morning", **fields: Any) -> pb.ScheduledMessage:
        request = schedule_request(conversation_id, content, **fields)
        answer = await self._service.ask(self.stub.ScheduleMessage, request, by=self.user_id)
        found: pb.ScheduledMessage = answer.scheduled_message
        return found

    async def get(self, scheduled_id: str) -> pb.ScheduledMessage:
        request = pb.GetScheduledMessageRequest(scheduled_message_id=scheduled_id)
        answer = await self._service.ask(self.stub.GetScheduledMessage, request, by=self.user_id)
        found: pb.ScheduledMessage = answer.scheduled_message
        return found

    async def update(self, scheduled_id: str, *paths: str, **fields: Any) -> pb.ScheduledMessage:
        request = pb.UpdateScheduledMessageRequest(
            scheduled_message_id=scheduled_id, update_mask=FieldMask(paths=paths or list(fields)), **fields
        )
        answer = await self._service.ask(self.stub.UpdateScheduledMessage, request, by=self.user_id)
        found: pb.ScheduledMessage = answer.scheduled_message
        return found

    async def cancel(self, scheduled_id: str, **fields: Any) -> None:
        request = pb.CancelScheduledMessageRequest(scheduled_message_id=scheduled_id, **fields)
        await self._service.ask(self.stub.CancelScheduledMessage, request, by=self.user_id)

    async def page(self, **fields: Any) -> pb.ListScheduledMessagesResponse:
        request = pb.ListScheduledMessagesRequest(**fields)
        found: pb.ListScheduledMessagesResponse = await self._service.ask(
            self.stub.ListScheduledMessages, request, by=self.user_id
        )
        return found

    async def let_pass(self, span: timedelta = HOUR) -> None:
        """Have everything that waits be so much nearer."""
        await self._service.rows(
            "update scheduled_messages set send_at = send_at - :span, try_at = try_at - :span where sender_id = :id",
            span=span,
            id=self.user_id,
        )

    async def go_round(self) -> None:
        """What a worker's child does when beat asks for it."""
        await asyncio.to_thread(ScheduledSender(self._service.database, Limits()).go_round)

    async def told(self) -> list[pb.ScheduledMessage]:
        """What their devices heard."""
        found = await self._service.emitted(self.user_id, "scheduled_message_changed")
        assert {envelope.user_id for envelope in found} <= {self.user_id}
        return [ScheduledMessageChanged.FromString(envelope.payload).scheduled_message for envelope in found]


@pytest.fixture
def agenda(service: Service, pair: tuple[str, str]) -> Agenda:
    return Agenda(service, pair[0])


async def contents(service: Service, group: str, by: str) -> list[str]:
    return [message.content for message in await service.history(group, by=by)]


async def test_a_message_is_sent_when_its_time_has_come_and_not_before(
    service: Service, agenda: Agenda, pair: tuple[str, str], group: str
) -> None:
    root = await service.say(pair[1], group, "When?")
    waiting = await agenda.schedule(
        group,
        "Now!",
        priority=messages.PRIORITY_HIGH,
        is_important=True,
        requires_acknowledgement=True,
        reply_to_id=root.message_id,
    )
    assert (waiting.state, waiting.message_id) == (PENDING, "")
    await agenda.go_round()
    assert await contents(service, group, pair[0]) == ["When?"]

    await agenda.let_pass()
    await agenda.go_round()
    _, sent = await service.history(group, by=pair[1])
    assert (sent.content, sent.sender_id, sent.priority) == ("Now!", pair[0], messages.PRIORITY_HIGH)
    assert (sent.is_important, sent.requires_acknowledgement, sent.reply_to_id) == (True, True, root.message_id)
    found = await agenda.get(waiting.scheduled_message_id)
    assert (found.state, found.message_id, found.failure_reason) == (SENT, sent.message_id, "")
    assert [told.state for told in await agenda.told()] == [PENDING, SENT]
    assert (await agenda.told())[-1] == found
    [event] = [event for event in await service.emitted(group, "message_sent") if event.actor_id == pair[0]]
    assert event.aggregate_rev == sent.rev

    await agenda.go_round()
    assert len(await service.history(group, by=pair[1])) == 2


async def test_a_poll_can_be_scheduled(service: Service, agenda: Agenda, pair: tuple[str, str], group: str) -> None:
    poll = messages.PollDraft(options=["Tuesday", "Thursday"], is_multiple=True, close_time=moment(9 * HOUR))
    waiting = await agenda.schedule(group, "When?", message_type=messages.MESSAGE_TYPE_POLL, poll=poll)
    assert waiting.poll == poll
    await agenda.let_pass()
    await agenda.go_round()
    [sent] = await service.history(group, by=pair[1])
    assert [option.text for option in sent.poll.options] == ["Tuesday", "Thursday"]


async def test_late_ones_are_sent_at_once_in_the_order_of_their_times(
    service: Service, agenda: Agenda, pair: tuple[str, str], group: str
) -> None:
    for n in (3, 1, 2, 5, 4):
        await agenda.schedule(group, str(n), after=n * timedelta(minutes=1))
    await agenda.let_pass()
    await asyncio.gather(*(agenda.go_round() for _ in range(3)))
    await agenda.go_round()
    assert await contents(service, group, pair[0]) == ["1", "2", "3", "4", "5"]


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
    assert await contents(service, group, pair[0]) == []
    await agenda.let_pass()
    await agenda.go_round()
    assert await contents(service, group, pair[0]) == ["Good evening"]
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
    assert await contents(service, group, pair[0]) == []
    assert not (await agenda.page()).scheduled_messages


async def test_who_cancels_while_it_is_being_sent_learns_which_came_first(
    service: Service, agenda: Agenda, pair: tuple[str, str], group: str
) -> None:
    waiting = [(await agenda.schedule(group, str(n))).scheduled_message_id for n in range(8)]
    await agenda.let_pass()

    async def cancel(scheduled_id: str) -> str:
        try:
            await agenda.cancel(scheduled_id)
        except RemoteFailure as failure:
            return failure.reason
        return ""

    *ends, _ = await asyncio.gather(*map(cancel, waiting), agenda.go_round())
    await agenda.go_round()
    sent = await contents(service, group, pair[0])
    assert sent == [str(n) for n, end in enumerate(ends) if end == "SCHEDULED_MESSAGE_SETTLED"]


async def test_permission_is_judged_when_the_time_has_come(
    service: Service, agenda: Agenda, pair: tuple[str, str], group: str
) -> None:
    gone = await service.group(pair[1], pair[0])
    waiting = {
        reason: await agenda.schedule(where) for where, reason in ((gone, "CONVERSATION_NOT_FOUND"), (group, ""))
    }
    await service.rows(
        "update participants set left_at = now() where conversation_id = :id and user_id = :user_id",
        id=gone,
        user_id=pair[0],
    )
    await agenda.let_pass()
    await agenda.go_round()
    for reason, each in waiting.items():
        found = await agenda.get(each.scheduled_message_id)
        assert (found.state, found.failure_reason) == (FAILED if reason else SENT, reason)

    late = await agenda.schedule(group)
    await service.database.run(people.set_active, user_id=UserId(pair[0]), is_active=False)
    await agenda.let_pass()
    await agenda.go_round()
    found = await agenda.get(late.scheduled_message_id)
    assert (found.state, found.failure_reason, found.message_id) == (FAILED, "SENDER_SUSPENDED", "")
    assert (await agenda.told())[-1] == found
    # What has failed may be thrown away.
    await agenda.cancel(late.scheduled_message_id)


async def test_a_busy_conversation_is_waited_for(
    service: Service, agenda: Agenda, pair: tuple[str, str], group: str
) -> None:
    other = await service.group(*pair)
    waiting = [await agenda.schedule(where) for where in (group, other)]
    await agenda.let_pass()
    held, done = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def hold(tx: Transaction) -> None:
        tx.execute(text("select from conversations where id = :id for update"), {"id": group})
        loop.call_soon_threadsafe(held.set)
        asyncio.run_coroutine_threadsafe(done.wait(), loop).result()

    holding = asyncio.create_task(service.database.run(hold))
    await held.wait()
    await agenda.go_round()
    done.set()
    await holding
    assert [(await agenda.get(each.scheduled_message_id)).state for each in waiting] == [PENDING, SENT]
    await agenda.let_pass()
    await agenda.go_round()
    assert await contents(service, group, pair[0]) == ["Good morning"]


async def test_slow_mode_is_waited_for(service: Service, agenda: Agenda, pair: tuple[str, str], group: str) -> None:
    await service.rows("update conversations set slow_mode_seconds = 600 where id = :id", id=group)
    await service.rows(
        "update participants set role = 4 where conversation_id = :id and user_id = :user_id", id=group, user_id=pair[1]
    )
    slow = Agenda(service, pair[1])
    for n in range(2):
        await slow.schedule(group, str(n))
    await slow.let_pass()
    await slow.go_round()
    assert await contents(service, group, pair[0]) == ["0"]
    await service.rows(
        "update participants set last_sent_at = now() - interval '1 hour' where conversation_id = :id", id=group
    )
    await slow.let_pass()
    await slow.go_round()
    assert await contents(service, group, pair[0]) == ["0", "1"]


async def test_a_worker_that_dies_between_sending_and_noting_it_has_sent_nothing(
    service: Service, agenda: Agenda, pair: tuple[str, str], group: str
) -> None:
    waiting = await agenda.schedule(group)
    await agenda.let_pass()

    def die(tx: Transaction) -> None:
        assert domain.send_due(tx, count=10, limits=Limits()) == 1
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await asyncio.to_thread(_transact, service, die)
    assert await contents(service, group, pair[0]) == []
    await agenda.go_round()
    assert await contents(service, group, pair[0]) == ["Good morning"]
    # Even a note that got lost makes no second message: its key follows from its id.
    await service.rows(
        "update scheduled_messages set state = 1, message_id = null where id = :id", id=waiting.scheduled_message_id
    )
    await agenda.go_round()
    assert len(await contents(service, group, pair[0])) == 1
    assert (await agenda.get(waiting.scheduled_message_id)).state == SENT


def _transact(service: Service, work: Any) -> None:
    with service.database.transaction(5) as tx:
        work(tx)


async def test_what_no_worker_can_read_keeps_no_other_from_being_sent(
    service: Service, agenda: Agenda, pair: tuple[str, str], group: str
) -> None:
    strange = await agenda.schedule(group, "strange", after=timedelta(minutes=1))
    for n in range(3):
        await agenda.schedule(group, str(n), after=(n + 2) * timedelta(minutes=1))
    await service.rows(
        "update scheduled_messages set draft = draft || '{\"newer\": true}' where id = :id",
        id=strange.scheduled_message_id,
    )
    await agenda.let_pass()
    await agenda.go_round()
    assert await contents(service, group, pair[0]) == ["0", "1", "2"]
    await service.rows(
        "update scheduled_messages set draft = draft - 'newer', try_at = now() where id = :id",
        id=strange.scheduled_message_id,
    )
    await agenda.go_round()
    assert (await agenda.get(strange.scheduled_message_id)).state == SENT


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


async def test_a_batch_costs_as_many_statements_as_one(service: Service, agenda: Agenda, group: str) -> None:
    async def cost(count: int) -> int:
        for n in range(count):
            await agenda.schedule(group, str(n))
        await agenda.let_pass()
        queries = 0

        def send(tx: Transaction) -> None:
            nonlocal queries
            assert domain.send_due(tx, count=50, limits=Limits()) == count
            queries = tx.queries

        await service.database.run(send)
        return queries

    assert await cost(1) == await cost(20)


async def test_events_name_nobody_but_the_sender(service: Service, agenda: Agenda, group: str) -> None:
    await agenda.schedule(group, "Surprise party")
    statement = "select envelope from outbox where aggregate_id = :id"
    assert not [
        envelope
        for (raw,) in await service.rows(statement, id=group)
        if b"Surprise" in (envelope := Envelope.FromString(bytes(raw))).payload
    ]
