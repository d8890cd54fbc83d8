"""The two fields that are encrypted at rest, each for its own column and row."""

from chassis.crypto import Box
from services.users.model.profiles import UserId


def seal(box: Box, user_id: UserId, field: str, value: str) -> bytes:
    """Encrypt a value of `phone` or `date_of_birth`; none stays none."""
    return box.seal(value.encode(), context=("profiles", field, user_id)) if value else b""


def reveal(box: Box, user_id: UserId, field: str, sealed: bytes) -> str:
    """Decrypt what `seal` made for the same user and field."""
    return box.open(sealed, context=("profiles", field, user_id)).decode() if sealed else ""
