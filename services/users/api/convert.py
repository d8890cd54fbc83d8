"""Profiles and presence as messages of the contract."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from chassis.call import caller
from chassis.crypto import Box
from chassis.errors import InvalidRequest, Violation
from messaging.users.v1 import presences_pb2, privacy_pb2, profiles_pb2
from services.users.domain import private
from services.users.model.presences import Presence, View
from services.users.model.privacy import Audience, Privacy
from services.users.model.profiles import Profile, UserId
from services.users.model.sight import Seen, Viewer

# What the contract calls the fields of Privacy.
_PRIVACY = {
    "profile_visibility": "profile_visibility",
    "show_online": "is_online_shown",
    "show_last_seen": "is_last_seen_shown",
    "read_receipts": "is_receipt_shared",
    "typing_indicators": "is_typing_shared",
    "who_can_message": "who_can_message",
    "searchable": "is_searchable",
}


def viewer() -> Viewer:
    """Tell who looks. Raises: CallerUnknown."""
    acting = caller()
    return Viewer(UserId(acting.user_id), acting.has_role("admin"))


def user_id(text: str) -> UserId:
    """Take an id as a client may spell it."""
    return UserId(text.lower())


def user_ids(texts: Iterable[str]) -> list[UserId]:
    """Take ids as a client may spell them, each once."""
    return list(dict.fromkeys(map(user_id, texts)))


def changes(request: profiles_pb2.UpdateProfileRequest) -> dict[str, str]:
    """Take the values that the mask names."""
    return {field: getattr(request.profile, field) for field in request.update_mask.paths}


def privacy_changes(request: privacy_pb2.UpdatePrivacyRequest) -> dict[str, Any]:
    """Take the values that the mask names. Raises: InvalidRequest."""
    values = {field: getattr(request.privacy, field) for field in request.update_mask.paths}
    for field in ("profile_visibility", "who_can_message"):
        if values.get(field) == privacy_pb2.AUDIENCE_UNSPECIFIED:
            raise InvalidRequest(fields=[Violation(f"privacy.{field}", "unspecified", "must name an audience")])
        if field in values:
            values[field] = Audience(values[field])
    return {_PRIVACY[field]: value for field, value in values.items()}


def privacy(stored: Privacy) -> privacy_pb2.Privacy:
    """Show somebody their privacy."""
    values = asdict(stored)
    return privacy_pb2.Privacy(**{field: values[name] for field, name in _PRIVACY.items()})


def profile(seen: Seen, presence: Presence, *, box: Box | None = None) -> profiles_pb2.Profile:
    """Show a profile to its viewer, with its private fields only when given the box that opens them."""
    stored = seen.profile
    if not seen.sight.is_profile_shown:
        return profiles_pb2.Profile(
            user_id=stored.user_id,
            username=stored.username,
            display_name=stored.display_name,
            presence=presence_of(Presence(stored.user_id)),
            is_hidden=True,
        )
    shown = profiles_pb2.Profile(
        user_id=stored.user_id,
        username=stored.username,
        display_name=stored.display_name,
        first_name=stored.first_name,
        last_name=stored.last_name,
        bio=stored.bio,
        is_verified=stored.is_verified,
        is_bot=stored.is_bot,
        create_time=timestamp(stored.created_at),
        update_time=timestamp(stored.updated_at),
        etag=stored.etag,
        presence=presence_of(presence.within(seen.sight)),
    )
    if box is not None:
        shown.phone = private.reveal(box, stored.user_id, "phone", stored.phone)
        shown.date_of_birth = private.reveal(box, stored.user_id, "date_of_birth", stored.date_of_birth)
        shown.is_private_shown = True
    return shown


def profiles(seen: Sequence[Seen], presences: Sequence[Presence]) -> list[profiles_pb2.Profile]:
    """Show profiles of a list, each with its presence."""
    return [profile(one, presence) for one, presence in zip(seen, presences, strict=True)]


def user(stored: Profile) -> profiles_pb2.User:
    """Show a profile in the fewest words."""
    return profiles_pb2.User(user_id=stored.user_id, username=stored.username, display_name=stored.display_name)


def presence_of(presence: Presence) -> profiles_pb2.Presence:
    """Show somebody's presence."""
    return profiles_pb2.Presence(
        user_id=presence.user_id,
        # The numbers are the same, which a test holds.
        state=presence.state,  # type: ignore[arg-type]
        seen_time=None if presence.seen_at is None else timestamp(presence.seen_at),
    )


def view(seen: View) -> presences_pb2.PresenceView:
    """Show what several viewers learn."""
    return presences_pb2.PresenceView(
        presence=presence_of(seen.presence), is_hidden=seen.is_hidden, viewer_ids=seen.viewer_ids
    )


def timestamp(time: datetime) -> Timestamp:
    """Show a time."""
    shown = Timestamp()
    shown.FromDatetime(time)
    return shown
