"""One entry of an inbox."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from services.notifications.model.errors import AcknowledgementRequired
from services.notifications.model.ids import ConversationId, MessageId, NotificationId, UserId


class Kind(StrEnum):
    """What a notification is about; the values are stored."""

    MESSAGE = "message"
    MEMBER_ADDED = "member_added"
    MENTION = "mention"
    REPLY = "reply"
    ACKNOWLEDGEMENT = "acknowledgement"


@dataclass(frozen=True, slots=True)
class Notification:
    """What happened while its user was not looking.

    All unread messages of a conversation share one, those that mention its user another, and those in threads that its
    user follows a third: it shows the newest, counts them, and is used again after it was read. Each message that is to
    be acknowledged has its own, which waits for just that. `created_at` is when it appeared, last became unread again
    or last reminded, so the list's newest are those that want to be seen.
    """

    notification_id: NotificationId
    user_id: UserId
    kind: Kind
    title: str
    body: str
    actor_id: UserId | None
    conversation_id: ConversationId
    message_id: MessageId | None
    count: int
    created_at: datetime
    read_at: datetime | None

    @property
    def is_read(self) -> bool:
        """Whether it was read."""
        return self.read_at is not None

    def marked(self, *, is_read: bool, at: datetime) -> "Notification":
        """Return it as read or unread from the given time on; unchanged when it is that already.

        Raises: AcknowledgementRequired.
        """
        if is_read == self.is_read:
            return self
        if self.kind is Kind.ACKNOWLEDGEMENT:
            raise AcknowledgementRequired()
        return replace(self, read_at=at) if is_read else replace(self, read_at=None, created_at=at)
