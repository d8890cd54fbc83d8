"""Messages that wait for their time."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import IntEnum
from uuid import UUID, uuid5

from services.conversations.model.errors import ScheduledMessageSettled, SendTimeInvalid
from services.conversations.model.ids import MessageId, ScheduledId
from services.conversations.model.messages import Draft

MOST_PENDING = 100
_FURTHEST = timedelta(days=366)
# A clock that runs a little ahead of ours still means "now".
_TOLERANCE = timedelta(minutes=1)


class ScheduledState(IntEnum):
    """What has become of it; numbers as in the contract and, but for the last, in the database."""

    PENDING = 1
    SENT = 2
    FAILED = 3
    CANCELLED = 4


@dataclass(frozen=True, slots=True)
class Scheduled:
    """A message to be. Its draft's key follows from its id, so that it never becomes two messages."""

    scheduled_id: ScheduledId
    draft: Draft
    send_at: datetime
    try_at: datetime
    state: ScheduledState
    failure: str
    message_id: MessageId | None
    created_at: datetime
    updated_at: datetime

    @classmethod
    def new(cls, scheduled_id: ScheduledId, draft: Draft, *, send_at: datetime, at: datetime) -> "Scheduled":
        """One that waits. Raises: SendTimeInvalid."""
        keyed = draft._replace(client_message_id=str(uuid5(UUID(scheduled_id), draft.conversation_id)))
        return cls(scheduled_id, keyed, send_at, send_at, ScheduledState.PENDING, "", None, at, at).checked(at)

    def checked(self, at: datetime) -> "Scheduled":
        """Raises: SendTimeInvalid."""
        if not at - _TOLERANCE <= self.send_at <= at + _FURTHEST:
            raise SendTimeInvalid()
        return self

    def require_waiting(self) -> None:
        """Raises: ScheduledMessageSettled."""
        if self.state is not ScheduledState.PENDING:
            raise ScheduledMessageSettled()

    def sent(self, message_id: MessageId, at: datetime) -> "Scheduled":
        """It became this message."""
        return replace(self, state=ScheduledState.SENT, message_id=message_id, updated_at=at)

    def failed(self, reason: str, at: datetime) -> "Scheduled":
        """It could not be sent when its time had come."""
        return replace(self, state=ScheduledState.FAILED, failure=reason, updated_at=at)

    def postponed(self, until: datetime) -> "Scheduled":
        """It could not be sent yet: that passes."""
        return replace(self, try_at=until)

    def cancelled(self, at: datetime) -> "Scheduled":
        """Its sender took it back."""
        return replace(self, state=ScheduledState.CANCELLED, updated_at=at)
