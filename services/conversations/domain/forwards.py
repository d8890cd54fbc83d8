"""Forwarding: copies of a message, as drafts that are sent like any other."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID, uuid5

from chassis.database import Transaction
from services.conversations.model.conversations import Conversation, HistoryVisibility
from services.conversations.model.errors import MessageDeleted, MessageNotForwardable
from services.conversations.model.ids import ConversationId, MessageId, UserId
from services.conversations.model.limits import Limits
from services.conversations.model.messages import Draft, Message, MessageType, Origin, check_content
from services.conversations.model.polls import Poll
from services.conversations.store import conversations, messages


@dataclass(frozen=True, slots=True)
class Forward:
    """What is sent to one conversation; the comment follows where the copy was stored."""

    copy: Draft
    comment: Draft | None


def prepare(
    tx: Transaction,
    *,
    message_id: MessageId,
    sender_id: UserId,
    conversation_ids: Sequence[ConversationId],
    comment: str,
    request_id: str,
    traceparent: str,
    limits: Limits,
) -> list[Forward]:
    """Make the drafts; whether each may be sent is judged when it is.

    Raises: MessageNotFound, MessageDeleted, MessageNotForwardable, MessageTooLong, MessageContentInvalid.
    """
    if comment:
        check_content(comment, limits.message_characters)
    message = messages.get(tx, message_id, member_id=sender_id)
    if message.deleted_at is not None:
        raise MessageDeleted()
    if message.message_type is MessageType.SYSTEM:
        raise MessageNotForwardable()
    conversation = conversations.get(tx, message.conversation_id, member_id=sender_id)
    copy = Draft(
        sender_id=sender_id,
        conversation_id=conversation.conversation_id,
        client_message_id="",
        content=message.content,
        message_type=message.message_type,
        poll=_anew(message.poll, tx) if message.poll is not None else None,
        forwarded_from=origin_of(message, conversation),
        forwards_id=message_id,
        traceparent=traceparent,
    )
    return [_addressed(copy, conversation_id, comment, request_id) for conversation_id in conversation_ids]


def origin_of(message: Message, conversation: Conversation) -> Origin:
    """Where a copy says that it comes from: the first origin and, unless everybody may read it there, nothing."""
    if message.forwarded_from is not None:
        return message.forwarded_from
    if not conversation.is_public or conversation.history_visibility is not HistoryVisibility.ALL:
        return Origin()
    return Origin(message.sender_id, message.conversation_id, message.message_id, message.created_at)


def _anew(poll: Poll, tx: Transaction) -> Poll:
    is_over = poll.closes_at is not None and poll.closes_at <= tx.now
    return replace(poll, votes=(), voter_count=0, is_closed=False, closes_at=None if is_over else poll.closes_at)


def _addressed(copy: Draft, conversation_id: ConversationId, comment: str, request_id: str) -> Forward:
    def key(part: str) -> str:
        # The same for a repeated request, and another one in each conversation.
        return str(uuid5(UUID(conversation_id), f"{request_id} {part}"))

    said = None
    if comment:
        said = Draft(copy.sender_id, conversation_id, key("comment"), comment, traceparent=copy.traceparent)
    return Forward(copy._replace(conversation_id=conversation_id, client_message_id=key("copy")), said)
