"""One-use tickets that open a socket where a client cannot send an Authorization header."""

import hashlib
import secrets
import time

import orjson
import redis.asyncio
import structlog
from redis.exceptions import RedisError

from chassis.errors import DependencyUnavailable
from gateway.principal import Principal, TokenInvalid
from gateway.revocations import Revocations

log = structlog.get_logger(__name__)

TICKET_SECONDS = 30
_MAX_LENGTH = 64


class Tickets:
    """Kept in Redis under their digest, so that any gateway process redeems them, once, and nobody reads them there."""

    def __init__(self, redis_url: str, revocations: Revocations) -> None:
        """Connect on first use; a Redis that hangs costs 100 ms."""
        self._redis = redis.asyncio.from_url(redis_url, socket_timeout=0.1, socket_connect_timeout=0.1)
        self._revocations = revocations

    async def issue(self, principal: Principal) -> str:
        """Return a ticket that stands for the principal's access token. Raises: DependencyUnavailable."""
        ticket = secrets.token_urlsafe(32)
        held = {
            "user_id": principal.user_id,
            "session_id": principal.session_id,
            "roles": sorted(principal.roles),
            "scopes": sorted(principal.scopes),
            "issued_at": principal.issued_at,
            "expires_at": principal.expires_at,
        }
        try:
            await self._redis.set(_key(ticket), orjson.dumps(held), ex=TICKET_SECONDS)
        except (RedisError, OSError) as error:
            log.warning("ticket_not_issued", error=type(error).__name__)
            raise DependencyUnavailable(retry_after=2.0) from error
        return ticket

    async def redeem(self, ticket: str) -> Principal:
        """Return whom the ticket stands for, and take it out of use. Raises: TokenInvalid, DependencyUnavailable."""
        if not 1 <= len(ticket) <= _MAX_LENGTH:
            raise TokenInvalid()
        try:
            held = await self._redis.getdel(_key(ticket))
        except (RedisError, OSError) as error:
            log.warning("ticket_not_redeemed", error=type(error).__name__)
            raise DependencyUnavailable(retry_after=2.0) from error
        if held is None:
            raise TokenInvalid()
        fields = orjson.loads(held)
        principal = Principal(**{**fields, "roles": frozenset(fields["roles"]), "scopes": frozenset(fields["scopes"])})
        is_expired = principal.expires_at <= time.time()
        if is_expired or self._revocations.covers(principal.user_id, principal.session_id, principal.issued_at):
            raise TokenInvalid()
        return principal

    async def close(self) -> None:
        """Close the connections."""
        await self._redis.aclose()


def _key(ticket: str) -> str:
    return f"ws-ticket:{hashlib.sha256(ticket.encode()).hexdigest()}"
