"""Confirming that one took notice, and who has not yet."""

from chassis.database import Transaction
from chassis.paging import Cursor, Page
from services.conversations.domain import marks
from services.conversations.model.acknowledgements import Acknowledgement
from services.conversations.model.changes import ChangeKind
from services.conversations.model.errors import AcknowledgementNotRequired
from services.conversations.model.events import Acknowledged, MessageUpdated
from services.conversations.model.ids import MessageId, UserId
from services.conversations.model.permissions import Action, require
from services.conversations.store import acknowledgements, messages, participants


def acknowledge(tx: Transaction, *, message_id: MessageId, user_id: UserId) -> Acknowledgement:
    """Acknowledge a message; everybody who is asked to may, whatever their role. Answers the time of the first time.

    Raises: MessageNotFound, MessageDeleted, AcknowledgementNotRequired. Emits: MessageUpdated, Acknowledged.
    """
    marked = marks.lock(tx, message_id, user_id)
    marked.require_present()
    found = acknowledgements.find(tx, message_id, user_id)
    if found is not None:
        return found
    message = marked.message
    if not message.requires_acknowledgement or message.sender_id == user_id:
        raise AcknowledgementNotRequired()
    counted = message._replace(acknowledgement_count=message.acknowledgement_count + 1)
    saved = marks.save(tx, marked, counted, ChangeKind.MESSAGE_UPDATED, actor_id=user_id)
    given = acknowledgements.add(tx, saved, user_id)
    tx.emit(MessageUpdated(saved))
    tx.emit(Acknowledged(user_id, saved))
    return given


def list_acknowledgements(
    tx: Transaction,
    *,
    message_id: MessageId,
    member_id: UserId,
    is_acknowledged: bool | None,
    cursor: Cursor | None,
    size: int,
) -> Page[Acknowledgement]:
    """A page of who has and who has not yet, for the author and moderators.

    Raises: MessageNotFound, RoleInsufficient, AcknowledgementNotRequired.
    """
    message = messages.get(tx, message_id, member_id=member_id)
    if message.sender_id != member_id:
        member = participants.member(tx, message.conversation_id, member_id)
        require(member.role, Action.SEE_ACKNOWLEDGEMENTS)
    if not message.requires_acknowledgement:
        raise AcknowledgementNotRequired()
    return acknowledgements.page(tx, message, is_acknowledged=is_acknowledged, cursor=cursor, size=size)
