"""Whether somebody is there."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import IntEnum

from services.users.model.profiles import UserId
from services.users.model.sight import Sight

# A heartbeat counts for this long; gateways send them more often.
ONLINE_MS = 60_000
# When somebody was last seen is known for this long.
REMEMBERED_MS = 30 * 24 * 3600 * 1000


class State(IntEnum):
    """How much somebody is there; the numbers are those of the contract."""

    ONLINE = 1
    AWAY = 2
    OFFLINE = 3


@dataclass(frozen=True, slots=True)
class Presence:
    """Somebody's presence at the moment of asking."""

    user_id: UserId
    state: State = State.OFFLINE
    seen_at: datetime | None = None

    @classmethod
    def judge(
        cls, user_id: UserId, *, seen_ms: float | None, connected_ms: float | None, is_away: bool, now_ms: float
    ) -> "Presence":
        """Judge by the times of the last sign of life and of the last heartbeat not followed by a goodbye."""
        is_connected = connected_ms is not None and now_ms - connected_ms < ONLINE_MS
        state = (State.AWAY if is_away else State.ONLINE) if is_connected else State.OFFLINE
        seen_at = None if seen_ms is None else datetime.fromtimestamp(seen_ms / 1000, UTC)
        return cls(user_id, state, seen_at)

    def within(self, sight: Sight) -> "Presence":
        """What a viewer learns of it."""
        if not sight.is_online_shown:
            return Presence(self.user_id)
        return self if sight.is_last_seen_shown else replace(self, seen_at=None)


@dataclass(frozen=True, slots=True)
class View:
    """What several viewers learn alike of somebody's presence."""

    presence: Presence
    is_hidden: bool
    viewer_ids: tuple[UserId, ...]
