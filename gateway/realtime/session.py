"""The life of one connection: authenticate, hello, resume or live from now, commands, and its end."""

import asyncio
import time
from collections import deque
from contextvars import Context
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

import structlog

from chassis.call import Call, serving
from chassis.errors import Failure, RateLimited
from chassis.ids import uuid7
from gateway import exchange as exchanges
from gateway import views
from gateway.admission import SendBudget
from gateway.clients import ConversationsClient
from gateway.errors import FrameInvalid, UnknownCommand
from gateway.principal import Principal, TokenInvalid, Verifier
from gateway.realtime import frames
from gateway.realtime.closing import Close
from gateway.realtime.commands import COMMANDS, Availability, Positions, Renewal, read, read_send
from gateway.realtime.frames import Command
from gateway.realtime.hub import Hub
from gateway.realtime.resume import Resume
from gateway.realtime.socket import Socket
from gateway.realtime.wire import MAX_FRAME_BYTES, Wire
from gateway.sends import SendLanes, Sent

log = structlog.get_logger(__name__)

AUTHENTICATE_SECONDS = 5.0
# How long a client may think about whether it wants to resume.
CHOOSE_SECONDS = 1.0
# A busy loop runs its timers before it reads: what has arrived is heard within this.
_TURN_SECONDS = 0.02
COMMAND_SECONDS = 5.0
MAX_SOCKETS_PER_USER = 10
# Commands that wait for those before them, and refusals by a limit in a row, that a connection survives.
MAX_WAITING = 64
MAX_STRIKES = 100
_DEFECT = 1011


@dataclass(frozen=True, slots=True)
class Desk:
    """What every session works with."""

    hub: Hub
    conversations: ConversationsClient
    lanes: SendLanes
    verifier: Verifier
    sends: SendBudget
    commands: SendBudget
    heartbeat_seconds: float


class Session:
    """Sends leave at once and are answered as they are stored; every other command waits for the one before it."""

    def __init__(self, desk: Desk, wire: Wire, client_ip: str) -> None:
        """Take the connection; nothing happens before `start`."""
        self._desk = desk
        self._wire = wire
        self._client_ip = client_ip
        self._socket: Socket | None = None
        # Whether hello was sent, and whether it is decided where the events begin.
        self._is_open = False
        self._is_chosen = False
        self._waiting: deque[Command] = deque()
        self._worker: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._expiry: asyncio.TimerHandle | None = None
        self._strikes = 0

    def start(self, principal: Principal | None) -> None:
        """Begin, with whom the handshake proved or with a first frame that does."""
        self._wire.on_text = self.hear
        if principal is None:
            refuse = partial(self.close, Close.AUTHENTICATE, "authenticate first")
            self._timer = self._wire.loop.call_later(AUTHENTICATE_SECONDS, refuse)
        else:
            self._work(principal)

    def close(self, code: Close, reason: str) -> None:
        """End the connection with a documented code."""
        self._waiting.clear()
        self._wire.shut(code, reason)

    def end(self) -> None:
        """Forget everything: the connection is gone."""
        self._wire.on_text = None
        self._waiting.clear()
        for timer in (self._timer, self._expiry):
            if timer is not None:
                timer.cancel()
        if self._worker is not None:
            self._worker.cancel()
        if self._socket is not None:
            self._desk.hub.detach(self._socket)

    def hear(self, data: bytes) -> None:
        """Take in one text frame."""
        command_id = None
        try:
            command = self._parse(data)
            command_id = command.id
            # Behind a resume that is yet to be obeyed a send waits, or it would decide where the events begin.
            is_next = self._is_chosen or self._worker is None
            if command.type == "message.send" and is_next and self._is_open and self._socket is not None:
                self._go_live()
                self._send(command, self._socket)
                return
            if self._socket is not None:
                self._desk.commands.take(self._socket.principal.user_id)
        except Failure as failure:
            self._refuse(failure.command_id if isinstance(failure, FrameInvalid) else command_id, failure, uuid7())
            return
        if len(self._waiting) >= MAX_WAITING:
            self.close(Close.TOO_MANY, "too many commands at once")
            return
        self._waiting.append(command)
        if self._worker is None:
            self._work()

    def _parse(self, data: bytes) -> Command:
        """Read a frame; junk counts as a command, for it costs an answer too. Raises: FrameInvalid, RateLimited."""
        try:
            return frames.parse(data)
        except FrameInvalid:
            if self._socket is not None:
                self._desk.commands.take(self._socket.principal.user_id)
            raise

    # -- commands ------------------------------------------------------------------------------------------------------

    def _work(self, principal: Principal | None = None) -> None:
        self._worker = self._wire.loop.create_task(self._serve(principal), name="socket", context=Context())
        self._worker.add_done_callback(self._note_defect)

    async def _serve(self, principal: Principal | None) -> None:
        """Open the session for whom the handshake proved, then serve what waits."""
        try:
            if principal is not None:
                await self._open(principal)
            while self._waiting:
                command = self._waiting.popleft()
                with serving(self._call(command)) as call:
                    try:
                        await self._obey(command)
                    except Failure as failure:
                        self._refuse(command.id, failure, call.request_id)
        finally:
            self._worker = None

    def _call(self, command: Command) -> Call:
        return Call(
            method=command.type,
            peer="gateway",
            caller=self._socket.principal.caller(self._client_ip) if self._socket is not None else None,
            request_id=uuid7(),
            traceparent=exchanges.traceparent(None),
            # A resume takes as long as it takes; each of its calls has a deadline of its own.
            deadline=None if command.type == "resume" else time.monotonic() + COMMAND_SECONDS,
        )

    async def _obey(self, command: Command) -> None:
        if self._socket is None:
            if command.type != "authenticate":
                self.close(Close.AUTHENTICATE, "authenticate first")
                return
            await self._open(await self._desk.verifier.verify(read(Renewal, command.payload).access))
        elif command.type == "authenticate":
            await self._renew(self._socket, command)
        elif command.type == "resume":
            known = read(Positions, command.payload)
            self._choose()
            try:
                await Resume(self._desk.hub, self._desk.conversations, self._socket).run(command.id, known)
            except Failure as failure:
                log.warning("resume_failed", reason=failure.reason)
                self.close(Close.UNAVAILABLE, "try again")
        else:
            self._go_live()
            if command.type == "message.send":
                self._send(command, self._socket)
                return
            if command.type == "presence.set":
                self._desk.hub.mark_away(self._socket, read(Availability, command.payload).state == "away")
                self._wire.write(frames.reply("ack", command.id, {}))
                return
            handling = COMMANDS.get(command.type)
            if handling is None:
                raise UnknownCommand()
            shown = await handling.obey(self._desk.conversations, read(handling.payload, command.payload))
            self._wire.write(frames.reply("ack", command.id, shown))

    def _send(self, command: Command, socket: Socket) -> None:
        """Hand a send in; the answer is written when it is there. Raises: Failure."""
        user_id = socket.principal.user_id
        self._desk.sends.take(user_id)
        item = read_send(command.payload, user_id)
        self._strikes = 0
        self._desk.lanes.submit(item).add_done_callback(partial(self._sent, command.id, item.request_id))

    def _sent(self, command_id: str, request_id: str, future: asyncio.Future[Sent]) -> None:
        failure = future.exception()
        if failure is None:
            self._wire.write(frames.reply("ack", command_id, views.message_sent(future.result()[0])))
        elif isinstance(failure, Failure):
            self._refuse(command_id, failure, request_id)

    def _refuse(self, command_id: str | None, failure: Failure, request_id: str) -> None:
        self._wire.write(frames.error(command_id, failure, request_id))
        if self._socket is None:
            # Whom the handshake proved is about to be let in.
            if self._timer is not None:
                self.close(Close.AUTHENTICATE, "authenticate first")
        elif failure.reason == RateLimited.reason:
            self._strikes += 1
            if self._strikes > MAX_STRIKES:
                self.close(Close.TOO_MANY, "too many commands")

    def _note_defect(self, worker: asyncio.Task[None]) -> None:
        if not worker.cancelled() and (error := worker.exception()) is not None:
            log.error("socket_failed", exc_info=error)
            self._wire.shut(_DEFECT, "internal error")

    # -- beginning and renewing ----------------------------------------------------------------------------------------

    async def _open(self, principal: Principal) -> None:
        self._cancel_timer()
        person = self._desk.hub.people.get(principal.user_id)
        if person is not None and len(person.sockets) >= MAX_SOCKETS_PER_USER:
            self.close(Close.TOO_MANY, "too many connections")
            return
        self._socket = Socket(self._wire, principal, self._client_ip)
        try:
            await self._desk.hub.attach(self._socket)
        except Failure as failure:
            log.warning("socket_not_opened", reason=failure.reason)
            self.close(Close.UNAVAILABLE, "try again")
            return
        self._expire_at(principal.expires_at)
        self._wire.write(frames.personal("hello", self._greeting(principal)))
        self._is_open = True
        self._timer = self._wire.loop.call_later(CHOOSE_SECONDS, self._listen_once_more)

    def _greeting(self, principal: Principal) -> views.View:
        return {
            "session_id": principal.session_id,
            "user_id": principal.user_id,
            "epoch": self._desk.hub.epoch,
            "heartbeat_seconds": self._desk.heartbeat_seconds,
            "server_time": _rfc3339(time.time()),
            "expires_at": _rfc3339(principal.expires_at),
            "limits": {
                "frame_bytes": MAX_FRAME_BYTES,
                "waiting_commands": MAX_WAITING,
                "sockets_per_user": MAX_SOCKETS_PER_USER,
            },
        }

    async def _renew(self, socket: Socket, command: Command) -> None:
        principal = await self._desk.verifier.verify(read(Renewal, command.payload).access)
        if principal.user_id != socket.principal.user_id:
            raise TokenInvalid("The token is another user's.")
        socket.principal = principal
        self._expire_at(principal.expires_at)
        self._wire.write(frames.reply("ack", command.id, {"expires_at": _rfc3339(principal.expires_at)}))

    def _expire_at(self, moment: float) -> None:
        if self._expiry is not None:
            self._expiry.cancel()
        close = partial(self.close, Close.AUTHENTICATE, "token expired")
        self._expiry = self._wire.loop.call_later(max(moment - time.time(), 0.0), close)

    def _listen_once_more(self) -> None:
        self._timer = self._wire.loop.call_later(_TURN_SECONDS, self._stop_waiting)

    def _stop_waiting(self) -> None:
        """Go live, unless a command was heard meanwhile: it decides."""
        if self._worker is None:
            self._go_live()
        else:
            self._listen_once_more()

    def _go_live(self) -> None:
        """Deliver from now on, unless it is decided already where the events begin."""
        if not self._is_chosen and self._socket is not None:
            self._choose()
            self._socket.go_live({}, {})

    def _choose(self) -> None:
        self._is_chosen = True
        self._cancel_timer()

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _rfc3339(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
