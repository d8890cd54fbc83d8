"""What clients see of the services' messages: plain values, ready for JSON, the same over REST and WebSocket.

The models in gateway/rest document these shapes; a test holds the two equal.
"""

from datetime import UTC, datetime
from functools import lru_cache

import orjson
from google.protobuf.timestamp_pb2 import Timestamp

from messaging.auth.v1 import accounts_pb2, sessions_pb2
from messaging.conversations.v1 import conversations_pb2, events_pb2, messages_pb2, participants_pb2
from messaging.notifications.v1 import notifications_pb2
from messaging.users.v1 import blocks_pb2, contacts_pb2, privacy_pb2, profiles_pb2

View = dict[str, object]

# Position = number in the proto's enum. Values that a newer service may send and this table lacks are refused by tests.
MESSAGE_TYPES = ("text", "text", "system", "poll")
PRIORITIES = ("normal", "low", "normal", "high", "urgent")
CONVERSATION_KINDS = ("", "direct", "group", "channel")
HISTORY_VISIBILITIES = ("", "all", "since_joined")
POSTING_POLICIES = ("", "members", "moderators")
NOTIFICATION_LEVELS = ("all", "all", "mentions", "none")
DELIVERY_STATUSES = (None, "sent", "delivered", "read")
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
PRESENCE_STATES = ("offline", "online", "away", "offline")
AUDIENCES = ("", "everyone", "contacts", "nobody")
PLATFORM_ROLES = ("", "user", "moderator", "admin")
ACCOUNT_STATES = ("", "active", "suspended")
NOTIFICATION_KINDS = ("", "message", "member_added")


@lru_cache(maxsize=4096)
def to_the_second(seconds: int) -> str:
    """RFC 3339 in UTC, up to the fraction."""
    # Neighbouring messages share their second, and formatting it costs more than the rest of the view.
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def time(stamp: Timestamp) -> str:
    """RFC 3339 in UTC with microseconds."""
    return f"{to_the_second(stamp.seconds)}.{stamp.nanos // 1000:06d}Z"


def message_shared(source: messages_pb2.Message) -> View:
    """A message as every member sees it, for events that are encoded once."""
    return {
        "id": source.message_id,
        "conversation_id": source.conversation_id,
        "seq": source.seq,
        "rev": source.rev,
        "sender_id": source.sender_id,
        "message_type": MESSAGE_TYPES[source.message_type],
        "content": source.content,
        "priority": PRIORITIES[source.priority],
        "is_important": source.is_important,
        "client_message_id": source.client_message_id or None,
        "reply_to_id": source.reply_to_id or None,
        "thread_root_id": source.thread_root_id or None,
        "reply_count": source.reply_count,
        "forwarded_from": _origin(source.forwarded_from) if source.HasField("forwarded_from") else None,
        "mentions": list(source.mentioned_ids),
        "mentions_all": source.mentions_all,
        "requires_acknowledgement": source.requires_acknowledgement,
        "acknowledgement_count": source.acknowledgement_count,
        "reactions": {found.emoji: {"count": found.count} for found in source.reactions},
        "is_pinned": source.is_pinned,
        "previews": [_preview(found) for found in source.previews],
        "poll": _poll(source.poll) if source.HasField("poll") else None,
        "edited_at": time(source.edit_time) if source.HasField("edit_time") else None,
        "deleted_at": time(source.delete_time) if source.HasField("delete_time") else None,
        "created_at": time(source.create_time),
    }


def message(source: messages_pb2.Message) -> View:
    """A message as the one who asked sees it."""
    viewer = source.viewer
    shown = {
        **message_shared(source),
        "status": DELIVERY_STATUSES[viewer.status],
        "is_bookmarked": viewer.is_bookmarked,
        "has_acknowledged": viewer.has_acknowledged,
    }
    if source.reactions:
        mine = set(viewer.reactions)
        shown["reactions"] = {
            found.emoji: {"count": found.count, "me": found.emoji in mine} for found in source.reactions
        }
    if source.HasField("poll"):
        shown["poll"] = {**_poll(source.poll), "my_votes": list(viewer.votes)}
    return shown


def message_json(source: messages_pb2.Message) -> bytes:
    """A message that was just sent, encoded as its sender sees it."""
    return orjson.dumps({**message(source), "status": "sent"})


def _origin(source: messages_pb2.ForwardOrigin) -> View:
    return {
        "sender_id": source.sender_id or None,
        "conversation_id": source.conversation_id or None,
        "message_id": source.message_id or None,
        "created_at": time(source.create_time) if source.HasField("create_time") else None,
    }


def _preview(source: messages_pb2.LinkPreview) -> View:
    return {
        "url": source.url,
        "title": source.title,
        "description": source.description,
        "site_name": source.site_name,
    }


def _poll(source: messages_pb2.Poll) -> View:
    return {
        "options": [{"text": option.text, "votes": option.votes} for option in source.options],
        "is_multiple": source.is_multiple,
        "is_anonymous": source.is_anonymous,
        "closes_at": time(source.close_time) if source.HasField("close_time") else None,
        "is_closed": source.is_closed,
        "voter_count": source.voter_count,
    }


def reaction(source: events_pb2.ReactionChanged) -> View:
    """Somebody's reaction that came or went."""
    return {
        "message_id": source.message_id,
        "user_id": source.user_id,
        "emoji": source.emoji,
        "added": source.is_added,
        "count": source.count,
    }


def pin(source: events_pb2.PinChanged) -> View:
    """A message that was pinned, or is no longer."""
    return {"message_id": source.message_id, "user_id": source.user_id, "is_pinned": source.is_pinned}


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
        "my_membership": _membership(source.my_membership, source.my_settings),
    }


def _membership(source: participants_pb2.Participant, settings: participants_pb2.MembershipSettings) -> View:
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
    }


def receipt(source: participants_pb2.Participant) -> View:
    """How far one person has got in a conversation."""
    return {
        "conversation_id": source.conversation_id,
        "user_id": source.user_id,
        "read_seq": source.read_seq,
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


def presence(source: profiles_pb2.Presence) -> View:
    """Whether somebody is there."""
    return {
        "state": PRESENCE_STATES[source.state],
        "last_seen_at": time(source.seen_time) if source.HasField("seen_time") else None,
    }


def profile(source: profiles_pb2.Profile) -> View:
    """A person as the one who asked may see them; what is private or hidden is null for others."""
    is_private_shown, is_shown = source.is_private_shown, not source.is_hidden
    return {
        "id": source.user_id,
        "username": source.username,
        "display_name": source.display_name,
        "first_name": source.first_name if is_shown else None,
        "last_name": source.last_name if is_shown else None,
        "bio": source.bio if is_shown else None,
        "phone": source.phone if is_private_shown else None,
        "date_of_birth": (source.date_of_birth or None) if is_private_shown else None,
        "is_verified": source.is_verified if is_shown else None,
        "is_bot": source.is_bot if is_shown else None,
        "presence": presence(source.presence),
        "created_at": time(source.create_time) if is_shown else None,
    }


def related(source: blocks_pb2.Block | contacts_pb2.Contact) -> View:
    """Somebody on the list of the one who asked, and since when."""
    return {"user": profile(source.profile), "created_at": time(source.create_time)}


def privacy(source: privacy_pb2.Privacy) -> View:
    """What somebody lets others see and do."""
    return {
        "profile_visibility": AUDIENCES[source.profile_visibility],
        "show_online": source.show_online,
        "show_last_seen": source.show_last_seen,
        "read_receipts": source.read_receipts,
        "typing_indicators": source.typing_indicators,
        "who_can_message": AUDIENCES[source.who_can_message],
        "searchable": source.searchable,
    }


def account(source: accounts_pb2.Account) -> View:
    """An account without its secrets, for its owner and for moderators."""
    return {
        "id": source.account_id,
        "email": source.email,
        "username": source.username,
        "first_name": source.first_name,
        "last_name": source.last_name,
        "roles": ["user", *(PLATFORM_ROLES[role] for role in source.roles)],
        "state": ACCOUNT_STATES[source.state],
        "is_email_verified": source.is_email_verified,
        "created_at": time(source.create_time),
    }


def tokens(source: sessions_pb2.Tokens) -> View:
    """Both tokens of a session."""
    return {
        "access": source.access,
        "refresh": source.refresh,
        "access_expires_at": time(source.access_expire_time),
        "refresh_expires_at": time(source.refresh_expire_time),
        "session_id": source.session_id,
        "user_id": source.user_id,
    }


def session(source: sessions_pb2.Session) -> View:
    """An open session without its secrets."""
    return {
        "id": source.session_id,
        "device": source.device,
        "ip": source.ip or None,
        "created_at": time(source.create_time),
        "last_used_at": time(source.use_time),
        "is_current": source.is_current,
    }


def notification(source: notifications_pb2.Notification) -> View:
    """One entry of an inbox."""
    return {
        "id": source.notification_id,
        "kind": NOTIFICATION_KINDS[source.kind],
        "title": source.title,
        "body": source.body,
        "is_read": source.is_read,
        "read_at": time(source.read_time) if source.HasField("read_time") else None,
        "actor_id": source.actor_id or None,
        "conversation_id": source.conversation_id or None,
        "message_id": source.message_id or None,
        "count": source.count,
        "created_at": time(source.create_time),
    }
