"""Identifiers: UUIDv7, made in the application, so that rows sort by age in every supported PostgreSQL."""

import uuid_utils


def uuid7() -> str:
    """Return a new id in canonical text; monotonic within the process."""
    return str(uuid_utils.uuid7())


def is_uuid(text: str) -> bool:
    """Tell whether the text is a canonical lower-case UUID of any version."""
    if len(text) != 36:
        return False
    try:
        return str(uuid_utils.UUID(text)) == text
    except ValueError:
        return False
