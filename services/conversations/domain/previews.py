"""Previews of links: promised with a message, made by the worker, added to the message as a change of their own."""

from collections.abc import Mapping

from chassis.database import Transaction, jobs
from services.conversations.model.changes import ChangeKind
from services.conversations.model.errors import ConversationNotFound
from services.conversations.model.events import MessageUpdated
from services.conversations.model.ids import MessageId
from services.conversations.model.limits import Limits
from services.conversations.model.messages import Message, Preview
from services.conversations.model.previews import LINK_PREVIEWS, links
from services.conversations.store import changes, conversations, messages


def promise(tx: Transaction, message: Message, limits: Limits) -> None:
    """Have the worker look at a new text's links, if it has any; for all messages of a transaction in one statement."""
    if limits.has_link_previews and links(message.content):
        tx.gather(_promise, message.message_id)


def _promise(tx: Transaction, message_ids: list[MessageId]) -> None:
    jobs.add_all(tx, LINK_PREVIEWS, [{"message_id": message_id} for message_id in message_ids])


def kept(message: Message) -> Message:
    """The message without the previews of links that its text no longer has."""
    written = links(message.content)
    return message._replace(previews=tuple(preview for preview in message.previews if preview.url in written))


def wanted(tx: Transaction, message_id: MessageId) -> tuple[str, ...]:
    """The links of a message; none once it is deleted."""
    message = messages.named(tx, [message_id]).get(message_id)
    return links(message.content) if message is not None else ()


def attach(tx: Transaction, message_id: MessageId, found: Mapping[str, Preview]) -> None:
    """Add previews to a message, in the order of its links; what it no longer links to, or is deleted, gets none.

    Emits: MessageUpdated, unless nothing is new.
    """
    message = messages.named(tx, [message_id])[message_id]
    try:
        conversation = conversations.lock(tx, message.conversation_id, member_id=None)
    except ConversationNotFound:
        return
    message = messages.named(tx, [message_id])[message_id]
    # Jobs of two edits may overtake each other: what another one has found stays.
    known = {**{preview.url: preview for preview in message.previews}, **found}
    previews = tuple(known[link] for link in links(message.content) if link in known)
    if previews == message.previews:
        return
    changed = conversation.changed()
    updated = message._replace(rev=changed.rev, previews=previews)
    messages.save(tx, updated)
    conversations.save(tx, changed)
    changes.append(tx, changed, ChangeKind.MESSAGE_UPDATED, actor_id=message.sender_id, target_ids=[message_id])
    tx.emit(MessageUpdated(updated), actor_id=message.sender_id)
