"""Everything behind the socket's address, put together: a part of the gateway's process."""

import asyncio
import time
from contextlib import suppress

import structlog

from chassis import failpoints
from chassis.bus import Bus
from chassis.redis import BriefRedis
from gateway.admission import SendBudget
from gateway.clients import Clients
from gateway.principal import Principal, Verifier
from gateway.realtime.closing import Close
from gateway.realtime.healing import Healer
from gateway.realtime.hub import Hub
from gateway.realtime.presence import Heartbeats
from gateway.realtime.session import Desk, Session
from gateway.realtime.tickets import Tickets
from gateway.realtime.wire import Wire
from gateway.realtime.witnesses import Witnesses
from gateway.revocations import Revocations
from gateway.sends import SendLanes
from gateway.settings import Settings

log = structlog.get_logger(__name__)

# Connections that are closed in a second while draining: so many reconnect elsewhere.
_DRAIN_RATE = 50


class Realtime:
    """Opens sessions, runs the hub and what belongs to it, and sends everybody elsewhere when the process ends."""

    def __init__(
        self,
        settings: Settings,
        clients: Clients,
        bus: Bus,
        redis: BriefRedis,
        *,
        verifier: Verifier,
        revocations: Revocations,
        lanes: SendLanes,
        budget: SendBudget,
    ) -> None:
        """Take what the gateway has already; connect to nothing yet."""
        heartbeat_seconds = settings.socket_heartbeat_seconds
        self.hub = Hub(clients.conversations, bus)
        self.tickets = Tickets(redis, revocations)
        self._healer = Healer(self.hub, clients.conversations, bus, heartbeat_seconds=heartbeat_seconds)
        self._heartbeats = Heartbeats(clients.users, self.hub.people, heartbeat_seconds=heartbeat_seconds)
        self._witnesses = Witnesses(self.hub, clients, bus)
        self.hub.on_presence = self._heartbeats.note
        self._desk = Desk(
            hub=self.hub,
            conversations=clients.conversations,
            lanes=lanes,
            verifier=verifier,
            sends=budget,
            commands=SendBudget(settings.command_rate, settings.command_burst),
            heartbeat_seconds=heartbeat_seconds,
        )
        self._drain_seconds = settings.drain_seconds
        # From here on whoever connects is sent elsewhere, and the process says that it is not ready.
        self.is_draining = False
        self._sessions: set[Session] = set()
        revocations.subscribe(self._revoke)

    def open(self, wire: Wire, client_ip: str, principal: Principal | None) -> Session:
        """Begin the session of a connection that was accepted; `close` ends it."""
        session = Session(self._desk, wire, client_ip)
        self._sessions.add(session)
        if self.is_draining:
            session.close(Close.DRAINING, "connect elsewhere")
        else:
            session.start(principal)
        return session

    def close(self, session: Session) -> None:
        """Forget a session whose connection is gone."""
        self._sessions.discard(session)
        session.end()

    async def run(self) -> None:
        """Work until cancelled, then drain."""
        try:
            async with asyncio.TaskGroup() as group:
                for part in (self.hub, self._healer, self._heartbeats, self._witnesses):
                    group.create_task(part.run(), name=type(part).__name__)
        finally:
            await self._drain()

    async def _drain(self) -> None:
        """Close the sessions one by one, so that they do not all come back to the other replicas at once."""
        self.is_draining = True
        sessions = list(self._sessions)
        pause = min(1 / _DRAIN_RATE, self._drain_seconds / len(sessions)) if sessions else 0.0
        begun = time.monotonic()
        for number, session in enumerate(sessions, 1):
            session.close(Close.DRAINING, "connect elsewhere")
            failpoints.reached("while_draining")
            with suppress(asyncio.CancelledError):
                # Those who come back meanwhile take time, too: what is late is made good.
                await asyncio.sleep(max(0.0, begun + number * pause - time.monotonic()))
        log.info("sockets_drained", count=len(sessions))

    def _revoke(self, user_id: str, session_id: str, not_before: float) -> None:
        person = self.hub.people.get(user_id)
        for socket in person.sockets if person is not None else ():
            principal = socket.principal
            if session_id == principal.session_id or (not session_id and principal.issued_at < not_before):
                socket.revoke()
