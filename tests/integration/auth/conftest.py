"""The auth service in this process on the suite's servers, and calls to it as whoever the test says."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import jwt
import pytest
from google.protobuf.message import Message
from sqlalchemy import text

from chassis.call import Caller, Meter
from chassis.database import Database
from chassis.rpc.client import Channel
from deploy.local import ports
from deploy.local.stack import Stack
from messaging.auth.v1 import accounts_pb2, accounts_pb2_grpc, sessions_pb2, sessions_pb2_grpc
from messaging.chassis.v1.envelope_pb2 import Envelope
from services.auth.bus import publish
from services.auth.settings import Settings
from services.auth.wiring import build, open_database
from tests.support import calls
from tests.support.factories.accounts import PASSWORD, register_request
from tests.support.people import PATIENCE

# Fast hashes and no limits, except where a test is about these.
SETTINGS = {
    "debug": True,
    "password_iterations": 1000,
    "login_limit": "1000/0",
    "login_ip_limit": "1000/0",
    "register_ip_limit": "1000/0",
    "metrics_listen": "",
}


class Auth:
    """A running auth service."""

    def __init__(self, stack: Stack, settings: Settings) -> None:
        self.stack = stack
        self.settings = settings
        self.channel = Channel(settings.listen, stack.credential("gateway"))
        self.accounts = self.channel.stub(accounts_pb2_grpc.AccountsStub)
        self.sessions = self.channel.stub(sessions_pb2_grpc.SessionsStub)

    async def ask(self, rpc: Callable[..., Any], request: Message, *, by: str = "", session_id: str = "") -> Any:
        """Call as a person, or as nobody."""
        return (await self.bill(rpc, request, by=by, session_id=session_id))[0]

    async def bill(
        self, rpc: Callable[..., Any], request: Message, *, by: str = "", session_id: str = ""
    ) -> tuple[Any, Meter]:
        """Call as the gateway does, which repeats what is UNAVAILABLE, and say what it cost."""
        caller = Caller(by, session_id=session_id, client_ip="192.0.2.9") if by else None
        return await calls.bill(self.channel, rpc, request, caller=caller, request_id="a-test", retries=2)

    async def join(self, **fields: str) -> accounts_pb2.Account:
        """Somebody new."""
        answer = await self.ask(self.accounts.Register, register_request(**fields))
        account: accounts_pb2.Account = answer.account
        return account

    async def log_in(self, email: str, password: str = PASSWORD, **fields: str) -> sessions_pb2.Tokens:
        """Open a session."""
        request = sessions_pb2.CreateSessionRequest(email=email, password=password, **fields)
        answer = await self.ask(self.sessions.CreateSession, request)
        tokens: sessions_pb2.Tokens = answer.tokens
        return tokens

    async def refresh(self, refresh: str, rotation_id: str = "", ip: str = "") -> sessions_pb2.Tokens:
        """Continue a session."""
        request = sessions_pb2.RefreshSessionRequest(refresh=refresh, rotation_id=rotation_id, ip=ip)
        answer = await self.ask(self.sessions.RefreshSession, request)
        tokens: sessions_pb2.Tokens = answer.tokens
        return tokens

    async def verify(self, token: str) -> sessions_pb2.VerifyTokenResponse:
        """Ask whether a token is good."""
        request = sessions_pb2.VerifyTokenRequest(token=token)
        answer: sessions_pb2.VerifyTokenResponse = await self.ask(self.sessions.VerifyToken, request)
        return answer

    async def claims(self, token: str) -> dict[str, Any]:
        """Read an access token like a gateway, with nothing but the key set."""
        answer = await self.ask(self.sessions.GetKeySet, sessions_pb2.GetKeySetRequest())
        kid = jwt.get_unverified_header(token)["kid"]
        [key] = [key for key in jwt.PyJWKSet.from_json(answer.jwks_json).keys if key.key_id == kid]
        claims: dict[str, Any] = jwt.decode(
            token, key, algorithms=["EdDSA"], audience="messaging", issuer=self.settings.issuer
        )
        return claims


class Records:
    """The service's database, for what no RPC shows: as its owner, who may do what the service may not."""

    def __init__(self, owner: Database) -> None:
        self.owner = owner

    async def rows(self, statement: str, **parameters: Any) -> list[Any]:
        """What a query finds."""
        return await self.owner.run(lambda tx: list(tx.execute(text(statement), parameters)))

    async def change(self, statement: str, **parameters: Any) -> None:
        """Change what only time or an operator changes."""
        await self.owner.run(lambda tx: tx.execute(text(statement), parameters) and None)

    async def trail(self, target_id: str) -> list[Any]:
        """The audit trail of something, oldest first."""
        return await self.rows("select * from audit_records where target_id = :id order by id", id=target_id)

    async def events(self, account_id: str) -> list[tuple[str, Envelope]]:
        """What was announced about an account, oldest first."""
        rows = await self.rows("select kind, envelope from outbox where aggregate_id = :id order by id", id=account_id)
        return [(row.kind, Envelope.FromString(bytes(row.envelope))) for row in rows]

    async def appoint(self, account_id: str, *roles: str) -> None:
        """Give somebody roles, as if by magic."""
        await self.change("update accounts set roles = :roles where account_id = :id", roles=list(roles), id=account_id)


def settings_of(stack: Stack, **settings: Any) -> Settings:
    environment: dict[str, Any] = {name.lower(): value for name, value in stack.environment("auth").items()}
    return Settings(**{**environment, **SETTINGS, **settings})


@asynccontextmanager
async def running(stack: Stack, **settings: Any) -> AsyncIterator[Auth]:
    """Run the service, with some settings of the test's own."""
    chosen = settings_of(stack, **{"listen": f"127.0.0.1:{ports.free()}", **settings})
    task = asyncio.create_task(build(chosen).run())
    auth = Auth(stack, chosen)
    try:
        async with asyncio.timeout(PATIENCE):
            await auth.channel.ready()
        yield auth
    finally:
        await auth.channel.close()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture(scope="package")
async def auth(infra: Stack) -> AsyncIterator[Auth]:
    async with running(infra) as service:
        yield service


@pytest.fixture
async def database(infra: Stack) -> AsyncIterator[Database]:
    """The database as the service uses it."""
    opened = open_database(settings_of(infra))
    yield opened
    await opened.close()


@pytest.fixture
async def records(infra: Stack) -> AsyncIterator[Records]:
    owner = Database(infra.database_url("auth", owner=True), service="auth", encode=publish.encode)
    yield Records(owner)
    await owner.close()


async def until(condition: Callable[[], Awaitable[bool]], *, seconds: float = PATIENCE) -> None:
    """Wait until something is true."""
    async with asyncio.timeout(seconds):
        while not await condition():
            await asyncio.sleep(0.02)
