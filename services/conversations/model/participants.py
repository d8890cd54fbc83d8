"""One person in a conversation: role, positions, and whether they may write."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import IntEnum
from typing import NamedTuple

from services.conversations.model.errors import Blocked, Muted, PostingRestricted, SenderSuspended, SlowMode
from services.conversations.model.ids import ConversationId, UserId
from services.conversations.model.permissions import Action, Role, may, require


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
    # By a moderator.
    muted_until: datetime | None = None
    visible_after: int = 0
    nickname: str = ""
    # They do not show what they read, and it is left out.
    is_read_hidden: bool = field(default=False, kw_only=True)

    def without_read(self) -> "Participant":
        """As others see one who does not show what they read."""
        return replace(self, read_seq=0, is_read_hidden=True)


class NotificationLevel(IntEnum):
    """Of which messages to be notified; numbers as in the contract and in the database."""

    ALL = 1
    MENTIONS = 2
    NONE = 3


@dataclass(frozen=True, slots=True)
class Settings:
    """What a member has set for themselves in one conversation; the others do not learn it."""

    snoozed_until: datetime | None = None
    notification_level: NotificationLevel = NotificationLevel.ALL
    is_pinned: bool = False
    is_archived: bool = False


def still_to_come(end: datetime | None, *, at: datetime) -> datetime | None:
    """The end of a mute; none when it is over already."""
    return end if end is not None and end > at else None


class Standing(NamedTuple):
    """What decides whether a member may write at this moment."""

    role: Role
    is_active: bool
    is_blocked: bool
    muted_until: datetime | None
    is_restricted: bool = False
    slow_mode_seconds: int = 0
    last_sent_at: datetime | None = None
    visible_after: int = 0

    def require_may(self, action: Action, at: datetime) -> None:
        """Of what members show each other. Raises: SenderSuspended, RoleInsufficient, Muted, Blocked."""
        if not self.is_active:
            raise SenderSuspended()
        require(self.role, action)
        if self.muted_until is not None and self.muted_until > at:
            raise Muted(until=self.muted_until.isoformat())
        if self.is_blocked:
            raise Blocked()

    def require_may_write(self, at: datetime) -> None:
        """Raises: SenderSuspended, RoleInsufficient, Muted, Blocked, PostingRestricted."""
        self.require_may(Action.WRITE, at)
        if self.is_restricted and not may(self.role, Action.WRITE_WHERE_RESTRICTED):
            raise PostingRestricted()

    def require_may_send(self, at: datetime, *, last_sent_at: datetime | None) -> None:
        """`last_sent_at` is of a message that is not stored yet. Raises: what keeps from writing, SlowMode."""
        self.require_may_write(at)
        last_sent_at = last_sent_at or self.last_sent_at
        if self.slow_mode_seconds and last_sent_at is not None and not may(self.role, Action.IGNORE_SLOW_MODE):
            wait = last_sent_at + timedelta(seconds=self.slow_mode_seconds) - at
            if wait > timedelta():
                raise SlowMode(retry_after=wait.total_seconds())
