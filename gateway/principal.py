"""Who is asking, proven by an access token that is verified here, without a call: keys come from auth."""

import asyncio
import re
import time
from dataclasses import dataclass
from typing import Any

import jwt
import structlog

from chassis.call import Caller
from chassis.errors import DependencyUnavailable, Failure, Unauthenticated
from chassis.ids import is_uuid
from gateway.clients import AuthClient
from gateway.revocations import Revocations
from messaging.auth.v1.sessions_pb2 import GetKeySetRequest

log = structlog.get_logger(__name__)

ALGORITHM = "EdDSA"
# Three parts of base64url, without the padding and the white space that decoders tolerate.
_TOKEN = re.compile(r"[\w-]{2,1024}\.[\w-]{2,3072}\.[\w-]{2,512}", re.ASCII)
# Clocks of auth and gateway may differ by this much.
_LEEWAY = 2.0
_REQUIRED = ["exp", "iat", "iss", "aud", "sub", "sid", "jti", "typ"]


class TokenInvalid(Unauthenticated):
    """The access token is not ours, expired, revoked or of another type."""

    reason = "TOKEN_INVALID"


@dataclass(frozen=True, slots=True)
class Principal:
    """What a verified access token says."""

    user_id: str
    session_id: str
    roles: frozenset[str]
    scopes: frozenset[str]
    issued_at: float
    expires_at: float

    def caller(self, client_ip: str) -> Caller:
        """The acting user as services are told."""
        return Caller(self.user_id, self.roles, self.scopes, self.session_id, client_ip)


class KeySet:
    """Auth's public keys by `kid`. An unknown one is looked for at auth, but not more often than every 10 s."""

    _LEAST_INTERVAL = 10.0
    _REFRESH_SECONDS = 300.0

    def __init__(self, auth: AuthClient) -> None:
        """Know no key yet."""
        self._auth = auth
        self._keys: dict[str, jwt.PyJWK] = {}
        self._asked_at = float("-inf")
        self._asking: asyncio.Task[None] | None = None
        self.document = b'{"keys":[]}'
        self.loaded = asyncio.Event()

    async def find(self, kid: str) -> jwt.PyJWK | None:
        """Return the key, after asking auth for it where it is unknown and there was no recent question."""
        if kid not in self._keys:
            if self._asking is None and time.monotonic() - self._asked_at >= self._LEAST_INTERVAL:
                self._asking = asyncio.create_task(self._reload(), name="keys-reload")
            if self._asking is not None:
                await asyncio.shield(self._asking)
        return self._keys.get(kid)

    async def run(self) -> None:
        """Fetch the keys now and every five minutes, so that retired ones stop counting."""
        while True:
            await self._reload()
            await asyncio.sleep(self._REFRESH_SECONDS if self.loaded.is_set() else 0.5)

    async def _reload(self) -> None:
        self._asked_at = time.monotonic()
        try:
            answer = await self._auth.call(self._auth.sessions.GetKeySet, GetKeySetRequest(), is_billed=False)
        except Failure as failure:
            log.warning("keys_not_loaded", reason=failure.reason)
            return
        finally:
            self._asking = None
        keys = jwt.PyJWKSet.from_json(answer.jwks_json).keys
        self._keys = {key.key_id: key for key in keys if key.key_id and key.algorithm_name == ALGORITHM}
        self.document = answer.jwks_json.encode()
        self.loaded.set()


class Verifier:
    """Turns access tokens into principals and remembers them until they expire or are revoked."""

    def __init__(
        self, keys: KeySet, revocations: Revocations, *, issuer: str, audience: str, capacity: int = 20_000
    ) -> None:
        """Take what a token must have been signed with and say."""
        self._keys = keys
        self._revocations = revocations
        self._issuer = issuer
        self._audience = audience
        self._capacity = capacity
        self._verified: dict[str, Principal] = {}

    async def verify(self, token: str) -> Principal:
        """Return whom the token stands for. Raises: TokenInvalid, DependencyUnavailable."""
        principal = self._verified.get(token)
        if principal is None:
            principal = await self._prove(token)
            self._remember(token, principal)
        elif principal.expires_at <= time.time():
            del self._verified[token]
            raise TokenInvalid()
        if self._revocations.covers(principal.user_id, principal.session_id, principal.issued_at):
            self._verified.pop(token, None)
            raise TokenInvalid()
        return principal

    async def _prove(self, token: str) -> Principal:
        if not _TOKEN.fullmatch(token):
            raise TokenInvalid()
        try:
            header = jwt.get_unverified_header(token)
            # Only these: nothing in a header may point at a key or change what is signed.
            if not header.keys() <= {"alg", "kid", "typ"} or header.get("alg") != ALGORITHM:
                raise TokenInvalid()
            key = await self._keys.find(str(header.get("kid")))
            if key is None:
                # Without any key nobody can tell whether the token is good; a client told that it is not would log out.
                raise TokenInvalid() if self._keys.loaded.is_set() else DependencyUnavailable(retry_after=1.0)
            claims = jwt.decode(
                token,
                key,
                algorithms=[ALGORITHM],
                issuer=self._issuer,
                audience=self._audience,
                leeway=_LEEWAY,
                options={"require": _REQUIRED},
            )
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError) as error:
            raise TokenInvalid() from error
        return _read(claims)

    def _remember(self, token: str, principal: Principal) -> None:
        if len(self._verified) >= self._capacity:
            # The oldest: it is the next to expire, if it has not.
            del self._verified[next(iter(self._verified))]
        self._verified[token] = principal


def _read(claims: dict[str, Any]) -> Principal:
    roles, scopes = claims.get("roles", []), claims.get("scopes", [])
    if (
        claims["typ"] != "access"
        or not all(isinstance(claims[name], str) and is_uuid(claims[name]) for name in ("sub", "sid"))
        or not all(type(claims[name]) in {int, float} for name in ("iat", "exp"))
        or not all(
            isinstance(names, list) and all(isinstance(name, str) for name in names) for names in (roles, scopes)
        )
    ):
        raise TokenInvalid()
    return Principal(
        user_id=claims["sub"],
        session_id=claims["sid"],
        roles=frozenset(roles),
        scopes=frozenset(scopes),
        issued_at=float(claims["iat"]),
        expires_at=float(claims["exp"]),
    )
