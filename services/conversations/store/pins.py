"""Which messages a conversation keeps at hand."""

from datetime import datetime

from sqlalchemy import func, select

from chassis.database import Transaction
from chassis.paging import Cursor, Page
from services.conversations.model.ids import ConversationId, MessageId, UserId
from services.conversations.model.messages import Message
from services.conversations.model.pins import Pin
from services.conversations.store import messages, pages, viewers
from services.conversations.store.marks import pins as table

_VISIBLE = f"""
    select x.actor_id, x.created_at, {messages.VIEWED} from pins x
    join messages m on m.id = x.message_id
    join conversations c on c.id = m.conversation_id and c.deleted_at is null
    join participants p on p.conversation_id = c.id and p.user_id = :member_id and p.left_at is null
    where x.conversation_id = :conversation_id and {messages.VISIBLE}
"""  # noqa: S608 - names of columns


def add(tx: Transaction, message: Message, actor_id: UserId) -> None:
    """Insert a pin of a message whose conversation is locked."""
    row = {"message_id": message.message_id, "conversation_id": message.conversation_id, "actor_id": actor_id}
    tx.execute(table.insert().values(**row, created_at=tx.now))


def remove(tx: Transaction, message_id: MessageId) -> None:
    """Delete a pin."""
    tx.execute(table.delete().where(table.c.message_id == message_id))


def count(tx: Transaction, conversation_id: ConversationId) -> int:
    """How many a conversation has."""
    statement = select(func.count()).where(table.c.conversation_id == conversation_id)
    return int(tx.execute(statement).scalar_one())


def page(
    tx: Transaction, conversation_id: ConversationId, *, member_id: UserId, cursor: Cursor | None, size: int
) -> Page[Pin]:
    """A page of what the member may see, the latest pin first; empty for outsiders, too."""
    named = {"conversation_id": conversation_id, "member_id": member_id}
    place = ("x.created_at", "x.message_id")
    rows = pages.read(tx, _VISIBLE, named, place=place, cursor=cursor, size=size, is_falling=True)
    shown = viewers.settled(tx, [messages.found(message) for _, _, *message in rows], member_id=member_id)
    pins = [Pin(message, actor_id, at) for message, (actor_id, at, *_) in zip(shown, rows, strict=True)]
    return Page.cut(pins, size=size, cursor=cursor, key=_place, weigh=_size_of)


def _place(pin: Pin) -> tuple[datetime, MessageId]:
    return pin.created_at, pin.viewed.message.message_id


def _size_of(pin: Pin) -> int:
    return messages.size_of(pin.viewed.message)
