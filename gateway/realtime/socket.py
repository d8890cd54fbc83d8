"""One connected device as the hub sees it: frames go out live, or are held while it resumes."""

from collections.abc import Mapping

from gateway.principal import Principal
from gateway.realtime import frames
from gateway.realtime.closing import Close
from gateway.realtime.wire import MAX_BACKLOG, Wire

# Half of what a reader may owe: once it is let go, more comes behind it.
MAX_HELD = MAX_BACKLOG // 2


class Socket:
    """Begins held; `resume` or a second's silence makes it live."""

    __slots__ = ("_ahead", "_held", "_held_bytes", "client_ip", "is_away", "principal", "wire")

    def __init__(self, wire: Wire, principal: Principal, client_ip: str) -> None:
        """Take the connection and whose it is."""
        self.wire = wire
        self.principal = principal
        self.client_ip = client_ip
        # Whether nobody is at the device, as it says itself.
        self.is_away = False
        self._held: list[tuple[str, int, bytes]] | None = []
        self._held_bytes = 0
        # Conversation -> rev that this socket has already, where that is ahead of the hub.
        self._ahead: dict[str, int] = {}

    def push(self, conversation_id: str, rev: int, frame: bytes) -> None:
        """Deliver an event of a conversation, in turn; rev 0 is one without number."""
        if self._held is not None:
            self._held.append((conversation_id, rev, frame))
            self._held_bytes += len(frame)
            if self._held_bytes > MAX_HELD:
                self.close(Close.TOO_SLOW, "too slow, resume")
        elif not (self._ahead and self._has(conversation_id, rev)):
            self.wire.write(frame)

    def hold(self) -> None:
        """Keep events back from now on."""
        if self._held is None:
            self._held, self._held_bytes = [], 0

    def go_live(self, revs: Mapping[str, int], ahead: dict[str, int]) -> None:
        """Deliver what was held beyond the given revs, and from now on everything as it comes.

        `ahead` are those revs that the hub has yet to reach: until then it tells nothing new.
        """
        held, self._held, self._ahead = self._held or [], None, ahead
        for conversation_id, rev, frame in held:
            if rev == 0 or rev > revs.get(conversation_id, 0):
                self.wire.write(frame)

    def close(self, code: Close, reason: str) -> None:
        """End the connection with a documented code."""
        self._held = [] if self._held else self._held
        self.wire.shut(code, reason)

    def resync(self) -> None:
        """Send a live device to resume; one that is about to resume anyway needs no telling."""
        if self._held is None:
            self.close(Close.RESYNC, "resume")

    def revoke(self) -> None:
        """Say that the session has ended, and end the connection."""
        self.wire.write(frames.personal("session.revoked", {"session_id": self.principal.session_id}))
        self.close(Close.AUTHENTICATE, "session revoked")

    def _has(self, conversation_id: str, rev: int) -> bool:
        known = self._ahead.get(conversation_id)
        if known is None or rev == 0:
            return False
        if rev >= known:
            del self._ahead[conversation_id]
        return rev <= known
