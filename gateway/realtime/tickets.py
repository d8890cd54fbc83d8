"""One-use tickets that open a socket where a client cannot send an Authorization header."""

import hashlib
import secrets
import time
from functools import partial

import orjson

from chassis.redis import BriefRedis
from gateway.principal import Principal, TokenInvalid
from gateway.revocations import Revocations

TICKET_SECONDS = 30
_MAX_LENGTH = 64


class Tickets:
    """Kept in Redis under their digest, so that any gateway process redeems them, once, and nobody reads them there."""

    def __init__(self, redis: BriefRedis, revocations: Revocations) -> None:
        """Take where they are kept, and what may end them early."""
        self._redis = redis
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
        await self._redis.ask(partial(self._redis.client.set, _key(ticket), orjson.dumps(held), ex=TICKET_SECONDS))
        return ticket

    async def redeem(self, ticket: str) -> Principal:
        """Return whom the ticket stands for, and take it out of use. Raises: TokenInvalid, DependencyUnavailable."""
        if not 1 <= len(ticket) <= _MAX_LENGTH:
            raise TokenInvalid()
        held = await self._redis.ask(partial(self._redis.client.getdel, _key(ticket)))
        if held is None:
            raise TokenInvalid()
        fields = orjson.loads(held)
        principal = Principal(**{**fields, "roles": frozenset(fields["roles"]), "scopes": frozenset(fields["scopes"])})
        is_expired = principal.expires_at <= time.time()
        if is_expired or self._revocations.covers(principal.user_id, principal.session_id, principal.issued_at):
            raise TokenInvalid()
        return principal


def _key(ticket: str) -> str:
    return f"ws-ticket:{hashlib.sha256(ticket.encode()).hexdigest()}"
