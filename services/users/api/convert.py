"""Profiles and presence as messages of the contract."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from google.protobuf.timestamp_pb2 import Timestamp

from chassis.crypto import Box
from messaging.users.v1 import profiles_pb2
from services.users.domain import private
from services.users.model.presences import Presence
from services.users.model.profiles import Profile, UserId


def user_id(text: str) -> UserId:
    """Take an id as a client may spell it."""
    return UserId(text.lower())


def user_ids(texts: Iterable[str]) -> list[UserId]:
    """Take ids as a client may spell them, each once."""
    return list(dict.fromkeys(map(user_id, texts)))


def changes(request: profiles_pb2.UpdateProfileRequest) -> dict[str, str]:
    """Take the values that the mask names."""
    return {field: getattr(request.profile, field) for field in request.update_mask.paths}


def profile(stored: Profile, presence: Presence, *, box: Box | None = None) -> profiles_pb2.Profile:
    """Show a profile, with its private fields only when given the box that opens them."""
    shown = profiles_pb2.Profile(
        user_id=stored.user_id,
        username=stored.username,
        display_name=stored.display_name,
        first_name=stored.first_name,
        last_name=stored.last_name,
        bio=stored.bio,
        is_verified=stored.is_verified,
        is_bot=stored.is_bot,
        create_time=_timestamp(stored.created_at),
        update_time=_timestamp(stored.updated_at),
        etag=stored.etag,
        presence=presence_of(presence),
    )
    if box is not None:
        shown.phone = private.reveal(box, stored.user_id, "phone", stored.phone)
        shown.date_of_birth = private.reveal(box, stored.user_id, "date_of_birth", stored.date_of_birth)
        shown.is_private_shown = True
    return shown


def profiles(stored: Sequence[Profile], presences: Sequence[Presence]) -> list[profiles_pb2.Profile]:
    """Show profiles of a list, each with its presence."""
    return [profile(one, presence) for one, presence in zip(stored, presences, strict=True)]


def user(stored: Profile) -> profiles_pb2.User:
    """Show a profile in the fewest words."""
    return profiles_pb2.User(user_id=stored.user_id, username=stored.username, display_name=stored.display_name)


def presence_of(presence: Presence) -> profiles_pb2.Presence:
    """Show somebody's presence."""
    return profiles_pb2.Presence(
        user_id=presence.user_id,
        state=profiles_pb2.PRESENCE_STATE_ONLINE if presence.is_online else profiles_pb2.PRESENCE_STATE_OFFLINE,
        seen_time=None if presence.seen_at is None else _timestamp(presence.seen_at),
    )


def _timestamp(time: datetime) -> Timestamp:
    timestamp = Timestamp()
    timestamp.FromDatetime(time)
    return timestamp
