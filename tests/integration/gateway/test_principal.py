"""Whom a token stands for: the verifier against an auth service that shows keys and revocations as each test wants."""

import asyncio
import hashlib
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chassis.bus import Bus
from chassis.errors import DatabaseUnavailable, DependencyUnavailable
from chassis.ids import uuid7
from chassis.rpc.server import Binding, GrpcServer
from gateway.clients import AuthClient
from gateway.principal import KeySet, TokenInvalid, Verifier
from gateway.revocations import Revocations
from messaging.auth.v1 import sessions_pb2 as pb
from messaging.auth.v1 import sessions_pb2_grpc as rpc

CREDENTIAL = "gateway:secret"
USER, SESSION = uuid7(), uuid7()


class Auth(rpc.SessionsServicer):
    """Shows what it is told to show, and counts how often it is asked."""

    def __init__(self) -> None:
        self.keys: dict[str, Ed25519PrivateKey] = {"k1": Ed25519PrivateKey.generate()}
        self.revocations: list[pb.Revocation] = []
        self.is_down = False
        self.asked = 0

    async def GetKeySet(self, request: pb.GetKeySetRequest, context: object) -> pb.GetKeySetResponse:
        self.asked += 1
        if self.is_down:
            raise DatabaseUnavailable()
        eddsa = jwt.get_algorithm_by_name("EdDSA")
        shown = [
            {**eddsa.to_jwk(key.public_key(), as_dict=True), "kid": kid, "alg": "EdDSA", "use": "sig"}
            for kid, key in self.keys.items()
        ]
        return pb.GetKeySetResponse(jwks_json=json.dumps({"keys": shown}))

    async def ListRevocations(self, request: pb.ListRevocationsRequest, context: object) -> pb.ListRevocationsResponse:
        if self.is_down:
            raise DatabaseUnavailable()
        return pb.ListRevocationsResponse(revocations=self.revocations)

    def token(self, *, kid: str = "k1", without: str = "", **changes: Any) -> str:
        """A good token, but for the changes."""
        now = time.time()
        claims = {
            "iss": "https://chat.example",
            "aud": "messaging",
            "sub": USER,
            "sid": SESSION,
            "jti": uuid7(),
            "typ": "access",
            "roles": ["moderator"],
            "iat": now,
            "exp": int(now) + 300,
        } | changes
        claims.pop(without, None)
        return jwt.encode(claims, self.keys[kid], algorithm="EdDSA", headers={"kid": kid})


def auth_service() -> Auth:
    # The RPCs that a verifier never calls are not there.
    return Auth()  # type: ignore[abstract]


class Door:
    """The parts of a gateway that know who is asking."""

    def __init__(self, auth: Auth, client: AuthClient) -> None:
        self.auth = auth
        self.keys = KeySet(client)
        self.revocations = Revocations(client, Bus("nats://127.0.0.1:1", "test"))
        self.verifier = Verifier(
            self.keys, self.revocations, issuer="https://chat.example", audience="messaging", capacity=4
        )

    async def refuses(self, token: str) -> bool:
        try:
            await self.verifier.verify(token)
        except TokenInvalid:
            return True
        return False


@asynccontextmanager
async def serving(auth: Auth) -> AsyncIterator[AuthClient]:
    digest = hashlib.sha256(CREDENTIAL.encode()).hexdigest()
    binding = Binding(rpc.add_SessionsServicer_to_server, auth, pb.DESCRIPTOR)
    server = GrpcServer("127.0.0.1:0", [binding], callers={digest: "gateway"})
    task = asyncio.create_task(server.run())
    client = AuthClient(f"127.0.0.1:{await server.port}", CREDENTIAL)
    try:
        yield client
    finally:
        await client.close()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    auth = auth_service()
    async with serving(auth) as client:
        yield Door(auth, client)


async def test_a_good_token_says_who_is_asking(door: Door) -> None:
    principal = await door.verifier.verify(door.auth.token())

    assert (principal.user_id, principal.session_id, principal.roles) == (USER, SESSION, frozenset({"moderator"}))
    caller = principal.caller("203.0.113.7")
    assert (caller.user_id, caller.client_ip, caller.has_role("moderator")) == (USER, "203.0.113.7", True)


@pytest.mark.parametrize(
    "change",
    [
        {"iss": "https://other.example"},
        {"aud": "another"},
        {"aud": ["another"]},
        {"typ": "refresh"},
        {"typ": None},
        {"sub": 7},
        {"sub": "ada"},
        {"sub": "' or 1=1 --"},
        {"sid": ""},
        {"exp": int(time.time()) - 10},
        {"exp": "tomorrow"},
        {"exp": 1e400},
        {"exp": True},
        {"iat": time.time() + 3600},
        {"iat": "now"},
        {"nbf": time.time() + 3600},
        {"roles": "admin"},
        {"roles": [7]},
        {"roles": {"admin": True}},
        {"scopes": 7},
    ],
)
async def test_a_token_that_says_something_else_is_refused(door: Door, change: dict[str, Any]) -> None:
    assert await door.refuses(door.auth.token(**change))


@pytest.mark.parametrize("name", ["iss", "aud", "sub", "sid", "jti", "typ", "iat", "exp"])
async def test_no_claim_may_be_missing(door: Door, name: str) -> None:
    assert await door.refuses(door.auth.token(without=name))


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "..", "e30.e30.e30", "\u00e4.\u00e4.\u00e4", "A" * 9000])
async def test_what_is_no_token_is_refused(door: Door, token: str) -> None:
    assert await door.refuses(token)


async def test_an_expired_token_is_forgotten(door: Door) -> None:
    # Within the leeway for clocks it still proves itself, but it is not remembered as good.
    token = door.auth.token(exp=int(time.time()))
    await door.verifier.verify(token)

    assert await door.refuses(token)


async def test_a_new_key_is_fetched_when_it_is_first_met(door: Door) -> None:
    await door.verifier.verify(door.auth.token())
    door.auth.keys["k2"] = Ed25519PrivateKey.generate()
    door.keys._asked_at = float("-inf")

    assert (await door.verifier.verify(door.auth.token(kid="k2"))).user_id == USER
    assert door.auth.asked == 2


async def test_unknown_keys_do_not_let_strangers_flood_auth(door: Door) -> None:
    await door.verifier.verify(door.auth.token())
    stranger = auth_service()
    stranger.keys = {f"s{n}": Ed25519PrivateKey.generate() for n in range(20)}
    refused = await asyncio.gather(*(door.refuses(stranger.token(kid=kid)) for kid in stranger.keys))

    assert all(refused)
    assert door.auth.asked == 1


async def test_many_who_wait_for_the_keys_ask_once(door: Door) -> None:
    token = door.auth.token()
    await asyncio.gather(*(door.verifier.verify(token) for _ in range(20)))

    assert door.auth.asked == 1


async def test_known_tokens_work_while_auth_is_down(door: Door) -> None:
    token = door.auth.token()
    await door.verifier.verify(token)
    door.auth.is_down = True
    door.keys._asked_at = float("-inf")

    assert (await door.verifier.verify(door.auth.token())).user_id == USER
    assert await door.refuses(auth_service().token())


async def test_a_retired_key_stops_counting(door: Door) -> None:
    token = door.auth.token()
    door.auth.keys["k2"] = Ed25519PrivateKey.generate()
    old = door.auth.keys.pop("k1")
    task = asyncio.create_task(door.keys.run())
    await door.keys.loaded.wait()
    task.cancel()

    assert await door.refuses(token)
    assert old not in door.auth.keys.values()
    assert b'"k2"' in door.keys.document


async def test_a_revoked_session_is_refused_at_once_and_others_are_not(door: Door) -> None:
    token, other = door.auth.token(), door.auth.token(sid=uuid7())
    await door.verifier.verify(token)
    door.revocations.add(USER, SESSION, time.time())

    assert await door.refuses(token)
    assert await door.refuses(door.auth.token(iat=time.time() + 1))
    assert not await door.refuses(other)


async def test_logging_out_everywhere_counts_for_tokens_from_before(door: Door) -> None:
    before = door.auth.token()
    await door.verifier.verify(before)
    door.revocations.add(USER, "", time.time())

    assert await door.refuses(before)
    assert not await door.refuses(door.auth.token(iat=time.time() + 0.001))


async def test_revocations_are_loaded_whole_told_once_and_dropped_in_time(door: Door) -> None:
    told: list[tuple[str, str]] = []
    door.revocations.subscribe(lambda user_id, session_id, _: told.append((user_id, session_id)))
    recent, old = pb.Revocation(user_id=USER, session_id=SESSION), pb.Revocation(user_id=uuid7())
    recent.not_before_time.FromMicroseconds(int(time.time() * 1e6))
    old.not_before_time.FromMicroseconds(int((time.time() - 1000) * 1e6))
    door.auth.revocations = [recent, old]
    assert not door.revocations.loaded.is_set()
    await door.revocations.load()
    await door.revocations.load()

    assert door.revocations.loaded.is_set()
    assert told.count((USER, SESSION)) == 1
    assert door.revocations.covers(USER, SESSION, time.time() + 60)
    assert not door.revocations.covers(old.user_id, "", time.time() - 2000)
    door.auth.revocations = []
    await door.revocations.load()
    # What an event said stays, even when a list from before it arrives afterwards.
    assert door.revocations.covers(USER, SESSION, time.time())


async def test_memory_for_tokens_is_bounded(door: Door) -> None:
    tokens = [door.auth.token() for _ in range(10)]
    for token in tokens:
        await door.verifier.verify(token)

    assert list(door.verifier._verified) == tokens[-4:]


async def test_before_auth_has_told_its_keys_no_token_is_called_bad(door: Door) -> None:
    door.auth.is_down = True

    with pytest.raises(DependencyUnavailable):
        await door.verifier.verify(door.auth.token())
    await door.revocations._reload()
    assert not door.revocations.loaded.is_set()
