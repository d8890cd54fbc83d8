"""Which unexpired access tokens no longer count: loaded whole from auth, kept up to date by events."""

import asyncio
import time
from collections.abc import Callable

import structlog
from nats.aio.msg import Msg

from chassis.bus import Bus
from chassis.errors import Failure
from gateway.clients import AuthClient
from messaging.auth.v1.events_pb2 import SessionRevoked
from messaging.auth.v1.sessions_pb2 import ListRevocationsRequest
from messaging.chassis.v1.envelope_pb2 import Envelope

log = structlog.get_logger(__name__)

# Auth keeps a revocation for 6 minutes, one more than an access token lives.
KEPT_SECONDS = 360.0
RELOAD_SECONDS = 30.0

# user id, session id (empty: all of the user's), and the time before which tokens were issued that no longer count.
Listener = Callable[[str, str, float], None]


class Revocations:
    """Answers from memory. What an event said stays even when an older list arrives after it."""

    def __init__(self, auth: AuthClient, bus: Bus) -> None:
        """Take where the list comes from, and where its news come from."""
        self._auth = auth
        self._bus = bus
        self._by_user: dict[str, dict[str, float]] = {}
        self._listeners: list[Listener] = []
        self.loaded = asyncio.Event()
        bus.on_connect(self._reload)

    def subscribe(self, listener: Listener) -> None:
        """Have a function called for every new revocation, within a second of its commit."""
        self._listeners.append(listener)

    def covers(self, user_id: str, session_id: str, issued_at: float) -> bool:
        """Tell whether a token of this session, issued at this time, has been revoked."""
        revoked = self._by_user.get(user_id)
        # A session that ended never comes back, so for it the time does not matter.
        return revoked is not None and (session_id in revoked or issued_at < revoked.get("", 0.0))

    def add(self, user_id: str, session_id: str, not_before: float) -> None:
        """Note a revocation and tell the listeners, unless it is known."""
        sessions = self._by_user.setdefault(user_id, {})
        if not_before <= sessions.get(session_id, 0.0):
            return
        sessions[session_id] = not_before
        for listener in self._listeners:
            listener(user_id, session_id, not_before)

    async def load(self) -> None:
        """Read the whole list, and drop what no unexpired token can have. Raises: Failure."""
        answer = await self._auth.ask(self._auth.sessions.ListRevocations, ListRevocationsRequest())
        for item in answer.revocations:
            self.add(item.user_id, item.session_id, item.not_before_time.ToMicroseconds() / 1e6)
        oldest = time.time() - KEPT_SECONDS
        for user_id, sessions in list(self._by_user.items()):
            kept = {session_id: at for session_id, at in sessions.items() if at > oldest}
            self._by_user[user_id] = kept
            if not kept:
                del self._by_user[user_id]
        self.loaded.set()

    async def run(self) -> None:
        """Listen for events and read the list again and again: an event may be missed, the list cannot."""
        subscribing = asyncio.create_task(
            self._bus.subscribe("messaging.auth.v1.session_revoked.*", self._hear), name="revocations-subscribe"
        )
        try:
            while True:
                await self._reload()
                await asyncio.sleep(RELOAD_SECONDS if self.loaded.is_set() else 0.5)
        finally:
            subscribing.cancel()

    async def _reload(self) -> None:
        try:
            await self.load()
        except Failure as failure:
            # What is known goes on counting; tokens end by themselves within five minutes.
            log.warning("revocations_not_loaded", reason=failure.reason)

    async def _hear(self, message: Msg) -> None:
        event = SessionRevoked.FromString(Envelope.FromString(message.data).payload)
        self.add(event.account_id, event.session_id, event.not_before_time.ToMicroseconds() / 1e6)
