"""What people let others see of them, and who may write to them."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any


class Audience(IntEnum):
    """For whom something is; the numbers are those of the contract and of the database."""

    EVERYONE = 1
    CONTACTS = 2
    NOBODY = 3


@dataclass(frozen=True, slots=True)
class Privacy:
    """Somebody's choices; what they mean for one viewer is said in store/sight.py, because lists filter by it."""

    profile_visibility: Audience = Audience.EVERYONE
    is_online_shown: bool = True
    is_last_seen_shown: bool = True
    is_receipt_shared: bool = True
    is_typing_shared: bool = True
    who_can_message: Audience = Audience.EVERYONE
    is_searchable: bool = True

    @property
    def is_presence_shown(self) -> bool:
        """Whether anybody may see that they are there."""
        return self.is_online_shown and self.profile_visibility is not Audience.NOBODY

    @property
    def is_presence_for_contacts(self) -> bool:
        """Whether only their contacts may."""
        return self.is_online_shown and self.profile_visibility is Audience.CONTACTS

    def shows_presence_like(self, other: "Privacy") -> bool:
        """Whether it makes no difference to anybody who wants to know whether they are there."""
        if not self.is_presence_shown and not other.is_presence_shown:
            return True
        mine, theirs = ((one.profile_visibility, one.is_online_shown, one.is_last_seen_shown) for one in (self, other))
        return mine == theirs

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> "Privacy":
        """Take the fields by their names, audiences as numbers."""
        audiences = {name: Audience(stored[name]) for name in ("profile_visibility", "who_can_message")}
        return cls(**{**stored, **audiences})


# Of those who have not chosen yet.
OPEN = Privacy()
