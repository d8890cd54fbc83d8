"""People, their accounts and sessions."""

from gateway.views.values import View, time
from messaging.auth.v1 import accounts_pb2, sessions_pb2
from messaging.users.v1 import blocks_pb2, contacts_pb2, privacy_pb2, profiles_pb2

# Position = number in the proto's enum. Values that a newer service may send and this table lacks are refused by tests.
PRESENCE_STATES = ("offline", "online", "away", "offline")
AUDIENCES = ("", "everyone", "contacts", "nobody")
PLATFORM_ROLES = ("", "user", "moderator", "admin")
ACCOUNT_STATES = ("", "active", "suspended")


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
