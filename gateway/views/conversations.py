"""Conversations, their people and their changes."""

from gateway.views.messages import message, message_shared
from gateway.views.values import View, time
from messaging.conversations.v1 import bans_pb2, conversations_pb2, events_pb2, invites_pb2, participants_pb2

# Position = number in the proto's enum. Values that a newer service may send and this table lacks are refused by tests.
CONVERSATION_KINDS = ("", "direct", "group", "channel")
HISTORY_VISIBILITIES = ("", "all", "since_joined")
POSTING_POLICIES = ("", "members", "moderators")
NOTIFICATION_LEVELS = ("all", "all", "mentions", "none")
ROLES = ("", "owner", "admin", "moderator", "member", "readonly")
CHANGE_KINDS = (
    "",
    "conversation_created",
    "conversation_updated",
    "conversation_deleted",
    "message_sent",
    "message_edited",
    "message_deleted",
    "member_added",
    "member_removed",
    "membership_changed",
    "message_updated",
    "reaction_changed",
    "pin_changed",
)
CHANGES_MODES = ("", "events", "compacted", "reset")


def conversation_shared(source: conversations_pb2.Conversation) -> View:
    """A conversation as all its members see it, for events that are encoded once."""
    return {
        "id": source.conversation_id,
        "kind": CONVERSATION_KINDS[source.kind],
        "title": source.title,
        "description": source.description,
        "is_public": source.is_public,
        "history_visibility": HISTORY_VISIBILITIES[source.history_visibility],
        "posting_policy": POSTING_POLICIES[source.posting_policy],
        "slow_mode_seconds": source.slow_mode_seconds,
        "last_seq": source.last_seq,
        "rev": source.rev,
        "participant_count": source.participant_count,
        "created_by": source.creator_id,
        "created_at": time(source.create_time),
        "updated_at": time(source.update_time),
    }


def conversation(source: conversations_pb2.Conversation) -> View:
    """A conversation as the one who asked sees it."""
    return {
        **conversation_shared(source),
        "peer_id": source.peer_id or None,
        "last_message": message(source.last_message) if source.HasField("last_message") else None,
        "unread_count": source.unread_count,
        "my_membership": membership(source.my_membership, source.my_settings),
    }


def membership(source: participants_pb2.Participant, settings: participants_pb2.MembershipSettings) -> View:
    """What the one who asked is in a conversation, and has set for themselves."""
    return {
        "role": ROLES[source.role],
        "read_seq": source.read_seq,
        "delivered_seq": source.delivered_seq,
        "joined_at": time(source.join_time),
        "nickname": source.nickname,
        **membership_settings(settings),
    }


def membership_settings(source: participants_pb2.MembershipSettings) -> View:
    """What a member has set for themselves."""
    return {
        "muted_until": time(source.snooze_time) if source.HasField("snooze_time") else None,
        "notification_level": NOTIFICATION_LEVELS[source.notification_level],
        "pinned": source.is_pinned,
        "archived": source.is_archived,
    }


def settings_changed(source: events_pb2.SettingsChanged) -> View:
    """A member's own settings in one conversation."""
    return {"conversation_id": source.conversation_id, **membership_settings(source.settings)}


def conversation_hidden(source: events_pb2.ConversationHidden) -> View:
    """A direct conversation that left a member's list, or is back on it."""
    return {"id": source.conversation_id, "is_hidden": source.is_hidden}


def conversation_public(source: conversations_pb2.PublicConversation) -> View:
    """A public conversation as those see it who are not in it."""
    return {
        "id": source.conversation_id,
        "kind": CONVERSATION_KINDS[source.kind],
        "title": source.title,
        "description": source.description,
        "participant_count": source.participant_count,
        "created_at": time(source.create_time),
    }


def ban(source: bans_pb2.Ban) -> View:
    """Somebody who may not take part."""
    return {
        "conversation_id": source.conversation_id,
        "user_id": source.user_id,
        "banned_by": source.actor_id,
        "created_at": time(source.create_time),
        "expires_at": time(source.expire_time) if source.HasField("expire_time") else None,
    }


def invite(source: invites_pb2.Invite) -> View:
    """A way in, with its code."""
    return {
        "id": source.invite_id,
        "conversation_id": source.conversation_id,
        "code": source.code,
        "role": ROLES[source.role],
        "max_uses": source.max_uses or None,
        "use_count": source.use_count,
        "created_by": source.creator_id,
        "created_at": time(source.create_time),
        "expires_at": time(source.expire_time) if source.HasField("expire_time") else None,
    }


def invite_preview(source: invites_pb2.PreviewInviteResponse) -> View:
    """What an invite leads to."""
    return {
        "kind": CONVERSATION_KINDS[source.kind],
        "title": source.title,
        "participant_count": source.participant_count,
    }


def participant(source: participants_pb2.Participant) -> View:
    """One person in a conversation, former ones with `left_at`."""
    return {
        "conversation_id": source.conversation_id,
        "user_id": source.user_id,
        "role": ROLES[source.role],
        "joined_at": time(source.join_time),
        "left_at": time(source.leave_time) if source.HasField("leave_time") else None,
        "muted_until": time(source.mute_time) if source.HasField("mute_time") else None,
        "nickname": source.nickname,
        "visible_after_seq": source.visible_after_seq,
    }


def receipt(source: participants_pb2.Participant) -> View:
    """How far one person has got in a conversation."""
    return {
        "conversation_id": source.conversation_id,
        "user_id": source.user_id,
        "read_seq": None if source.is_read_hidden else source.read_seq,
        "delivered_seq": source.delivered_seq,
    }


def change(source: conversations_pb2.Change) -> View:
    """One entry of a change log; the target is null when the asking member may not see it."""
    shown: View | None = None
    match source.WhichOneof("target"):
        case "message":
            shown = message_shared(source.message)
        case "participant":
            shown = participant(source.participant)
        case "conversation":
            shown = conversation_shared(source.conversation)
    return {
        "rev": source.rev,
        "kind": CHANGE_KINDS[source.kind],
        "actor_id": source.actor_id or None,
        "target_id": source.target_id,
        "target": shown,
        "created_at": time(source.create_time),
    }
