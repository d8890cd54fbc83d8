"""Threads: reading and following them; replies are sent as any message."""

from chassis.database import Transaction
from chassis.paging import Cursor, Page
from services.conversations.model.errors import MessageNotFound, PositionBeyondEnd
from services.conversations.model.events import ThreadChanged
from services.conversations.model.ids import MessageId, UserId
from services.conversations.model.messages import Message
from services.conversations.model.threads import Standing, Thread
from services.conversations.model.viewers import Viewed
from services.conversations.store import conversations, messages, threads


def list_replies(
    tx: Transaction, *, message_id: MessageId, member_id: UserId, cursor: Cursor | None, size: int
) -> tuple[Thread, Page[Viewed]]:
    """The thread of a message with a page of its replies; one without replies is a thread, too.

    Raises: MessageNotFound.
    """
    message = messages.get(tx, message_id, member_id=member_id)
    root_id = _root_of(message)
    try:
        root = messages.view(tx, root_id, member_id=member_id)
    except MessageNotFound:
        root = None
    standing = threads.standing(tx, root_id, member_id=member_id)
    replies = threads.page(tx, root_id, member_id=member_id, cursor=cursor, size=size)
    return Thread(root_id, message.conversation_id, root, standing), replies


def subscribe(tx: Transaction, *, message_id: MessageId, member_id: UserId, is_subscribed: bool) -> None:
    """Follow the thread of a message, or no longer. Raises: MessageNotFound. Emits: ThreadChanged, unless it was so."""
    message = messages.get(tx, message_id, member_id=member_id)
    root_id = _root_of(message)
    read_seq = threads.subscribe(tx, root_id, member_id=member_id, is_subscribed=is_subscribed)
    if read_seq is not None:
        conversation_id = message.conversation_id
        tx.emit(ThreadChanged(member_id, conversation_id, root_id, is_subscribed=is_subscribed, read_seq=read_seq))


def read(tx: Transaction, *, message_id: MessageId, member_id: UserId, seq: int) -> Standing:
    """Move a member's read position in the thread of a message forward.

    Raises: MessageNotFound, PositionBeyondEnd. Emits: ThreadChanged, unless they were there already.
    """
    message = messages.get(tx, message_id, member_id=member_id)
    conversation = conversations.get(tx, message.conversation_id, member_id=member_id)
    if seq > conversation.last_seq:
        raise PositionBeyondEnd(last_seq=str(conversation.last_seq))
    root_id = _root_of(message)
    is_subscribed = threads.read(tx, root_id, seq, member_id=member_id)
    standing = threads.standing(tx, root_id, member_id=member_id)
    if is_subscribed is not None:
        event = ThreadChanged(
            member_id, message.conversation_id, root_id, is_subscribed=is_subscribed, read_seq=standing.read_seq
        )
        tx.emit(event)
    return standing


def _root_of(message: Message) -> MessageId:
    return message.thread_root_id or message.message_id
