"""Who follows which thread."""

from chassis.database import Transaction
from services.notifications.model.ids import ConversationId, MessageId, UserId
from services.notifications.store import followers


def follow(
    tx: Transaction, *, root_id: MessageId, user_id: UserId, conversation_id: ConversationId, is_following: bool
) -> None:
    """Note what somebody said about a thread; it holds until they say otherwise or write in it."""
    tx.settle()
    followers.put(tx, root_id, user_id, conversation_id, is_following=is_following)
