"""While the users service cannot be asked, nobody counts as looking, and nobody waits for it."""

import time
from collections.abc import AsyncIterator

import pytest
from google.protobuf.message import Message
from nats.aio.client import Client

from chassis.database import Database
from chassis.rpc.client import Channel
from deploy.local import ports
from deploy.local.stack import Stack
from messaging.conversations.v1 import events_pb2, messages_pb2, participants_pb2
from messaging.users.v1 import presences_pb2, presences_pb2_grpc
from services.notifications.bus.people import People
from tests.integration.notifications.conftest import Notifications, handled, running, until
from tests.support.factories import envelopes
from tests.support.factories.notifications import user_id
from tests.support.factories.talks import Talk, history


@pytest.fixture
async def alone(infra: Stack, operator: Client) -> AsyncIterator[Notifications]:
    """A service whose users service does not exist."""
    async with running(infra, operator, users_target=f"127.0.0.1:{ports.free()}") as service:
        yield service


async def test_without_users_everybody_is_notified(alone: Notifications, users: Channel, database: Database) -> None:
    talk, a, b = Talk(), user_id(), user_id()
    stub = users.stub(presences_pb2_grpc.PresencesStub)
    await users.call(stub.RecordHeartbeats, presences_pb2.RecordHeartbeatsRequest(user_ids=[b]))
    told = [talk.added(a, by=a), talk.added(b, by=a), talk.sent(a)]
    await alone.tell(*told)
    await handled(database, *told)
    assert sorted(one.title for one in await alone.inbox(b)) == ["New message", "Somebody added you to “Engine room”"]


async def test_without_users_events_are_handled_as_fast(alone: Notifications, database: Database) -> None:
    began = time.monotonic()
    for _ in range(10):
        _, _, told = history(members=3, messages=3)
        await alone.tell(*told)
        await handled(database, *told)
    # Ten rounds of six events, of which each might wait a second.
    assert time.monotonic() - began < 30


@pytest.fixture
async def people(database: Database, infra: Stack, users: Channel) -> AsyncIterator[People]:
    channel = Channel(infra.target("users"), infra.credential("notifications"))
    yield People(database, channel)
    await channel.close()


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        ("message_sent", b"\xff\xff junk"),
        ("message_sent", events_pb2.MessageSent(message=messages_pb2.Message(conversation_id="x", sender_id="y"))),
        ("member_added", b"\xff\xff junk"),
        ("member_added", events_pb2.MemberAdded(participant=participants_pb2.Participant(user_id="\x00"))),
        ("conversation_deleted", b"\xff\xff junk"),
    ],
)
async def test_what_cannot_be_read_keeps_nobody_from_being_asked_about(
    people: People, users: Channel, kind: str, payload: Message | bytes
) -> None:
    reader = user_id()
    stub = users.stub(presences_pb2_grpc.PresencesStub)
    await users.call(stub.RecordHeartbeats, presences_pb2.RecordHeartbeatsRequest(user_ids=[reader]))
    await people.prepare([envelopes.envelope(kind, "x", payload), Talk().added(reader)])
    assert people.audience.is_looking(reader)


async def test_more_people_than_one_request_takes_are_asked_about(people: People, users: Channel) -> None:
    readers = [user_id() for _ in range(2500)]
    stub = users.stub(presences_pb2_grpc.PresencesStub)
    await users.call(stub.RecordHeartbeats, presences_pb2.RecordHeartbeatsRequest(user_ids=readers))
    talk = Talk()

    async def all_are_known() -> bool:
        # On a busy machine Redis may answer the users service too late; such an answer is forgotten after a moment.
        await people.prepare([talk.added(reader) for reader in readers])
        return all(people.audience.is_looking(reader) for reader in readers)

    await until(all_are_known)
