"""How the platform is, asked of every part itself; says which parts and how fast, never where they are."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import nats.errors

from chassis.bus import Bus
from chassis.call import Call, Caller, serving
from chassis.errors import DatabaseUnavailable, Failure
from chassis.ids import uuid7
from chassis.redis import BriefRedis
from gateway.clients import Clients
from gateway.views import View
from messaging.auth.v1.sessions_pb2 import ListRevocationsRequest
from messaging.conversations.v1.conversations_pb2 import GetRevisionsRequest
from messaging.notifications.v1.notifications_pb2 import CountUnreadRequest
from messaging.users.v1.profiles_pb2 import GetUsersRequest

# The answer is public, so asking often must not cost more than asking once.
_KEPT_SECONDS = 2.0
_TIMEOUT_SECONDS = 1.0
# Nobody's id: what is asked about it is answered from the database all the same.
_NOBODY = "00000000-0000-0000-0000-000000000000"
# Without these no message can be sent; everything else may be down meanwhile.
_NEEDED = {"conversations", "conversations_database"}

Check = Callable[[], Awaitable[dict[str, View]]]


class Health:
    """Asks each service for something that its database must answer; the answer's own accounts tell the two apart."""

    def __init__(self, clients: Clients, bus: Bus, redis: BriefRedis) -> None:
        """Take what is asked."""
        self._bus = bus
        self._redis = redis
        auth, users = clients.auth, clients.users
        conversations, notifications = clients.conversations, clients.notifications
        self._checks: list[Check] = [
            lambda: _service("auth", auth.call, auth.sessions.ListRevocations, ListRevocationsRequest()),
            lambda: _service("users", users.call, users.profiles.GetUsers, GetUsersRequest(user_ids=[_NOBODY])),
            lambda: _service(
                "conversations",
                conversations.call,
                conversations.conversations.GetRevisions,
                GetRevisionsRequest(conversation_ids=[_NOBODY]),
            ),
            lambda: _service(
                "notifications", notifications.call, notifications.notifications.CountUnread, CountUnreadRequest()
            ),
            self._nats,
            self._redis_ping,
        ]
        self._asking = asyncio.Lock()
        self._asked_at = float("-inf")
        self._known: dict[str, View] = {}

    async def report(self) -> tuple[View, bool]:
        """Return the state of every part, and whether messages can be sent."""
        async with self._asking:
            if time.monotonic() - self._asked_at > _KEPT_SECONDS:
                found = await asyncio.gather(*(check() for check in self._checks))
                self._known = {name: state for part in found for name, state in part.items()}
                self._asked_at = time.monotonic()
        down = {name for name, state in self._known.items() if state["status"] != "ok"}
        is_able = down.isdisjoint(_NEEDED)
        status = "ok" if not down else "degraded" if is_able else "down"
        return {"status": status, "checks": self._known}, is_able

    async def _nats(self) -> dict[str, View]:
        begun = time.perf_counter()
        if not self._bus.is_connected:
            return {"nats": _DOWN}
        try:
            await (await self._bus.client()).flush(timeout=1)
        except (nats.errors.Error, OSError, TimeoutError):
            return {"nats": _DOWN}
        return {"nats": _ok(time.perf_counter() - begun)}

    async def _redis_ping(self) -> dict[str, View]:
        begun = time.perf_counter()
        try:
            await self._redis.ask(self._redis.client.ping)
        except Failure:
            return {"redis": _DOWN}
        return {"redis": _ok(time.perf_counter() - begun)}


_DOWN: View = {"status": "down", "latency_ms": None}
_UNKNOWN: View = {"status": "unknown", "latency_ms": None}


def _ok(seconds: float) -> View:
    return {"status": "ok", "latency_ms": round(seconds * 1000, 2)}


async def _service(name: str, ask: Callable[..., Awaitable[Any]], rpc: Any, request: Any) -> dict[str, View]:
    begun = time.perf_counter()
    with serving(Call(caller=Caller(_NOBODY), request_id=uuid7())) as asked:
        try:
            await ask(rpc, request, timeout=_TIMEOUT_SECONDS)
        except Failure as failure:
            if failure.reason == DatabaseUnavailable.reason:
                return {name: _ok(time.perf_counter() - begun), f"{name}_database": _DOWN}
            return {name: _DOWN, f"{name}_database": _UNKNOWN}
    database = asked.meter.query_seconds
    return {name: _ok(time.perf_counter() - begun - database), f"{name}_database": _ok(database)}
