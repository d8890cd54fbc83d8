"""A message as far as a notification shows it."""

from dataclasses import dataclass

from services.notifications.model.ids import ConversationId, MessageId, UserId

BODY_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Message:
    """Who wrote what where; `seq` is its number within the conversation."""

    message_id: MessageId
    conversation_id: ConversationId
    seq: int
    sender_id: UserId
    content: str

    @property
    def excerpt(self) -> str:
        """The beginning of the text, for a notification's body."""
        return self.content[:BODY_LENGTH]
