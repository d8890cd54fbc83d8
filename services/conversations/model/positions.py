"""How far a member has got, and what of it the others have been told."""

from dataclasses import dataclass, replace
from enum import IntEnum

from services.conversations.model.errors import PositionBeyondEnd
from services.conversations.model.participants import Participant


class PositionKind(IntEnum):
    """Which position; reading moves the other one, too, so it counts more. Numbers as in the database."""

    DELIVERED = 1
    READ = 2


@dataclass(frozen=True, slots=True)
class Position:
    """A member's row, locked. `unannounced` is the kind that has moved since the last announcement, or 0."""

    participant: Participant
    last_seq: int
    unannounced: int
    is_announcement_due: bool

    def moved(self, kind: PositionKind, seq: int) -> Participant:
        """The member after moving forward; unchanged when they were there already. Raises: PositionBeyondEnd."""
        if seq > self.last_seq:
            raise PositionBeyondEnd(last_seq=str(self.last_seq))
        here = self.participant
        read_seq = max(here.read_seq, seq) if kind is PositionKind.READ else here.read_seq
        return replace(here, read_seq=read_seq, delivered_seq=max(here.delivered_seq, seq))
