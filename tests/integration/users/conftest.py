"""The users service in this process on the suite's servers, and calls to it as whoever the test says."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import nats
import pytest
import redis.asyncio
from google.protobuf.message import Message
from nats.aio.client import Client
from sqlalchemy import text

from chassis import events
from chassis.call import Caller, Meter
from chassis.database import Database, Transaction
from chassis.errors import Failure
from chassis.rpc.client import Channel
from chassis.streams import ensure_stream
from deploy.local import ports
from deploy.local.stack import Stack
from messaging.auth.v1 import events_pb2 as auth
from messaging.chassis.v1.envelope_pb2 import Envelope
from messaging.users.v1 import (
    blocks_pb2,
    blocks_pb2_grpc,
    contacts_pb2,
    contacts_pb2_grpc,
    presences_pb2,
    presences_pb2_grpc,
    privacy_pb2,
    privacy_pb2_grpc,
    profiles_pb2,
    profiles_pb2_grpc,
)
from services.users.bus import publish
from services.users.settings import Settings
from services.users.wiring import build
from tests.support import calls
from tests.support.factories import envelopes
from tests.support.factories.profiles import ensure_request
from tests.support.people import PATIENCE


class Users:
    """A running users service."""

    def __init__(self, stack: Stack, target: str) -> None:
        self.stack = stack
        self.target = target
        self.channel = Channel(target, stack.credential("gateway"))
        self.profiles = self.channel.stub(profiles_pb2_grpc.ProfilesStub)
        self.presences = self.channel.stub(presences_pb2_grpc.PresencesStub)
        self.privacy = self.channel.stub(privacy_pb2_grpc.PrivacySettingsStub)
        self.blocks = self.channel.stub(blocks_pb2_grpc.BlocksStub)
        self.contacts = self.channel.stub(contacts_pb2_grpc.ContactsStub)

    async def ask(self, rpc: Callable[..., Any], request: Message, *, by: str = "", roles: str = "") -> Any:
        """Call as a person, or as nobody."""
        return (await self.bill(rpc, request, by=by, roles=roles))[0]

    async def bill(
        self, rpc: Callable[..., Any], request: Message, *, by: str = "", roles: str = ""
    ) -> tuple[Any, Meter]:
        """Call, and say what it cost."""
        caller = Caller(by, frozenset(roles.split())) if by else None
        return await calls.bill(self.channel, rpc, request, caller=caller)

    async def join(self, **fields: str) -> profiles_pb2.Profile:
        """Somebody new."""
        answer = await self.ask(self.profiles.EnsureProfile, ensure_request(**fields))
        profile: profiles_pb2.Profile = answer.profile
        return profile

    async def get(self, user_id: str, *, by: str) -> profiles_pb2.Profile:
        """Somebody's profile as another person sees it."""
        answer = await self.ask(self.profiles.GetProfile, profiles_pb2.GetProfileRequest(user_id=user_id), by=by)
        profile: profiles_pb2.Profile = answer.profile
        return profile

    async def update(
        self, user_id: str, *, by: str = "", roles: str = "", etag: str = "", request_id: str = "", **values: Any
    ) -> profiles_pb2.Profile:
        """Change a profile, by default as its owner."""
        request = profiles_pb2.UpdateProfileRequest(
            user_id=user_id, profile=profiles_pb2.Profile(**values), etag=etag, request_id=request_id
        )
        request.update_mask.paths.extend(values)
        answer = await self.ask(self.profiles.UpdateProfile, request, by=by or user_id, roles=roles)
        profile: profiles_pb2.Profile = answer.profile
        return profile

    async def block(self, user_id: str, *, by: str, request_id: str = "") -> None:
        """Have one person block another."""
        request = blocks_pb2.BlockUserRequest(user_id=user_id, request_id=request_id)
        await self.ask(self.blocks.BlockUser, request, by=by)

    async def unblock(self, user_id: str, *, by: str) -> None:
        """End a block."""
        await self.ask(self.blocks.UnblockUser, blocks_pb2.UnblockUserRequest(user_id=user_id), by=by)

    async def know(self, user_id: str, *, by: str, request_id: str = "") -> None:
        """Put one person among another's contacts."""
        request = contacts_pb2.AddContactRequest(user_id=user_id, request_id=request_id)
        await self.ask(self.contacts.AddContact, request, by=by)

    async def forget(self, user_id: str, *, by: str) -> None:
        """Take them out again."""
        await self.ask(self.contacts.RemoveContact, contacts_pb2.RemoveContactRequest(user_id=user_id), by=by)

    async def choose(self, user_id: str, *, request_id: str = "", **values: Any) -> privacy_pb2.Privacy:
        """Change somebody's privacy."""
        request = privacy_pb2.UpdatePrivacyRequest(privacy=privacy_pb2.Privacy(**values), request_id=request_id)
        request.update_mask.paths.extend(values)
        answer = await self.ask(self.privacy.UpdatePrivacy, request, by=user_id)
        privacy: privacy_pb2.Privacy = answer.privacy
        return privacy

    async def active(self, *user_ids: str) -> set[str]:
        """Those of the named whom GetUsers answers."""
        answer = await self.ask(self.profiles.GetUsers, profiles_pb2.GetUsersRequest(user_ids=user_ids))
        return {user.user_id for user in answer.users}

    async def beat(
        self,
        *user_ids: str,
        away: tuple[str, ...] = (),
        gone: tuple[str, ...] = (),
        place: str = "",
        is_reminder: bool = False,
    ) -> None:
        """Send heartbeats and goodbyes."""
        request = presences_pb2.RecordHeartbeatsRequest(
            user_ids=user_ids, away_user_ids=away, gone_user_ids=gone, place=place, is_reminder=is_reminder
        )
        await self.ask(self.presences.RecordHeartbeats, request)


@asynccontextmanager
async def running(stack: Stack, **settings: Any) -> AsyncIterator[Users]:
    """Run the service, with some settings of the test's own."""
    environment = {name.lower(): value for name, value in stack.environment("users").items()}
    task = asyncio.create_task(build(Settings(**{**environment, **settings})).run())
    users = Users(stack, settings.get("listen", environment["listen"]))
    try:
        async with asyncio.timeout(PATIENCE):
            await users.channel.ready()
        yield users
    finally:
        await users.channel.close()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture(scope="package")
async def operator(infra: Stack) -> AsyncIterator[Client]:
    """NATS as somebody who may publish in any service's name; auth's stream is there."""
    client = await nats.connect(infra.nats_url())
    await ensure_stream(client.jetstream(), "auth", 1)
    yield client
    await client.close()


@pytest.fixture(scope="package")
async def users(infra: Stack, operator: Client) -> AsyncIterator[Users]:
    async with running(infra) as service:
        yield service


@pytest.fixture
async def users_without_redis(infra: Stack) -> AsyncIterator[Users]:
    """Another replica, whose Redis does not exist."""
    async with running(
        infra, listen=f"127.0.0.1:{ports.free()}", metrics_listen="", redis_url=f"redis://127.0.0.1:{ports.free()}/0"
    ) as service:
        yield service


@pytest.fixture
async def database(infra: Stack) -> AsyncIterator[Database]:
    """The service's database, for what no RPC shows."""
    opened = Database(infra.database_url("users"), service="users", encode=publish.encode)
    yield opened
    await opened.close()


@pytest.fixture
async def redis_client(infra: Stack) -> AsyncIterator[redis.asyncio.Redis]:
    """The service's Redis, with nobody in it."""
    client = redis.asyncio.Redis.from_url(infra.redis_url)
    await client.delete(*("{messaging_presence}:" + name for name in ("seen", "connected", "places", "state")))
    yield client
    await client.aclose()


Tell = Callable[[Message], Awaitable[str]]

_KINDS: dict[type[Message], str] = {
    auth.AccountRegistered: "account_registered",
    auth.EmailVerified: "email_verified",
    auth.AccountSuspended: "account_suspended",
    auth.AccountRestored: "account_restored",
}


@pytest.fixture
def tell(operator: Client) -> Tell:
    """Publish an event as auth does; returns the event's id."""

    async def publish_event(event: Any) -> str:
        kind = _KINDS[type(event)]
        wrapped = envelopes.envelope(kind, event.account_id, event)
        await operator.jetstream().publish(events.subject("auth", kind, event.account_id), wrapped.SerializeToString())
        return wrapped.event_id

    return publish_event


async def until(condition: Callable[[], Awaitable[bool]], *, seconds: float = PATIENCE) -> None:
    """Wait until something is true."""
    async with asyncio.timeout(seconds):
        while not await condition():
            await asyncio.sleep(0.02)


@contextmanager
def halted(stack: Stack, name: str) -> Iterator[None]:
    """End one of the servers for the length of the block."""
    stack.halt(name)
    try:
        yield
    finally:
        stack.start(name)


async def rows(database: Database, statement: str, **parameters: Any) -> list[Any]:
    def select(tx: Transaction) -> list[Any]:
        return list(tx.execute(text(statement), parameters))

    return await database.run(select)


async def emitted(database: Database, aggregate_id: str, kind: str) -> list[Envelope]:
    statement = "select envelope from outbox where aggregate_id = :aggregate_id and kind = :kind order by id"
    found = await rows(database, statement, aggregate_id=aggregate_id, kind=kind)
    return [Envelope.FromString(bytes(row.envelope)) for row in found]


async def refusal(attempt: Any) -> Failure:
    with pytest.raises(Failure) as refused:
        await attempt
    return refused.value
