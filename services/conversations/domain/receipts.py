"""How far members have got: positions only move forward, and the others hear of it at most once a second."""

from chassis.database import Transaction
from services.conversations.model.events import DeliveredMoved, ReadMoved
from services.conversations.model.ids import ConversationId, UserId
from services.conversations.model.participants import Participant
from services.conversations.model.positions import PositionKind
from services.conversations.store import conversations, participants, receipts

_ANNOUNCE_AT_ONCE = 500


def move(
    tx: Transaction, *, conversation_id: ConversationId, user_id: UserId, kind: PositionKind, seq: int
) -> tuple[Participant, int]:
    """Move a member's position forward; answers the member and the conversation's last seq.

    Raises: ConversationNotFound, PositionBeyondEnd. Emits: ReadMoved or DeliveredMoved, now or within a second.
    """
    position = receipts.lock(tx, conversation_id, user_id)
    moved = position.moved(kind, seq)
    if moved != position.participant:
        unannounced = PositionKind(max(position.unannounced, kind))
        receipts.save(tx, moved, unannounced=0 if position.is_announcement_due else unannounced)
        if position.is_announcement_due:
            _announce(tx, unannounced, moved)
    return moved, position.last_seq


def announce_due(tx: Transaction) -> int:
    """Announce moves that had to wait; answers how many. Emits: ReadMoved, DeliveredMoved."""
    due = receipts.take_due(tx, count=_ANNOUNCE_AT_ONCE)
    for kind, participant in due:
        if participant.left_at is None:
            _announce(tx, kind, participant)
    return len(due)


def list_receipts(tx: Transaction, *, conversation_id: ConversationId, member_id: UserId) -> list[Participant]:
    """All participants with their positions. Raises: ConversationNotFound."""
    conversations.get(tx, conversation_id, member_id=member_id)
    return participants.everybody(tx, conversation_id)


def check_typing(tx: Transaction, *, conversation_id: ConversationId, user_id: UserId) -> None:
    """Only who may write is seen typing. Raises: ConversationNotFound, and what keeps a member from writing."""
    participants.standing(tx, conversation_id, user_id).require_may_write(tx.now)


def _announce(tx: Transaction, kind: PositionKind, participant: Participant) -> None:
    tx.emit(ReadMoved(participant) if kind is PositionKind.READ else DeliveredMoved(participant))
