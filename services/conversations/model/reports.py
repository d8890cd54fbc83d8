"""Reports: messages that members bring to the attention of the platform's moderators."""

from collections.abc import Set
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from services.conversations.model.errors import PlatformRoleInsufficient
from services.conversations.model.ids import ConversationId, MessageId, ReportId, UserId

# Of one person.
MAX_OPEN_REPORTS = 100
# Of the platform, as they stand in access tokens.
_ROLES = frozenset({"moderator", "admin"})


class ReportReason(IntEnum):
    """Why; numbers as in the contract and in the database."""

    SPAM = 1
    ABUSE = 2
    VIOLENCE = 3
    SEXUAL = 4
    OTHER = 5


class ReportState(IntEnum):
    """What became of it; numbers as in the contract and in the database."""

    OPEN = 1
    RESOLVED = 2
    DISMISSED = 3


@dataclass(frozen=True, slots=True)
class Report:
    """One person's report of one message, with its text of then where that is to be shown."""

    report_id: ReportId
    message_id: MessageId
    conversation_id: ConversationId
    sender_id: UserId
    reporter_id: UserId
    reason: ReportReason
    comment: str
    content: str | None
    state: ReportState
    resolver_id: UserId | None
    resolution: str
    created_at: datetime
    resolved_at: datetime | None


def require_moderator(roles: Set[str]) -> None:
    """Raises: PlatformRoleInsufficient."""
    if _ROLES.isdisjoint(roles):
        raise PlatformRoleInsufficient()
