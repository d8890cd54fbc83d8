"""What was committed reaches the stream, in order, whatever happens to NATS in between."""

import asyncio

from nats.aio.client import Client

from deploy.local.stack import Stack
from messaging.chassis.v1.envelope_pb2 import Envelope
from messaging.conversations.v1.events_pb2 import MessageSent
from tests.integration.conversations.conftest import Service, until
from tests.support.factories.messages import item, shared


async def published(operator: Client, conversation_id: str, count: int) -> list[Envelope]:
    """So many events of a conversation from its stream."""
    subject = f"messaging.conversations.v1.*.{conversation_id}"
    subscription = await operator.jetstream().subscribe(subject, ordered_consumer=True)
    try:
        return [Envelope.FromString((await subscription.next_msg(timeout=30)).data) for _ in range(count)]
    finally:
        await subscription.unsubscribe()


async def test_every_committed_event_is_published_in_the_order_of_revisions(service: Service, operator: Client) -> None:
    one, other = await service.people(2)
    direct = await service.direct(one, other)
    await asyncio.gather(*(service.say((one, other)[n % 2], direct, f"{n}") for n in range(60)))

    events = await published(operator, direct, 63)

    assert [event.aggregate_rev for event in events] == list(range(1, 64))
    assert events == await service.emitted(direct)
    messages = [MessageSent.FromString(event.payload).message for event in events[3:]]
    assert messages == [shared(kept) for kept in await service.history(direct, by=one)]


async def test_sends_succeed_while_nats_is_down_and_are_published_after(
    infra: Stack, service: Service, operator: Client
) -> None:
    one, other = await service.people(2)
    direct = await service.direct(one, other)
    await published(operator, direct, 3)
    await asyncio.to_thread(infra.kill, "nats")
    try:
        results = await service.send(*(item(one, direct, f"{n}") for n in range(20)))
        assert [result.message.seq for result in results] == list(range(1, 21))
    finally:
        await asyncio.to_thread(infra.start, "nats")

    async def is_drained() -> bool:
        return not await service.rows("select from unpublished limit 1")

    await until(is_drained, seconds=30)
    assert [event.aggregate_rev for event in await published(operator, direct, 23)] == list(range(1, 24))
