"""What people leave to whom."""

from enum import IntEnum


class Audience(IntEnum):
    """Who may begin a direct conversation with somebody or add them to a group; numbers as in the users contract."""

    EVERYONE = 1
    CONTACTS = 2
    NOBODY = 3
