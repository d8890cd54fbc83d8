"""What people have begun to write, on whichever of their devices."""

from chassis.database import Transaction
from services.conversations.model.drafts import SavedDraft
from services.conversations.model.errors import ReplyTargetUnavailable
from services.conversations.model.events import DraftChanged
from services.conversations.model.ids import ConversationId, MessageId, UserId
from services.conversations.model.limits import Limits
from services.conversations.store import drafts, messages, participants


def save(
    tx: Transaction,
    *,
    conversation_id: ConversationId,
    user_id: UserId,
    content: str,
    reply_to_id: MessageId | None,
    limits: Limits,
) -> SavedDraft:
    """Store a draft in place of the one before, unless a later one came first; answers the one that is there now.

    Raises: MessageTooLong, MessageContentInvalid, ConversationNotFound, ReplyTargetUnavailable. Emits: DraftChanged.
    """
    draft = SavedDraft(conversation_id, content, reply_to_id, tx.now)
    draft.check(limits.message_characters)
    participants.member(tx, conversation_id, user_id)
    if reply_to_id is not None:
        target = messages.named(tx, [reply_to_id], member_id=user_id).get(reply_to_id)
        if target is None or target.conversation_id != conversation_id or target.deleted_at is not None:
            raise ReplyTargetUnavailable()
    if not drafts.save(tx, user_id, draft):
        return drafts.get(tx, user_id, conversation_id)
    tx.emit(DraftChanged(user_id, conversation_id, draft))
    return draft


def get(tx: Transaction, *, conversation_id: ConversationId, user_id: UserId) -> SavedDraft:
    """Raises: ConversationNotFound, DraftNotFound."""
    participants.member(tx, conversation_id, user_id)
    return drafts.get(tx, user_id, conversation_id)


def delete(tx: Transaction, *, conversation_id: ConversationId, user_id: UserId) -> None:
    """Delete a draft where there is one. Raises: ConversationNotFound. Emits: DraftChanged."""
    participants.member(tx, conversation_id, user_id)
    if drafts.delete(tx, user_id, conversation_id):
        tx.emit(DraftChanged(user_id, conversation_id, None))
