"""What only a socket can do wrong, and the codes that connections are closed with."""

from enum import IntEnum

from gateway.errors import HttpFailure


class FrameInvalid(HttpFailure):
    """A frame is a JSON object {"type", "id", "payload"}: two texts and an object, nothing else."""

    reason = "FRAME_INVALID"

    def __init__(self, message: str = "", *, command_id: str | None = None) -> None:
        """Take the frame's id, so that the answer can carry it."""
        super().__init__(message)
        self.command_id = command_id


class UnknownCommand(HttpFailure):
    """There is no such command."""

    reason = "UNKNOWN_COMMAND"


class Close(IntEnum):
    """4000 to 4399: connect again; 4400 to 4499: not as you are."""

    DRAINING = 4001
    UNAVAILABLE = 4003
    TOO_SLOW = 4008
    RESYNC = 4009
    AUTHENTICATE = 4401
    TOO_MANY = 4429
