"""The codes that connections are closed with."""

from enum import IntEnum


class Close(IntEnum):
    """4000 to 4399: connect again; 4400 to 4499: not as you are."""

    DRAINING = 4001
    UNAVAILABLE = 4003
    TOO_SLOW = 4008
    RESYNC = 4009
    AUTHENTICATE = 4401
    TOO_MANY = 4429
