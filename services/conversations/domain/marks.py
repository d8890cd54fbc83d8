"""What all shared marks on messages have in common: the conversation's lock, a revision, a line in the log."""

from dataclasses import dataclass

from chassis.database import Transaction
from services.conversations.model.changes import ChangeKind
from services.conversations.model.conversations import Conversation
from services.conversations.model.errors import MessageDeleted, MessageNotFound
from services.conversations.model.ids import MessageId, UserId
from services.conversations.model.messages import Message
from services.conversations.model.participants import Standing
from services.conversations.store import changes, conversations, messages, participants


@dataclass(frozen=True, slots=True)
class Marked:
    """A message whose conversation is locked, and what the member who asks may do there."""

    message: Message
    conversation: Conversation
    standing: Standing

    def require_present(self) -> None:
        """Raises: MessageDeleted."""
        if self.message.deleted_at is not None:
            raise MessageDeleted()


def lock(tx: Transaction, message_id: MessageId, member_id: UserId) -> Marked:
    """Lock the conversation of a message and read both as they are from now on. Raises: MessageNotFound."""
    conversation_id = messages.get(tx, message_id, member_id=member_id).conversation_id
    conversation = conversations.lock(tx, conversation_id, member_id=member_id, missing=MessageNotFound)
    standing = participants.standing(tx, conversation_id, member_id, missing=MessageNotFound)
    return Marked(messages.get(tx, message_id, member_id=member_id), conversation, standing)


def save(tx: Transaction, marked: Marked, message: Message, kind: ChangeKind, *, actor_id: UserId) -> Message:
    """Store a locked message as it shall be, under the conversation's next revision."""
    changed = marked.conversation.changed()
    saved = message._replace(rev=changed.rev)
    messages.save(tx, saved)
    conversations.save(tx, changed)
    changes.append(tx, changed, kind, actor_id=actor_id, target_ids=[saved.message_id])
    return saved
