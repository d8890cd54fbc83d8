"""Scheduled messages whose time has come, sent by rounds of the worker, which run here when a test says so."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from chassis.database import Transaction
from chassis.rpc.status import RemoteFailure
from messaging.chassis.v1.envelope_pb2 import Envelope
from messaging.conversations.v1 import messages_pb2 as messages
from services.conversations.domain import scheduled as domain
from services.conversations.model.ids import UserId
from services.conversations.model.limits import Limits
from services.conversations.store import people
from tests.integration.conversations.agenda import FAILED, PENDING, SENT, Agenda, contents
from tests.integration.conversations.conftest import Service
from tests.support.factories.scheduled import HOUR, moment


@pytest.fixture
def agenda(service: Service, pair: tuple[str, str]) -> Agenda:
    return Agenda(service, pair[0])


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
    assert await contents(service, group) == ["When?"]

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
    assert await contents(service, group) == ["1", "2", "3", "4", "5"]


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
    sent = await contents(service, group)
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
    assert await contents(service, group) == ["Good morning"]


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
    assert await contents(service, group) == ["0"]
    await service.rows(
        "update participants set last_sent_at = now() - interval '1 hour' where conversation_id = :id", id=group
    )
    await slow.let_pass()
    await slow.go_round()
    assert await contents(service, group) == ["0", "1"]


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
    assert await contents(service, group) == []
    await agenda.go_round()
    assert await contents(service, group) == ["Good morning"]
    # Even a note that got lost makes no second message: its key follows from its id.
    await service.rows(
        "update scheduled_messages set state = 1, message_id = null where id = :id", id=waiting.scheduled_message_id
    )
    await agenda.go_round()
    assert len(await contents(service, group)) == 1
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
    assert await contents(service, group) == ["0", "1", "2"]
    await service.rows(
        "update scheduled_messages set draft = draft - 'newer', try_at = now() where id = :id",
        id=strange.scheduled_message_id,
    )
    await agenda.go_round()
    assert (await agenda.get(strange.scheduled_message_id)).state == SENT


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
