"""Conversations with nothing but its PostgreSQL and NATS: sends in batches, pages, changes."""

from functools import partial

from chassis.ids import uuid7
from messaging.auth.v1.events_pb2 import AccountRegistered
from messaging.conversations.v1.conversations_pb2_grpc import ConversationsStub
from tests.load import history
from tests.load.alone.service import Service
from tests.support.factories.conversations import group_request
from tests.support.factories.envelopes import envelope

ROOMS = 128
BATCHES = (1, 16, 64)
# As many calls as the gateway has lanes.
LANES = 2
READERS = 8
CHANGES = 100


async def measure(service: Service) -> None:
    people = [uuid7() for _ in range(ROOMS + 1)]
    await service.tell("auth", [envelope("account_registered", person, _registered(person)) for person in people])
    create = service.channel.stub(ConversationsStub).CreateConversation
    reader, *others = people
    rooms = []
    for other in others:
        answer = await service.ask(create, group_request(reader), by=other)
        rooms.append((answer.conversation.conversation_id, other))
    long, writer = rooms[0]
    await history.fill(service.channel, long, [writer, reader])
    for batch in BATCHES:
        run = partial(service.load, "send", LANES, units=batch, rooms=rooms[1:], batch=batch)
        await service.repeat(f"SendMessages, {batch} items", "msg", run)
    read = {"conversation_id": long, "reader_id": reader}
    pages = partial(service.load, "page", READERS, **read, places=history.places(1000), size=history.PAGE)
    await service.repeat(f"ListMessages, {history.PAGE} of {history.LENGTH}", "call", pages)
    changes = partial(service.load, "changes", READERS, **read, after_rev=history.LENGTH - CHANGES)
    await service.repeat(f"ListChanges, the last {CHANGES}", "call", changes)


def _registered(person: str) -> AccountRegistered:
    return AccountRegistered(account_id=person, username=f"person-{person[-12:]}", first_name="A", last_name="B")
