"""What one member sees of a message beside what all see."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

from services.conversations.model.ids import UserId
from services.conversations.model.messages import Message
from services.conversations.model.participants import Participant


class DeliveryStatus(IntEnum):
    """How far a message has come; numbers as in the contract."""

    SENT = 1
    DELIVERED = 2
    READ = 3


@dataclass(frozen=True, slots=True)
class Reach:
    """How far the others of a conversation have got, those who came after a message apart.

    Each is the least of all of them, or none without any: from where on they see messages, and up to where everything
    reached them; of those who show what they read also from where on these see, and up to where they have read.
    """

    visible_after: int | None
    delivered_seq: int | None
    shown_after: int | None
    read_seq: int | None

    def status_of(self, seq: int) -> DeliveryStatus:
        """How far a message has come. Who came after it keeps no status back, and counts as nobody who has read it."""
        if self.shown_after is not None and self.read_seq is not None and self.shown_after < seq <= self.read_seq:
            return DeliveryStatus.READ
        if self.visible_after is not None and self.delivered_seq is not None:
            return DeliveryStatus.DELIVERED if self.visible_after < seq <= self.delivered_seq else DeliveryStatus.SENT
        return DeliveryStatus.SENT


@dataclass(frozen=True, slots=True)
class MessageReceipts:
    """How far a message has come: with all of the others together, and with each."""

    status: DeliveryStatus
    of_each: tuple[tuple[UserId, DeliveryStatus], ...]

    @classmethod
    def of(cls, seq: int, others: Sequence[Participant]) -> "MessageReceipts":
        """Judge by the positions of those who may see it."""
        shown = [one for one in others if not one.is_read_hidden]
        reach = Reach(
            min((one.visible_after for one in others), default=None),
            min((one.delivered_seq for one in others), default=None),
            min((one.visible_after for one in shown), default=None),
            min((one.read_seq for one in shown), default=None),
        )
        return cls(reach.status_of(seq), tuple((one.user_id, _status_with(one, seq)) for one in others))


def _status_with(one: Participant, seq: int) -> DeliveryStatus:
    if not one.is_read_hidden and one.read_seq >= seq:
        return DeliveryStatus.READ
    return DeliveryStatus.DELIVERED if one.delivered_seq >= seq else DeliveryStatus.SENT


@dataclass(frozen=True, slots=True)
class ViewerState:
    """A member's own marks on a message and, of what they wrote themselves, how far it has come."""

    status: DeliveryStatus | None = None
    reactions: tuple[str, ...] = ()
    is_bookmarked: bool = False
    has_acknowledged: bool = False
    votes: tuple[int, ...] = ()


class Viewed(NamedTuple):
    """A message as one member sees it; without a state there is nothing to add."""

    message: Message
    state: ViewerState | None = None
