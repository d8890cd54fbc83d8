"""Typed ids, all canonical lower-case UUIDs."""

import re
from typing import NewType

UserId = NewType("UserId", str)
ConversationId = NewType("ConversationId", str)
MessageId = NewType("MessageId", str)
InviteId = NewType("InviteId", str)
ReportId = NewType("ReportId", str)
ScheduledId = NewType("ScheduledId", str)

_CANONICAL = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def is_canonical(text: str) -> bool:
    """Tell whether the text can be an id."""
    return _CANONICAL.fullmatch(text) is not None
