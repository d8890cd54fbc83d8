"""Identifiers: UUIDv7, made in the application, so that rows sort by age in every supported PostgreSQL."""

from datetime import datetime

import uuid_utils


def uuid7() -> str:
    """Return a new id in canonical text; monotonic within the process."""
    return str(uuid_utils.uuid7())


def uuid7_at(moment: datetime) -> str:
    """Return the lowest id that can have been given at a time."""
    milliseconds = f"{max(int(moment.timestamp() * 1000), 0):012x}"
    return f"{milliseconds[:8]}-{milliseconds[8:]}-7000-8000-000000000000"


def is_uuid(text: str) -> bool:
    """Tell whether the text is a canonical lower-case UUID of any version."""
    if len(text) != 36:
        return False
    try:
        return str(uuid_utils.UUID(text)) == text
    except ValueError:
        return False
