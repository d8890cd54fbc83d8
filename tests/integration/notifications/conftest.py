"""The notifications service in this process on the suite's servers, with real auth and users beside it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import Any

import nats
import pytest
from google.protobuf.message import Message
from nats.aio.client import Client
from sqlalchemy import text

import services.auth.settings
import services.auth.wiring
import services.users.settings
import services.users.wiring
from chassis import events
from chassis.call import Caller, Meter
from chassis.database import Database, Transaction
from chassis.rpc.client import Channel
from chassis.streams import ensure_stream
from deploy.local.stack import Stack
from messaging.chassis.v1.envelope_pb2 import Envelope
from messaging.notifications.v1 import notifications_pb2 as pb
from messaging.notifications.v1 import notifications_pb2_grpc as rpc
from services.notifications.api import convert
from services.notifications.bus import publish
from services.notifications.settings import Settings
from services.notifications.wiring import build
from tests.support import calls
from tests.support.factories.talks import Talk
from tests.support.people import PATIENCE


class Notifications:
    """Calls to a running service as whoever the test says, and events that reach it."""

    def __init__(self, stack: Stack, operator: Client, target: str) -> None:
        self.channel = Channel(target, stack.credential("gateway"))
        self.stub = self.channel.stub(rpc.NotificationsStub)
        self._operator = operator

    async def ask(self, rpc: Callable[..., Any], request: Message, *, by: str = "") -> Any:
        """Call as a person, or as nobody."""
        return (await self.bill(rpc, request, by=by))[0]

    async def bill(self, rpc: Callable[..., Any], request: Message, *, by: str = "") -> tuple[Any, Meter]:
        """Call, and say what it cost."""
        return await calls.bill(self.channel, rpc, request, caller=Caller(by) if by else None)

    async def inbox(self, user_id: str, **filters: Any) -> list[pb.Notification]:
        """Somebody's first page, the newest first."""
        answer = await self.ask(self.stub.ListNotifications, pb.ListNotificationsRequest(**filters), by=user_id)
        return list(answer.notifications)

    async def unread(self, user_id: str) -> int:
        """How many of somebody's are unread."""
        answer = await self.ask(self.stub.CountUnread, pb.CountUnreadRequest(), by=user_id)
        return int(answer.unread_count)

    async def tell(self, *envelopes: Envelope, source: str = "conversations") -> None:
        """Publish events as their owner does."""
        js = self._operator.jetstream()
        for envelope in envelopes:
            subject = events.subject(source, envelope.kind, envelope.aggregate_id)
            await js.publish(subject, envelope.SerializeToString())


class Room:
    """A talk whose events the service hears, each with all before it."""

    def __init__(self, service: Notifications, database: Database, talk: Talk) -> None:
        self.talk = talk
        self._service = service
        self._database = database

    async def tell(self, *envelopes: Envelope) -> None:
        await self._service.tell(*envelopes)
        await handled(self._database, *envelopes)

    async def open(self, *members: str, by: str = "") -> None:
        """Bring people in who do not hear of it."""
        await self.tell(*(self.talk.added(member, by=by or member) for member in members))


async def room(service: Notifications, database: Database, *members: str, title: str = "Engine room") -> Room:
    opened = Room(service, database, Talk(title=title))
    await opened.open(*members)
    return opened


@asynccontextmanager
async def running(stack: Stack, operator: Client, **settings: Any) -> AsyncIterator[Notifications]:
    """Run the service, with some settings of the test's own."""
    environment = {**environment_of(stack, "notifications"), **settings}
    async with supervised(build(Settings(**environment))):
        service = Notifications(stack, operator, environment["listen"])
        async with asyncio.timeout(PATIENCE):
            await service.channel.ready()
        yield service
        await service.channel.close()


@asynccontextmanager
async def supervised(part: Any) -> AsyncIterator[None]:
    """Run something long-lived for the length of the block."""
    task = asyncio.create_task(part.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def environment_of(stack: Stack, process: str) -> dict[str, Any]:
    """What a process would read, by the names of its settings."""
    return {name.lower(): value for name, value in stack.environment(process).items()}


@pytest.fixture(scope="package")
async def operator(infra: Stack) -> AsyncIterator[Client]:
    """NATS as somebody who may publish in any service's name; the streams are there."""
    client = await nats.connect(infra.nats_url())
    for source in ("auth", "conversations", "notifications", "users"):
        await ensure_stream(client.jetstream(), source, 1)
    yield client
    await client.close()


@pytest.fixture(scope="package")
async def users(infra: Stack) -> AsyncIterator[Channel]:
    """The users service, as the gateway reaches it."""
    settings = services.users.settings.Settings(**environment_of(infra, "users"))
    async with supervised(services.users.wiring.build(settings)):
        channel = Channel(infra.target("users"), infra.credential("gateway"))
        async with asyncio.timeout(PATIENCE):
            await channel.ready()
        yield channel
        await channel.close()


@pytest.fixture(scope="package")
async def auth(infra: Stack) -> AsyncIterator[Channel]:
    """The auth service, as the gateway reaches it."""
    # Hashes that cost nothing: what is tested here are mails.
    environment = {**environment_of(infra, "auth"), "debug": True, "password_iterations": 1000}
    settings = services.auth.settings.Settings(**{**environment, "register_ip_limit": "1000/1"})
    async with supervised(services.auth.wiring.build(settings)):
        channel = Channel(infra.target("auth"), infra.credential("gateway"))
        async with asyncio.timeout(PATIENCE):
            await channel.ready()
        yield channel
        await channel.close()


@pytest.fixture(scope="module")
async def service(infra: Stack, operator: Client, users: Channel) -> AsyncIterator[Notifications]:
    async with running(infra, operator) as running_service:
        yield running_service


@pytest.fixture
async def database(infra: Stack) -> AsyncIterator[Database]:
    """The service's database, for what no RPC shows."""
    encode = partial(publish.encode, write=convert.notification)
    opened = Database(infra.database_url("notifications"), service="notifications", encode=encode)
    yield opened
    await opened.close()


async def counts(service: Notifications, reader: str) -> dict[pb.NotificationKind.ValueType, int]:
    """How much of each kind waits for somebody."""
    return {one.kind: one.count for one in await service.inbox(reader, unread_only=True)}


async def rows(database: Database, statement: str, **parameters: Any) -> list[tuple[Any, ...]]:
    """What a statement finds or returns."""

    def select(tx: Transaction) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in tx.execute(text(statement), parameters)]

    return await database.run(select)


async def emitted(database: Database, user_id: str, kind: str) -> list[Envelope]:
    """What was told to somebody's devices, in order."""
    statement = "select envelope from outbox where user_id = :user_id and kind = :kind order by id"
    found = await rows(database, statement, user_id=user_id, kind=kind)
    return [Envelope.FromString(bytes(envelope)) for (envelope,) in found]


async def handled(database: Database, *envelopes: Envelope, seconds: float = PATIENCE) -> None:
    """Wait until the consumer has taken in all of the events."""
    statement = "select count(*) from inbox where event_id = any(cast(:ids as uuid[]))"
    ids = [envelope.event_id for envelope in envelopes]

    async def all_seen() -> bool:
        return await rows(database, statement, ids=ids) == [(len(ids),)]

    await until(all_seen, seconds=seconds)


async def until(condition: Callable[[], Awaitable[Any]], *, seconds: float = PATIENCE) -> Any:
    """Wait until something is true, and return it."""
    async with asyncio.timeout(seconds):
        while not (found := await condition()):
            await asyncio.sleep(0.02)
    return found


@contextmanager
def halted(stack: Stack, name: str) -> Iterator[None]:
    """End one of the servers for the length of the block."""
    stack.halt(name)
    try:
        yield
    finally:
        stack.start(name)
