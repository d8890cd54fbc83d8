"""Messages, and drafts on their way to become one."""

from collections.abc import Callable, Sequence
from typing import cast

from chassis.errors import Failure
from chassis.rpc.status import to_status
from messaging.conversations.v1 import messages_pb2
from services.conversations.api.convert.values import conversation_id, message_id, moment, stamp, time, user_id
from services.conversations.model.messages import (
    Draft,
    Message,
    MessageType,
    Origin,
    Priority,
    Selection,
    Sent,
    Version,
)
from services.conversations.model.polls import Poll
from services.conversations.model.viewers import DeliveryStatus, Viewed

Maker = Callable[..., messages_pb2.Message]


def message(source: Message, make: Maker = messages_pb2.Message) -> messages_pb2.Message:
    """As every member sees it; a list's own `add` as maker spares it the copy."""
    shown = make(
        message_id=source.message_id,
        conversation_id=source.conversation_id,
        seq=source.seq,
        rev=source.rev,
        sender_id=source.sender_id,
        message_type=cast("messages_pb2.MessageType.ValueType", source.message_type),
        content=source.content,
        priority=cast("messages_pb2.Priority.ValueType", source.priority),
        client_message_id=source.client_message_id,
    )
    stamp(shown.create_time, source.created_at)
    # What few messages have costs the others next to nothing.
    if source.is_important:
        shown.is_important = True
    if source.edited_at is not None:
        stamp(shown.edit_time, source.edited_at)
    if source.deleted_at is not None:
        stamp(shown.delete_time, source.deleted_at)
    if source.reply_to_id is not None:
        shown.reply_to_id = source.reply_to_id
    if source.thread_root_id is not None:
        shown.thread_root_id = source.thread_root_id
    if source.reply_count:
        shown.reply_count = source.reply_count
    if source.mentions:
        shown.mentioned_ids.extend(source.mentions)
    if source.mentions_all:
        shown.mentions_all = True
    if source.requires_acknowledgement:
        shown.requires_acknowledgement = True
    if source.acknowledgement_count:
        shown.acknowledgement_count = source.acknowledgement_count
    if source.is_pinned:
        shown.is_pinned = True
    for emoji, count in source.reactions:
        shown.reactions.add(emoji=emoji, count=count)
    for found in source.previews:
        shown.previews.add(url=found.url, title=found.title, description=found.description, site_name=found.site_name)
    if source.forwarded_from is not None:
        shown.forwarded_from.CopyFrom(_origin(source.forwarded_from))
    if source.poll is not None:
        shown.poll.CopyFrom(poll(source.poll))
    return shown


def viewed(source: Viewed, make: Maker = messages_pb2.Message) -> messages_pb2.Message:
    """As one member sees it."""
    shown = message(source.message, make)
    if (state := source.state) is not None:
        shown.viewer.status = delivery_status(state.status)
        if state.reactions:
            shown.viewer.reactions.extend(state.reactions)
        if state.is_bookmarked:
            shown.viewer.is_bookmarked = True
        if state.has_acknowledged:
            shown.viewer.has_acknowledged = True
        if state.votes:
            shown.viewer.votes.extend(state.votes)
    return shown


def delivery_status(source: DeliveryStatus | None) -> "messages_pb2.DeliveryStatus.ValueType":
    """How far a message has come; nothing of somebody else's."""
    return cast("messages_pb2.DeliveryStatus.ValueType", source or 0)


def version(source: Version) -> messages_pb2.MessageVersion:
    """A text that a message had."""
    return messages_pb2.MessageVersion(rev=source.rev, content=source.content, create_time=time(source.created_at))


def _origin(source: Origin) -> messages_pb2.ForwardOrigin:
    return messages_pb2.ForwardOrigin(
        sender_id=source.sender_id or "",
        conversation_id=source.conversation_id or "",
        message_id=source.message_id or "",
        create_time=time(source.created_at) if source.created_at else None,
    )


def poll(source: Poll) -> messages_pb2.Poll:
    """Options with their counts."""
    votes = source.votes or (0,) * len(source.options)
    return messages_pb2.Poll(
        options=[
            messages_pb2.PollOption(text=option, votes=count)
            for option, count in zip(source.options, votes, strict=True)
        ],
        is_multiple=source.is_multiple,
        is_anonymous=source.is_anonymous,
        close_time=time(source.closes_at) if source.closes_at else None,
        is_closed=source.is_closed,
        voter_count=source.voter_count,
    )


def sent(outcomes: Sequence[Sent | Failure]) -> messages_pb2.SendMessagesResponse:
    """What became of each item."""
    response = messages_pb2.SendMessagesResponse()
    for outcome in outcomes:
        result = response.results.add()
        if isinstance(outcome, Sent):
            result.message.CopyFrom(message(outcome.message))
            result.replayed = outcome.is_replayed
        else:
            result.error.CopyFrom(to_status(outcome))
    return response


def draft(item: messages_pb2.SendItem) -> Draft:
    """An item of a batch, unchecked."""
    deadline = item.deadline_time
    return Draft(
        sender_id=user_id(item.sender_id),
        conversation_id=conversation_id(item.conversation_id),
        client_message_id=item.client_message_id,
        content=item.content,
        message_type=item.message_type or MessageType.TEXT,
        priority=item.priority or Priority.NORMAL,
        is_important=item.is_important,
        traceparent=item.traceparent,
        deadline=deadline.seconds + deadline.nanos / 1e9 if item.HasField("deadline_time") else None,
        reply_to_id=message_id(item.reply_to_id) if item.reply_to_id else None,
        requires_acknowledgement=item.requires_acknowledgement,
        poll=poll_draft(item.poll) if item.HasField("poll") else None,
    )


def poll_draft(source: messages_pb2.PollDraft) -> Poll:
    """A poll to be, unchecked."""
    return Poll(
        options=tuple(source.options),
        is_multiple=source.is_multiple,
        is_anonymous=source.is_anonymous,
        closes_at=moment(source.close_time) if source.HasField("close_time") else None,
    )


def selection(request: messages_pb2.ListMessagesRequest) -> Selection:
    """Which messages a list shall hold."""
    return Selection(
        sender_id=user_id(request.sender_id) if request.sender_id else None,
        priority=Priority(request.priority) if request.priority else None,
        since=moment(request.since_time) if request.HasField("since_time") else None,
        until=moment(request.until_time) if request.HasField("until_time") else None,
        before_seq=request.before_seq or None,
        after_seq=request.after_seq if request.HasField("after_seq") else None,
        around_seq=request.around_seq or None,
        is_pinned=request.is_pinned if request.HasField("is_pinned") else None,
    )
