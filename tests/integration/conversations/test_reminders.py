"""Reminders of messages that nobody has acknowledged: who gets them, how often, and when they end."""

import asyncio
from typing import Any

import pytest

from chassis.database import Transaction
from messaging.conversations.v1.events_pb2 import AcknowledgementDue
from services.conversations.domain import reminders
from services.conversations.jobs.reminders import Reminding
from services.conversations.model.ids import UserId
from services.conversations.model.limits import Limits
from services.conversations.model.reminders import MOST_REMINDERS
from services.conversations.store import people
from tests.integration.conversations.conftest import Service


class Clockwork:
    """One group, whose reminders come due when the test says so."""

    def __init__(self, service: Service, group: str, members: list[str]) -> None:
        self.service = service
        self.group = group
        self.members = members

    async def ask_for_acknowledgement(self, content: str = "The fire alarm is tested at noon") -> str:
        sent = await self.service.say(self.members[0], self.group, content, requires_acknowledgement=True)
        return sent.message_id

    async def let_an_hour_pass(self) -> None:
        statement = """
            update reminders set next_at = next_at - interval '1 hour'
            where message_id in (select id from messages where conversation_id = :id)
        """
        await self.service.rows(statement, id=self.group)

    async def go_round(self, workers: int = 1) -> None:
        """What workers' children do when beat asks for it."""
        rounds = [Reminding(self.service.database, Limits()).go_round for _ in range(workers)]
        await asyncio.gather(*map(asyncio.to_thread, rounds))

    async def told(self) -> list[list[str]]:
        """Whom each event named, in order."""
        return [list(event.user_ids) for event in await self.events()]

    async def events(self) -> list[AcknowledgementDue]:
        found = await self.service.emitted(self.group, "acknowledgement_due")
        assert {envelope.aggregate_rev for envelope in found} <= {0}
        return [AcknowledgementDue.FromString(envelope.payload) for envelope in found]

    async def acknowledge(self, message_id: str, user_id: str) -> None:
        statement = (
            "insert into acknowledgements (message_id, user_id, created_at) values (:message_id, :user_id, now())"
        )
        await self.service.rows(statement, message_id=message_id, user_id=user_id)

    async def waiting(self, message_id: str) -> list[tuple[Any, ...]]:
        return await self.service.rows("select count from reminders where message_id = :id", id=message_id)


@pytest.fixture
async def clockwork(service: Service) -> Clockwork:
    members = await service.people(3)
    return Clockwork(service, await service.group(*members), members)


async def test_who_has_not_acknowledged_is_reminded_every_hour_until_they_do(clockwork: Clockwork) -> None:
    message_id = await clockwork.ask_for_acknowledgement()
    await clockwork.go_round()
    assert await clockwork.told() == []

    await clockwork.let_an_hour_pass()
    await clockwork.go_round()
    await clockwork.go_round()
    _, one, other = clockwork.members
    assert await clockwork.told() == [sorted([one, other])]
    [event] = await clockwork.events()
    assert (event.message.message_id, event.message.content) == (message_id, "The fire alarm is tested at noon")

    await clockwork.acknowledge(message_id, one)
    await clockwork.let_an_hour_pass()
    await clockwork.go_round()
    assert (await clockwork.told())[1:] == [[other]]
    assert await clockwork.waiting(message_id) == [(2,)]

    await clockwork.acknowledge(message_id, other)
    await clockwork.let_an_hour_pass()
    await clockwork.go_round()
    assert len(await clockwork.told()) == 2
    assert await clockwork.waiting(message_id) == []


async def test_what_asks_for_nothing_reminds_nobody(clockwork: Clockwork) -> None:
    sent = await clockwork.service.say(clockwork.members[0], clockwork.group)
    assert await clockwork.waiting(sent.message_id) == []


async def test_reminding_ends_after_a_day(clockwork: Clockwork) -> None:
    message_id = await clockwork.ask_for_acknowledgement()
    for _ in range(MOST_REMINDERS + 2):
        await clockwork.let_an_hour_pass()
        await clockwork.go_round()
    assert len(await clockwork.told()) == MOST_REMINDERS
    assert await clockwork.waiting(message_id) == []


async def test_after_an_outage_everybody_is_reminded_once(clockwork: Clockwork) -> None:
    await clockwork.ask_for_acknowledgement()
    for _ in range(5):
        await clockwork.let_an_hour_pass()
    await clockwork.go_round()
    await clockwork.go_round()
    assert len(await clockwork.told()) == 1


async def test_two_workers_remind_once(clockwork: Clockwork) -> None:
    for n in range(5):
        await clockwork.ask_for_acknowledgement(str(n))
    await clockwork.let_an_hour_pass()
    await clockwork.go_round(workers=3)
    assert sorted(event.message.content for event in await clockwork.events()) == ["0", "1", "2", "3", "4"]


async def test_nobody_is_reminded_of_what_was_deleted(clockwork: Clockwork) -> None:
    message_id = await clockwork.ask_for_acknowledgement()
    await clockwork.service.delete(message_id, by=clockwork.members[0])
    await clockwork.let_an_hour_pass()
    await clockwork.go_round()
    assert await clockwork.told() == []
    assert await clockwork.waiting(message_id) == []


@pytest.mark.parametrize(
    "gone",
    [
        "update participants set left_at = now() where conversation_id = :group and user_id = :user_id",
        "update participants set visible_after = 99 where conversation_id = :group and user_id = :user_id",
        "insert into hidden_messages (user_id, message_id) select cast(:user_id as uuid), id from messages "
        "where conversation_id = :group",
    ],
)
async def test_who_cannot_see_it_is_not_reminded(clockwork: Clockwork, gone: str) -> None:
    await clockwork.ask_for_acknowledgement()
    _, one, other = clockwork.members
    await clockwork.service.rows(gone, group=clockwork.group, user_id=one)
    await clockwork.let_an_hour_pass()
    await clockwork.go_round()
    assert await clockwork.told() == [[other]]


async def test_who_is_suspended_is_not_reminded(clockwork: Clockwork) -> None:
    await clockwork.ask_for_acknowledgement()
    _, one, other = clockwork.members
    await clockwork.service.database.run(people.set_active, user_id=UserId(one), is_active=False)
    await clockwork.let_an_hour_pass()
    await clockwork.go_round()
    assert await clockwork.told() == [[other]]


async def test_a_deleted_conversation_reminds_nobody(clockwork: Clockwork) -> None:
    await clockwork.ask_for_acknowledgement()
    await clockwork.service.rows("update conversations set deleted_at = now() where id = :id", id=clockwork.group)
    await clockwork.let_an_hour_pass()
    await clockwork.go_round()
    assert await clockwork.told() == []


async def test_a_round_that_dies_reminds_the_next_time(clockwork: Clockwork) -> None:
    await clockwork.ask_for_acknowledgement()
    await clockwork.let_an_hour_pass()

    def die(tx: Transaction) -> None:
        assert reminders.remind_due(tx, count=10, limits=Limits()) >= 1
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await clockwork.service.database.run(die)
    assert await clockwork.told() == []
    await clockwork.go_round()
    assert len(await clockwork.told()) == 1


async def test_many_messages_cost_as_many_statements_as_one(clockwork: Clockwork) -> None:
    async def cost(messages: int) -> int:
        for n in range(messages):
            await clockwork.ask_for_acknowledgement(str(n))
        await clockwork.let_an_hour_pass()
        queries = 0

        def remind(tx: Transaction) -> None:
            nonlocal queries
            assert reminders.remind_due(tx, count=50, limits=Limits()) >= messages
            queries = tx.queries

        await clockwork.service.database.run(remind)
        return queries

    assert await cost(1) == await cost(9)
