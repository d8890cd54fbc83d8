"""Pinning messages in their conversation."""

from chassis.database import Transaction
from chassis.paging import Cursor, Page
from services.conversations.domain import marks
from services.conversations.domain.marks import Marked
from services.conversations.model.changes import ChangeKind
from services.conversations.model.conversations import ConversationKind
from services.conversations.model.errors import PinLimit
from services.conversations.model.events import PinChanged
from services.conversations.model.ids import ConversationId, MessageId, UserId
from services.conversations.model.permissions import Action
from services.conversations.model.pins import MAX_PINS, Pin
from services.conversations.store import conversations, pins


def pin(tx: Transaction, *, message_id: MessageId, actor_id: UserId) -> None:
    """Pin a message; one that is pinned stays as it is.

    Raises: MessageNotFound, MessageDeleted, PinLimit, and what keeps a member from pinning. Emits: PinChanged.
    """
    marked = _lock(tx, message_id, actor_id)
    marked.require_present()
    if marked.message.is_pinned:
        return
    if pins.count(tx, marked.message.conversation_id) >= MAX_PINS:
        raise PinLimit(limit=str(MAX_PINS))
    pins.add(tx, marked.message, actor_id)
    _change(tx, marked, actor_id, is_pinned=True)


def unpin(tx: Transaction, *, message_id: MessageId, actor_id: UserId) -> None:
    """Unpin a message; does nothing where there is no pin.

    Raises: MessageNotFound, and what keeps a member from pinning. Emits: PinChanged.
    """
    marked = _lock(tx, message_id, actor_id)
    if marked.message.is_pinned:
        pins.remove(tx, message_id)
        _change(tx, marked, actor_id, is_pinned=False)


def list_pins(
    tx: Transaction, *, conversation_id: ConversationId, member_id: UserId, cursor: Cursor | None, size: int
) -> Page[Pin]:
    """A page of what a member may see, the latest pin first. Raises: ConversationNotFound."""
    page = pins.page(tx, conversation_id, member_id=member_id, cursor=cursor, size=size)
    if not page.rows:
        # Nothing there, or nothing for this reader: only then is another query worth it.
        conversations.get(tx, conversation_id, member_id=member_id)
    return page


def _lock(tx: Transaction, message_id: MessageId, actor_id: UserId) -> Marked:
    marked = marks.lock(tx, message_id, actor_id)
    # Of two people who talk neither is set above the other.
    is_direct = marked.conversation.kind is ConversationKind.DIRECT
    marked.standing.require_may(Action.WRITE if is_direct else Action.PIN, tx.now)
    return marked


def _change(tx: Transaction, marked: Marked, actor_id: UserId, *, is_pinned: bool) -> None:
    changed = marked.message._replace(is_pinned=is_pinned)
    tx.emit(PinChanged(marks.save(tx, marked, changed, ChangeKind.PIN_CHANGED, actor_id=actor_id), actor_id))
