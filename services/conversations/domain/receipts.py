"""How far members have got: positions only move forward, and the others hear of it at most once a second."""

from chassis.database import Transaction
from services.conversations.model.events import DeliveredMoved, ReadMoved
from services.conversations.model.ids import ConversationId, MessageId, UserId
from services.conversations.model.participants import Participant
from services.conversations.model.positions import PositionKind
from services.conversations.model.viewers import MessageReceipts
from services.conversations.store import conversations, messages, participants, receipts

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
        kinds = position.moves(moved)
        receipts.save(tx, moved, unannounced=0 if position.is_announcement_due else kinds)
        if position.is_announcement_due:
            _announce(tx, kinds, moved, is_shared=position.is_read_shared)
    return moved, position.last_seq


def announce_due(tx: Transaction) -> int:
    """Announce moves that had to wait; answers how many. Emits: ReadMoved, DeliveredMoved."""
    due = receipts.take_due(tx, count=_ANNOUNCE_AT_ONCE)
    for kinds, is_shared, participant in due:
        if participant.left_at is None:
            _announce(tx, kinds, participant, is_shared=is_shared)
    return len(due)


def list_receipts(tx: Transaction, *, conversation_id: ConversationId, member_id: UserId) -> list[Participant]:
    """All participants with their positions, as far as they show them. Raises: ConversationNotFound."""
    conversations.get(tx, conversation_id, member_id=member_id)
    return receipts.shown(tx, conversation_id, member_id=member_id)


def of_message(tx: Transaction, *, message_id: MessageId, member_id: UserId) -> MessageReceipts:
    """How far a message has come with each of those who may see it, its sender apart. Raises: MessageNotFound."""
    message = messages.get(tx, message_id, member_id=member_id)
    # What a reader has hidden from others is hidden from themselves here, so that all are told the same.
    members = receipts.shown(tx, message.conversation_id, member_id=message.sender_id)
    others = [one for one in members if one.user_id != message.sender_id and one.visible_after < message.seq]
    return MessageReceipts.of(message.seq, others)


def may_show_typing(tx: Transaction, *, conversation_id: ConversationId, user_id: UserId) -> bool:
    """Only who may write is seen typing, and only where they show it: answers whether the others are to be told.

    Raises: ConversationNotFound, and what keeps a member from writing.
    """
    participants.standing(tx, conversation_id, user_id).require_may_write(tx.now)
    return receipts.is_typing_shared(tx, user_id)


def _announce(tx: Transaction, kinds: PositionKind, participant: Participant, *, is_shared: bool) -> None:
    if is_shared:
        # Who is told of both needs no second event.
        tx.emit(ReadMoved(participant) if PositionKind.READ in kinds else DeliveredMoved(participant))
        return
    if PositionKind.READ in kinds:
        tx.emit(ReadMoved(participant, is_private=True))
    if PositionKind.DELIVERED in kinds:
        tx.emit(DeliveredMoved(participant.without_read()))
