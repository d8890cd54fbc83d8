"""What goes wrong inside a batch, and who else holds its conversations."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
from sqlalchemy import Engine, create_engine, text

from chassis.database.engine import driver_url
from chassis.rpc.status import RemoteFailure
from deploy.local import ports
from deploy.local.stack import Stack
from messaging.conversations.v1 import messages_pb2, receipts_pb2
from messaging.conversations.v1.events_pb2 import ReadMoved
from tests.integration.conversations.conftest import Service, reasons, running, until
from tests.support.factories.messages import item

# A message that PostgreSQL refuses though nothing is wrong with it, and one that ends the first connection it meets.
FAULTS = """
    create sequence deaths;
    create function fault() returns trigger language plpgsql as $$
    begin
        if new.content = 'poison' then raise exception 'poison'; end if;
        if new.content = 'death' and nextval('deaths') = 1 then perform pg_terminate_backend(pg_backend_pid()); end if;
        return new;
    end $$;
    create trigger fault before insert on messages for each row execute function fault();
"""


@pytest.fixture
async def owner(infra: Stack) -> AsyncIterator[Engine]:
    """The database as the role that may change its schema."""
    engine = create_engine(driver_url(infra.database_url("conversations", owner=True)))
    yield engine
    engine.dispose()


@pytest.fixture
async def faults(owner: Engine) -> AsyncIterator[None]:
    with owner.begin() as connection:
        connection.execute(text(FAULTS))
    yield
    with owner.begin() as connection:
        connection.execute(text("drop trigger fault on messages; drop function fault; drop sequence deaths"))


@pytest.mark.usefixtures("faults")
async def test_one_poisoned_item_fails_alone(service: Service) -> None:
    one, other = await service.people(2)
    direct, group = await service.direct(one, other), await service.group(one, other)

    results = await service.send(
        item(one, direct, "before"), item(one, direct, "poison"), item(one, direct, "after"), item(other, group)
    )

    assert reasons(results) == ["", "INTERNAL", "", ""]
    assert [message.content for message in await service.history(direct, by=other)] == ["before", "after"]
    assert [entry.rev for entry in (await service.changes(direct, 3)).changes] == [4, 5]
    assert len(await service.emitted(direct, "message_sent")) == 2


@pytest.mark.usefixtures("faults")
async def test_a_connection_that_dies_inside_a_batch_stores_nothing_and_repeating_stores_all_once(
    service: Service,
) -> None:
    one, other = await service.people(2)
    direct = await service.direct(one, other)
    items = [item(one, direct, content) for content in ("before", "death", "after")]

    with pytest.raises(RemoteFailure) as failed:
        await service.send(*items)

    assert (failed.value.code, failed.value.reason) == ("UNAVAILABLE", "DATABASE_UNAVAILABLE")
    assert await service.history(direct, by=other) == []
    results = await service.send(*items)
    assert [(result.message.seq, result.replayed) for result in results] == [(1, False), (2, False), (3, False)]
    assert [result.replayed for result in await service.send(*items)] == [True, True, True]


async def test_a_conversation_that_others_hold_is_busy_and_delays_nobody_else(service: Service, owner: Engine) -> None:
    one, other = await service.people(2)
    held, free = await service.direct(one, other), await service.group(one, other)
    [stranger] = await service.people(1)

    with owner.begin() as connection:
        connection.execute(text("select from conversations where id = :id for no key update"), {"id": held})
        async with asyncio.timeout(2):
            results = await service.send(item(one, held), item(one, free), item(stranger, held))

    assert reasons(results) == ["CONVERSATION_BUSY", "", "CONVERSATION_NOT_FOUND"]
    assert results[0].error.code == 14
    assert reasons(await service.send(item(one, held))) == [""]


async def test_a_replay_does_not_wait_for_the_conversation(service: Service, owner: Engine) -> None:
    one, other = await service.people(2)
    direct = await service.direct(one, other)
    send = item(one, direct)
    [first] = await service.send(send)

    with owner.begin() as connection:
        connection.execute(text("select from conversations where id = :id for no key update"), {"id": direct})
        [again] = await service.send(send)

    assert (again.replayed, again.message) == (True, first.message)


async def test_two_replicas_number_one_conversation_without_holes(infra: Stack, service: Service) -> None:
    one, other = await service.people(2)
    direct = await service.direct(one, other)

    async def send(through: Service, content: str) -> messages_pb2.Message:
        again = item(one, direct, content)
        while True:
            [result] = await through.send(again)
            if result.HasField("message"):
                return result.message
            assert reasons([result]) == ["CONVERSATION_BUSY"]
            await asyncio.sleep(0.005)

    async with running(infra, listen=f"127.0.0.1:{ports.free()}", metrics_listen="") as replica:
        sent = await asyncio.gather(*(send((service, replica)[n % 2], f"{n}") for n in range(100)))

    assert sorted(message.seq for message in sent) == list(range(1, 101))
    history = await service.history(direct, by=other)
    assert [message.seq for message in history] == list(range(1, 101))
    assert [envelope.aggregate_rev for envelope in await service.emitted(direct, "message_sent")] == list(range(4, 104))


async def test_more_than_a_batch_at_once_is_stored_in_several(service: Service) -> None:
    one, other = await service.people(2)
    direct = await service.direct(one, other)

    calls = [[item(one, direct, "x" * 4000) for _ in range(100)] for _ in range(6)]
    results = await asyncio.gather(*(service.send(*items) for items in calls))

    seqs = [[result.message.seq for result in call] for call in results]
    assert sorted(seq for call in seqs for seq in call) == list(range(1, 601))
    # Each caller's own items stay together.
    assert all(call == list(range(call[0], call[0] + 100)) for call in seqs)


async def test_a_caller_who_gave_up_is_not_waited_for(service: Service) -> None:
    one, other = await service.people(2)
    direct = await service.direct(one, other)
    given_up = [asyncio.create_task(service.send(item(one, direct))) for _ in range(20)]
    await asyncio.sleep(0)
    for task in given_up:
        task.cancel()
    await asyncio.gather(*given_up, return_exceptions=True)

    message = await service.say(one, direct, "last")

    # Whether those before were stored is unknown, but nothing is lost or numbered twice.
    assert [found.seq for found in await service.history(direct, by=other)] == list(range(1, message.seq + 1))


async def test_while_the_database_is_away_sends_may_be_repeated_and_nothing_is_lost(
    infra: Stack, service: Service
) -> None:
    one, other = await service.people(2)
    direct = await service.direct(one, other)
    await service.send(*(item(one, direct) for _ in range(3)))
    for seq in (1, 2, 3):
        request = receipts_pb2.MarkReadRequest(conversation_id=direct, seq=seq)
        await service.ask(service.receipts.MarkRead, request, by=other)
    send = item(one, direct, "through the outage")

    await asyncio.to_thread(infra.kill, "postgres")
    try:
        with pytest.raises(RemoteFailure) as failed:
            await service.send(send)
        # Long enough for what looks twice a second to find nobody there.
        await asyncio.sleep(0.7)
    finally:
        await asyncio.to_thread(infra.start, "postgres")

    assert failed.value.code == "UNAVAILABLE"

    async def is_stored() -> list[messages_pb2.SendResult] | None:
        with suppress(RemoteFailure):
            return await service.send(send)
        return None

    [result] = await until(is_stored)
    assert result.message.seq == 4

    async def announced() -> bool:
        *_, last = await service.emitted(direct, "read_moved")
        return ReadMoved.FromString(last.payload).participant.read_seq == 3

    await until(announced)
