"""How the parts of a message that few have are kept: as JSON in its row."""

from datetime import datetime
from typing import Any

from services.conversations.model.messages import Origin, Preview
from services.conversations.model.polls import Poll


def poll_json(poll: Poll) -> dict[str, Any]:
    """The form in the column `poll`."""
    return {
        "options": poll.options,
        "is_multiple": poll.is_multiple,
        "is_anonymous": poll.is_anonymous,
        "closes_at": poll.closes_at.isoformat() if poll.closes_at else None,
        "is_closed": poll.is_closed,
        "votes": poll.votes,
        "voter_count": poll.voter_count,
    }


def poll(stored: dict[str, Any]) -> Poll:
    """Read the column `poll`."""
    return Poll(
        options=tuple(stored["options"]),
        is_multiple=stored["is_multiple"],
        is_anonymous=stored["is_anonymous"],
        closes_at=_moment(stored["closes_at"]),
        is_closed=stored["is_closed"],
        votes=tuple(stored["votes"]),
        voter_count=stored["voter_count"],
    )


def origin_json(origin: Origin) -> dict[str, Any]:
    """The form in the column `forwarded_from`."""
    return {
        "sender_id": origin.sender_id,
        "conversation_id": origin.conversation_id,
        "message_id": origin.message_id,
        "created_at": origin.created_at.isoformat() if origin.created_at else None,
    }


def origin(stored: dict[str, Any]) -> Origin:
    """Read the column `forwarded_from`."""
    return Origin(**{**stored, "created_at": _moment(stored["created_at"])})


def preview_json(preview: Preview) -> dict[str, str]:
    """The form of an element of the column `previews`."""
    return {
        "url": preview.url,
        "title": preview.title,
        "description": preview.description,
        "site_name": preview.site_name,
    }


def preview(stored: dict[str, str]) -> Preview:
    """Read an element of the column `previews`."""
    return Preview(**stored)


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
