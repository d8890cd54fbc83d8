"""Who takes part where and has read how far, and what that means for their inboxes."""

from collections.abc import Sequence

from chassis.database import Transaction
from services.notifications.domain import notifications
from services.notifications.model import titles
from services.notifications.model.ids import ConversationId, UserId
from services.notifications.model.members import Audience, Member, Position, Settings
from services.notifications.store import followers, members
from services.notifications.store import notifications as store


def add(
    tx: Transaction,
    member: Member,
    *,
    actor_id: UserId | None,
    conversation_title: str,
    is_direct: bool,
    audience: Audience,
) -> None:
    """Note a new member, and notify one whom somebody else brought in while they were not looking and not against it.

    Emits: NotificationCreated.
    """
    # Messages that were gathered came before: they are not for the new member.
    tx.settle()
    if not members.put(tx, member) or actor_id == member.user_id or audience.is_looking(member.user_id):
        return
    title = titles.of_membership(audience.name(actor_id), conversation_title, is_direct=is_direct)
    added = store.add_membership(tx, member.user_id, member.conversation_id, title, actor_id)
    notifications.announce(tx, added)


def remove(tx: Transaction, member: Member) -> None:
    """Note that somebody left, and leave nothing in their inbox that a later edit could change.

    Emits: NotificationDeleted.
    """
    if members.put(tx, member):
        notifications.withdraw(tx, store.forget(tx, member.conversation_id, member.user_id))


def forget(tx: Transaction, conversation_id: ConversationId) -> None:
    """Forget a deleted conversation in every inbox. Emits: NotificationDeleted."""
    members.forget(tx, conversation_id)
    followers.forget(tx, conversation_id)
    notifications.withdraw(tx, store.forget(tx, conversation_id))


def choose(tx: Transaction, settings: Settings) -> None:
    """Note what a member wants to hear of from now on; what they were told stays."""
    tx.settle()
    members.choose(tx, settings)


def move_read(tx: Transaction, positions: Sequence[Position]) -> None:
    """Settle what members have read by now. Emits: NotificationRead, or NotificationCreated while some is left."""
    moved = members.move_read(tx, positions)
    if moved:
        notifications.announce_reading(tx, store.settle(tx, moved))
