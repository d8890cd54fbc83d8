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

    # W3C context of the request that sent it, or empty.
    traceparent: str = ""

    @property
    def excerpt(self) -> str:
        """The beginning of the text, for a notification's body."""
        return self.content[:BODY_LENGTH]


@dataclass(frozen=True, slots=True)
class Missed:
    """What a member has not read of some messages of a conversation: how many, and the newest."""

    conversation_id: ConversationId
    user_id: UserId
    newest_id: MessageId
    count: int
