"""Between the contract's messages and the model's nouns. Enums have the same numbers on both sides."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import cast

from google.protobuf.timestamp_pb2 import Timestamp

from chassis.errors import Failure
from chassis.rpc.status import to_status
from messaging.conversations.v1 import conversations_pb2, messages_pb2, participants_pb2
from services.conversations.model.changes import Change, Changes, ChangesMode
from services.conversations.model.conversations import Conversation, MemberView, Revision
from services.conversations.model.ids import ConversationId, MessageId, UserId
from services.conversations.model.messages import Draft, Message, MessageType, Origin, Priority, Selection, Sent
from services.conversations.model.participants import Participant, Settings
from services.conversations.model.polls import Poll

_MODES: dict[ChangesMode, conversations_pb2.ChangesMode.ValueType] = {
    ChangesMode.EVENTS: conversations_pb2.CHANGES_MODE_EVENTS,
    ChangesMode.COMPACTED: conversations_pb2.CHANGES_MODE_COMPACTED,
    ChangesMode.RESET: conversations_pb2.CHANGES_MODE_RESET,
}


@lru_cache(maxsize=256)
def time(at: datetime) -> Timestamp:
    """To the microsecond, which is how PostgreSQL keeps it. Remembered, since all messages of a batch have one time."""
    return Timestamp(seconds=int(at.timestamp()), nanos=at.microsecond * 1000)


def message(source: Message) -> messages_pb2.Message:
    """As every member sees it."""
    shown = messages_pb2.Message(
        message_id=source.message_id,
        conversation_id=source.conversation_id,
        seq=source.seq,
        rev=source.rev,
        sender_id=source.sender_id,
        message_type=cast("messages_pb2.MessageType.ValueType", source.message_type),
        content=source.content,
        priority=cast("messages_pb2.Priority.ValueType", source.priority),
        is_important=source.is_important,
        client_message_id=source.client_message_id,
        create_time=time(source.created_at),
        edit_time=time(source.edited_at) if source.edited_at else None,
        delete_time=time(source.deleted_at) if source.deleted_at else None,
        reply_to_id=source.reply_to_id or "",
        thread_root_id=source.thread_root_id or "",
        reply_count=source.reply_count,
        mentioned_ids=source.mentions,
        mentions_all=source.mentions_all,
        requires_acknowledgement=source.requires_acknowledgement,
        acknowledgement_count=source.acknowledgement_count,
        is_pinned=source.is_pinned,
    )
    # What few messages have costs the others nothing.
    for emoji, count in source.reactions:
        shown.reactions.add(emoji=emoji, count=count)
    for found in source.previews:
        shown.previews.add(url=found.url, title=found.title, description=found.description, site_name=found.site_name)
    if source.forwarded_from is not None:
        shown.forwarded_from.CopyFrom(_origin(source.forwarded_from))
    if source.poll is not None:
        shown.poll.CopyFrom(_poll(source.poll))
    return shown


def _origin(source: Origin) -> messages_pb2.ForwardOrigin:
    return messages_pb2.ForwardOrigin(
        sender_id=source.sender_id or "",
        conversation_id=source.conversation_id or "",
        message_id=source.message_id or "",
        create_time=time(source.created_at) if source.created_at else None,
    )


def _poll(source: Poll) -> messages_pb2.Poll:
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


def participant(source: Participant) -> participants_pb2.Participant:
    """A present or former member."""
    return participants_pb2.Participant(
        conversation_id=source.conversation_id,
        user_id=source.user_id,
        role=cast("participants_pb2.Role.ValueType", source.role),
        read_seq=source.read_seq,
        delivered_seq=source.delivered_seq,
        join_time=time(source.joined_at),
        leave_time=time(source.left_at) if source.left_at else None,
        mute_time=time(source.muted_until) if source.muted_until else None,
        visible_after_seq=source.visible_after,
        nickname=source.nickname,
    )


def settings(source: Settings) -> participants_pb2.MembershipSettings:
    """What a member has set for themselves."""
    return participants_pb2.MembershipSettings(
        snooze_time=time(source.snoozed_until) if source.snoozed_until else None,
        notification_level=cast("participants_pb2.NotificationLevel.ValueType", source.notification_level),
        is_pinned=source.is_pinned,
        is_archived=source.is_archived,
    )


def conversation(source: Conversation) -> conversations_pb2.Conversation:
    """As all its members see it."""
    return conversations_pb2.Conversation(
        conversation_id=source.conversation_id,
        kind=cast("conversations_pb2.ConversationKind.ValueType", source.kind),
        title=source.title,
        description=source.description,
        last_seq=source.last_seq,
        rev=source.rev,
        participant_count=source.participant_count,
        creator_id=source.creator_id,
        create_time=time(source.created_at),
        update_time=time(source.updated_at),
        is_public=source.is_public,
        history_visibility=cast("conversations_pb2.HistoryVisibility.ValueType", source.history_visibility),
        posting_policy=cast("conversations_pb2.PostingPolicy.ValueType", source.posting_policy),
        slow_mode_seconds=source.slow_mode_seconds,
    )


def view(source: MemberView) -> conversations_pb2.Conversation:
    """As one of its members sees it."""
    shown = conversation(source.conversation)
    shown.peer_id = source.conversation.peer_of(source.membership.user_id) or ""
    if source.last_message is not None:
        shown.last_message.CopyFrom(message(source.last_message))
    shown.my_membership.CopyFrom(participant(source.membership))
    shown.my_settings.CopyFrom(settings(source.settings))
    shown.unread_count = source.unread_count
    return shown


def changes(source: Changes) -> conversations_pb2.ListChangesResponse:
    """The answer to who missed something."""
    return conversations_pb2.ListChangesResponse(
        mode=_MODES[source.mode], changes=[_change(change) for change in source.changes], rev=source.rev
    )


def _change(source: Change) -> conversations_pb2.Change:
    entry = source.entry
    told = conversations_pb2.Change(
        rev=entry.rev,
        kind=cast("conversations_pb2.ChangeKind.ValueType", entry.kind),
        actor_id=entry.actor_id,
        target_id=entry.target_id,
        create_time=time(entry.created_at),
    )
    match source.target:
        case Message():
            told.message.CopyFrom(message(source.target))
        case Participant():
            told.participant.CopyFrom(participant(source.target))
        case Conversation():
            told.conversation.CopyFrom(conversation(source.target))
    return told


def revisions(source: Sequence[Revision]) -> list[conversations_pb2.Membership]:
    """Conversations in the fewest words."""
    return [
        conversations_pb2.Membership(
            conversation_id=found.conversation_id,
            rev=found.rev,
            last_seq=found.last_seq,
            visible_after_seq=found.visible_after,
        )
        for found in source
    ]


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
        poll=_poll_draft(item.poll) if item.HasField("poll") else None,
    )


def _poll_draft(source: messages_pb2.PollDraft) -> Poll:
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
    )


def moment(stamp: Timestamp) -> datetime:
    """A time, in UTC."""
    return datetime.fromtimestamp(stamp.seconds, UTC) + timedelta(microseconds=stamp.nanos // 1000)


def user_id(text: str) -> UserId:
    """In the spelling that everything compares by."""
    return UserId(text.lower())


def conversation_id(text: str) -> ConversationId:
    """In the spelling that everything compares by."""
    return ConversationId(text.lower())


def message_id(text: str) -> MessageId:
    """In the spelling that everything compares by."""
    return MessageId(text.lower())
