"""What somebody has begun to write; what is on its way to become a message is model/messages.py's Draft."""

from dataclasses import dataclass
from datetime import datetime

from services.conversations.model.errors import MessageContentInvalid
from services.conversations.model.ids import ConversationId, MessageId
from services.conversations.model.messages import check_content


@dataclass(frozen=True, slots=True)
class SavedDraft:
    """One person's draft in one conversation."""

    conversation_id: ConversationId
    content: str
    reply_to_id: MessageId | None
    updated_at: datetime

    def check(self, limit: int) -> None:
        """An answer may still lack its text. Raises: MessageTooLong, MessageContentInvalid."""
        if self.content:
            check_content(self.content, limit)
        elif self.reply_to_id is None:
            raise MessageContentInvalid()
