"""One WebSocket connection at the level of bytes: ready-made frames out, whole text frames in, and an end that comes.

uvicorn's protocol does the handshake, parsing, pings and the closing handshake. What it cannot do through ASGI is
done here: a frame that was encoded once is written to many connections as it is, and a peer that does not read is
closed although its buffer is full.
"""

import asyncio
from asyncio.transports import BaseTransport
from collections.abc import Callable
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame
from websockets.protocol import State

from gateway.realtime.closing import Close

# For uvicorn's ws_max_size: a larger frame ends the connection with 1009.
MAX_FRAME_BYTES = 256 * 1024
# What a connection may owe its reader: bytes that are not yet sent, and seconds without sending any.
MAX_BACKLOG = 1024 * 1024
WRITE_SECONDS = 5.0
# Pieces of one message that are kept apart: small ones cost more than they hold.
MAX_PIECES = 256
# More than that is not kept for the end of the turn.
_TURN_BYTES = 64 * 1024
# How long a peer gets to answer a close frame.
CLOSE_SECONDS = 5.0


class Wire(WebSocketsSansIOProtocol):
    """The connection; the application finds it in the scope, as `scope["state"]["wire"]`."""

    on_text: Callable[[bytes], None] | None = None
    # Frames of this turn of the loop, which leave in one system call.
    _outgoing: list[bytes]
    _unsent = 0
    _written = 0
    _stalled: asyncio.TimerHandle | None = None

    def connection_made(self, transport: BaseTransport) -> None:
        """Begin with nothing to send."""
        self._outgoing = []
        super().connection_made(transport)

    async def run_asgi(self) -> None:
        """Serve the connection, and do not wait for ever for a peer that reads no more."""
        self.scope["state"]["wire"] = self
        await super().run_asgi()
        if not self.disconnected:
            self.loop.call_later(CLOSE_SECONDS, self.transport.abort)

    def write(self, frame: bytes) -> None:
        """Send a complete server frame, with the others of this turn of the loop."""
        if self.close_sent or self.transport.is_closing():
            return
        if not self._outgoing:
            self.loop.call_soon(self._flush)
        self._outgoing.append(frame)
        self._unsent += len(frame)
        if self._unsent > _TURN_BYTES:
            self._flush()

    async def drained(self) -> None:
        """Wait until the peer has read most of what was written, or is gone."""
        self._flush()
        await self.writable.wait()

    def shut(self, code: int, reason: str) -> None:
        """Send a close frame behind what is on its way; whoever does not answer it is cut off."""
        if self.close_sent or self.transport.is_closing() or self.conn.state is not State.OPEN:
            return
        self._flush()
        self.conn.send_close(code, reason)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        self.close_timer = self.loop.call_later(CLOSE_SECONDS, self.transport.abort)

    def send_receive_event_to_app(self) -> None:
        """Hand a text frame to the application without a detour over its task; anything else goes the usual way."""
        if self.on_text is None or self.curr_msg_data_type == "bytes":
            super().send_receive_event_to_app()
            return
        data = self.frames[0] if len(self.frames) == 1 else b"".join(self.frames)
        self.frames = []
        if not self.close_sent:
            self.on_text(bytes(data))

    def handle_cont(self, event: Frame) -> None:
        """Put pieces together on the way, so that no number of them costs more than a whole message may."""
        if len(self.frames) >= MAX_PIECES:
            self.frames = [b"".join(self.frames)]
        super().handle_cont(event)

    def handle_ping(self) -> None:
        """Answer, unless the peer reads none of the answers."""
        if self.close_sent:
            self.conn.data_to_send()
            return
        super().handle_ping()
        if self.transport.get_write_buffer_size() > MAX_BACKLOG:
            self.shut(Close.TOO_SLOW, "too slow, resume")

    def pause_writing(self) -> None:
        """Watch whether a peer that fell behind goes on reading."""
        super().pause_writing()
        self._watch(self._read_by_peer())

    def resume_writing(self) -> None:
        """Trust the peer again."""
        super().resume_writing()
        self._trust()

    def connection_lost(self, exc: Exception | None) -> None:
        """Leave no timer behind."""
        self._trust()
        super().connection_lost(exc)

    def _flush(self) -> None:
        data = b"".join(self._outgoing)
        self._outgoing.clear()
        self._unsent = 0
        if not data or self.close_sent or self.transport.is_closing():
            return
        self._written += len(data)
        self.transport.write(data)
        if self.transport.get_write_buffer_size() > MAX_BACKLOG:
            self.shut(Close.TOO_SLOW, "too slow, resume")

    def _read_by_peer(self) -> int:
        return self._written - self.transport.get_write_buffer_size()

    def _watch(self, read_before: int) -> None:
        self._stalled = self.loop.call_later(WRITE_SECONDS, self._judge, read_before)

    def _judge(self, read_before: int) -> None:
        read_now = self._read_by_peer()
        if read_now > read_before:
            self._watch(read_now)
        else:
            self.shut(Close.TOO_SLOW, "too slow, resume")

    def _trust(self) -> None:
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None


def wire_of(scope: Any) -> Wire:
    """The connection behind an ASGI scope. Raises: RuntimeError when the server does not use this protocol."""
    wire = scope["state"].get("wire")
    if not isinstance(wire, Wire):
        raise RuntimeError("sockets need uvicorn with ws=gateway.realtime.wire.Wire")
    return wire
