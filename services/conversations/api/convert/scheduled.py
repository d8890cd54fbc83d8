"""Messages that wait for their time."""

from typing import cast

from messaging.conversations.v1 import messages_pb2, scheduled_pb2
from services.conversations.api.convert.messages import poll_draft
from services.conversations.api.convert.values import conversation_id, message_id, time
from services.conversations.model.ids import ScheduledId, UserId
from services.conversations.model.messages import Draft, MessageType, Priority
from services.conversations.model.scheduled import Scheduled


def scheduled(source: Scheduled) -> scheduled_pb2.ScheduledMessage:
    """A message to be, as its sender sees it."""
    draft = source.draft
    shown = scheduled_pb2.ScheduledMessage(
        scheduled_message_id=source.scheduled_id,
        conversation_id=draft.conversation_id,
        content=draft.content,
        message_type=cast("messages_pb2.MessageType.ValueType", draft.message_type),
        priority=cast("messages_pb2.Priority.ValueType", draft.priority),
        is_important=draft.is_important,
        requires_acknowledgement=draft.requires_acknowledgement,
        reply_to_id=draft.reply_to_id or "",
        send_time=time(source.send_at),
        state=cast("scheduled_pb2.ScheduledState.ValueType", source.state),
        failure_reason=source.failure,
        message_id=source.message_id or "",
        create_time=time(source.created_at),
        update_time=time(source.updated_at),
    )
    if draft.poll is not None:
        shown.poll.options.extend(draft.poll.options)
        shown.poll.is_multiple = draft.poll.is_multiple
        shown.poll.is_anonymous = draft.poll.is_anonymous
        if draft.poll.closes_at is not None:
            shown.poll.close_time.CopyFrom(time(draft.poll.closes_at))
    return shown


def scheduled_draft(request: scheduled_pb2.ScheduleMessageRequest, sender: UserId) -> Draft:
    """What is to be sent, unchecked; its key is not this request's."""
    return Draft(
        sender_id=sender,
        conversation_id=conversation_id(request.conversation_id),
        client_message_id="",
        content=request.content,
        message_type=request.message_type or MessageType.TEXT,
        priority=request.priority or Priority.NORMAL,
        is_important=request.is_important,
        reply_to_id=message_id(request.reply_to_id) if request.reply_to_id else None,
        requires_acknowledgement=request.requires_acknowledgement,
        poll=poll_draft(request.poll) if request.HasField("poll") else None,
    )


def scheduled_id(text: str) -> ScheduledId:
    """In the spelling that everything compares by."""
    return ScheduledId(text.lower())
