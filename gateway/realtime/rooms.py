"""Conversations that have members connected here, and the people who are: pure bookkeeping."""

from dataclasses import dataclass, field

from gateway.realtime.changes import Change
from gateway.realtime.socket import Socket

# Changes that may wait for one that is missing; what comes later is read from the change log instead.
_MAX_WAITING = 1000


@dataclass(slots=True, eq=False)
class Room:
    """A conversation. `rev` is that of the last change its sockets were given; `told_rev` that of the last digest."""

    conversation_id: str
    rev: int
    told_rev: int = 0
    # A dict is a set that keeps its order.
    sockets: dict[Socket, None] = field(default_factory=dict)
    waiting: dict[int, Change] = field(default_factory=dict)
    # User -> number up to which messages are not for them, of those who joined a history that they may not see.
    blind: dict[str, int] = field(default_factory=dict)

    def offer(self, change: Change) -> list[Change]:
        """Take a change in and return those that are next, in order: none when it is known or comes after a gap."""
        if change.rev <= self.rev:
            return []
        if change.rev > self.rev + 1:
            if len(self.waiting) < _MAX_WAITING:
                self.waiting[change.rev] = change
            return []
        ready = [change]
        while self.waiting and (following := self.waiting.pop(ready[-1].rev + 1, None)) is not None:
            ready.append(following)
        self.rev = ready[-1].rev
        return ready

    @property
    def has_gap(self) -> bool:
        """Whether something came that is not next; looks away from what was overtaken meanwhile."""
        if self.waiting:
            self.waiting = {rev: change for rev, change in self.waiting.items() if rev > self.rev}
        return bool(self.waiting)


@dataclass(slots=True, eq=False)
class Person:
    """A user with at least one socket here, and the conversations they are in."""

    user_id: str
    sockets: dict[Socket, None] = field(default_factory=dict)
    conversation_ids: set[str] = field(default_factory=set)
    # Conversation -> rev of a removal heard while memberships are being read, which may be older than it.
    removals: dict[str, int] = field(default_factory=dict)
    loads: int = 0
