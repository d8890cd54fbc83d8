"""What one person made another: blocked, or a contact."""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from services.users.model.errors import NotYourself
from services.users.model.profiles import UserId
from services.users.model.sight import Seen


class Relation(IntEnum):
    """What somebody is to the one whose list it is."""

    BLOCKED = 1
    CONTACT = 2


@dataclass(frozen=True, slots=True)
class Related:
    """Somebody on such a list, as its owner sees them."""

    seen: Seen
    since: datetime


def require_other(user_id: UserId, other_id: UserId) -> None:
    """Raises: NotYourself."""
    if user_id == other_id:
        raise NotYourself()
