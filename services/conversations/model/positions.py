"""How far a member has got, and what of it the others have been told."""

from dataclasses import dataclass, replace
from enum import IntFlag

from services.conversations.model.errors import PositionBeyondEnd
from services.conversations.model.participants import Participant


class PositionKind(IntFlag):
    """Which position, or both. Numbers as in the database."""

    DELIVERED = 1
    READ = 2


@dataclass(frozen=True, slots=True)
class Position:
    """A member's row, locked. `unannounced` is what has moved since the last announcement."""

    participant: Participant
    last_seq: int
    unannounced: PositionKind
    is_announcement_due: bool
    # Whether others may learn what they read.
    is_read_shared: bool

    def moved(self, kind: PositionKind, seq: int) -> Participant:
        """The member after moving forward; unchanged when they were there already. Raises: PositionBeyondEnd."""
        if seq > self.last_seq:
            raise PositionBeyondEnd(last_seq=str(self.last_seq))
        here = self.participant
        read_seq = max(here.read_seq, seq) if kind is PositionKind.READ else here.read_seq
        return replace(here, read_seq=read_seq, delivered_seq=max(here.delivered_seq, seq))

    def moves(self, moved: Participant) -> PositionKind:
        """What is to be announced of a member who has moved on."""
        kinds = self.unannounced
        if moved.read_seq > self.participant.read_seq:
            kinds |= PositionKind.READ
        if moved.delivered_seq > self.participant.delivered_seq:
            kinds |= PositionKind.DELIVERED
        return kinds
