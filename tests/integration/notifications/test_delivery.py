"""Each event has its effect once, in the order of its aggregate, whatever happens on the way."""

import asyncio

from google.protobuf.message import Message

from chassis.database import Database
from deploy.local.stack import Stack
from messaging.conversations.v1 import events_pb2, messages_pb2
from tests.integration.notifications.conftest import Notifications, handled, rows, until
from tests.support.factories import envelopes
from tests.support.factories.notifications import user_id
from tests.support.factories.talks import Talk, history, shuffled


async def summary(service: Notifications, reader: str) -> list[tuple[int, str]]:
    return [(one.count, one.body) for one in await service.inbox(reader)]


async def test_a_redelivered_event_notifies_once(service: Notifications, database: Database) -> None:
    _, reader, told = history(messages=1)
    await service.tell(*told, *told, told[-1])
    await handled(database, *told)
    talk = Talk()
    await service.tell(after := talk.added(reader, by=reader))
    await handled(database, after)
    assert await summary(service, reader) == [(1, "1")]


async def test_the_order_between_aggregates_does_not_matter(service: Notifications, database: Database) -> None:
    histories = [history() for _ in range(5)]
    await service.tell(*shuffled(*(told for _, _, told in histories)))
    await handled(database, *(envelope for _, _, told in histories for envelope in told))
    for _, reader, _ in histories:
        assert await summary(service, reader) == [(10, "10")]


async def test_a_poison_event_holds_up_its_own_aggregate_until_it_is_dead(
    service: Notifications, database: Database
) -> None:
    poisons: list[Message | bytes] = [
        b"\xff\xff junk",
        events_pb2.MessageSent(message=messages_pb2.Message(conversation_id="x")),
        events_pb2.MessageSent(message=messages_pb2.Message(message_id=user_id(), content="\x00")),
    ]
    for poison in poisons:
        talk, a, b = Talk(), user_id(), user_id()
        await service.tell(talk.added(a, by=a), talk.added(b, by=b))
        await service.tell(bad := envelopes.envelope("message_sent", talk.conversation_id, poison), talk.sent(a))
        _, other_reader, others = history()
        await service.tell(*others)
        await handled(database, *others)
        assert await summary(service, other_reader) == [(10, "10")]
        assert await summary(service, b) == []

        async def is_over(reader: str = b) -> bool:
            # The waits of 1, 2, 4, 8 and 16 s are not waited for.
            await rows(database, "update parked set next_try = now() where not is_dead returning 1")
            return await summary(service, reader) == [(1, "Are you there?")]

        await until(is_over, seconds=100)
        statement = "select event_id, tries, is_dead, octet_length(envelope) from parked where aggregate_id = :id"
        [dead] = await rows(database, statement, id=talk.conversation_id)
        assert (str(dead[0]), *dead[1:]) == (bad.event_id, 5, True, len(bad.SerializeToString()))


async def test_an_event_of_tomorrow_is_read_as_far_as_it_is_understood(
    service: Notifications, database: Database
) -> None:
    talk, a, b = Talk(), user_id(), user_id()
    sent_before = [talk.added(a, by=a), talk.added(b, by=b)]
    sent = talk.sent(a)
    # A field number that no version uses yet.
    sent.payload += b"\xfa\x7f\x03new"
    await service.tell(*sent_before, sent)
    await handled(database, sent)
    assert await summary(service, b) == [(1, "Are you there?")]


async def test_while_the_database_is_down_nothing_is_lost_or_counted(
    service: Notifications, database: Database, infra: Stack
) -> None:
    _, reader, told = history()
    await asyncio.to_thread(infra.halt, "postgres")
    try:
        await service.tell(*told)
        await asyncio.sleep(1)
    finally:
        await asyncio.to_thread(infra.start, "postgres")
    await handled(database, *told, seconds=100)
    assert await summary(service, reader) == [(10, "10")]
    assert await rows(database, "select 1 from parked where aggregate_id = :id", id=told[0].aggregate_id) == []
