"""Conversations, their people and their changes."""

from collections.abc import Sequence
from typing import cast

from messaging.conversations.v1 import conversations_pb2, participants_pb2
from services.conversations.api.convert.messages import message, viewed
from services.conversations.api.convert.values import time
from services.conversations.model.changes import Change, Changes, ChangesMode
from services.conversations.model.conversations import Conversation, MemberView, Revision
from services.conversations.model.messages import Message
from services.conversations.model.participants import Participant, Settings

_MODES: dict[ChangesMode, conversations_pb2.ChangesMode.ValueType] = {
    ChangesMode.EVENTS: conversations_pb2.CHANGES_MODE_EVENTS,
    ChangesMode.COMPACTED: conversations_pb2.CHANGES_MODE_COMPACTED,
    ChangesMode.RESET: conversations_pb2.CHANGES_MODE_RESET,
}


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
        is_read_hidden=source.is_read_hidden,
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
        shown.last_message.CopyFrom(viewed(source.last_message))
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
