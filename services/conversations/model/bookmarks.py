"""Bookmarks: messages that somebody keeps at hand for themselves."""

from dataclasses import dataclass
from datetime import datetime

from services.conversations.model.viewers import Viewed

# Of one person.
MAX_BOOKMARKS = 10_000


@dataclass(frozen=True, slots=True)
class Bookmark:
    """A bookmarked message as its owner sees it."""

    viewed: Viewed
    created_at: datetime
