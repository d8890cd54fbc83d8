"""One person in a conversation: role, positions, and whether they may write."""

from dataclasses import dataclass
from datetime import datetime

from services.conversations.model.errors import Blocked, Muted, SenderSuspended
from services.conversations.model.ids import ConversationId, UserId
from services.conversations.model.permissions import Action, Role, require


@dataclass(frozen=True, slots=True)
class Participant:
    """A present or former member; `left_at` is set for former ones."""

    conversation_id: ConversationId
    user_id: UserId
    role: Role
    read_seq: int
    delivered_seq: int
    joined_at: datetime
    left_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """What decides whether a member may write at this moment."""

    role: Role
    is_active: bool
    is_blocked: bool
    muted_until: datetime | None

    def require_may_write(self, at: datetime) -> None:
        """Raises: SenderSuspended, RoleInsufficient, Muted, Blocked."""
        if not self.is_active:
            raise SenderSuspended()
        require(self.role, Action.WRITE)
        if self.muted_until is not None and self.muted_until > at:
            raise Muted(until=self.muted_until.isoformat())
        if self.is_blocked:
            raise Blocked()
