"""What this service announces; the payloads are in messaging/users/v1/events.proto."""

from dataclasses import dataclass

from services.users.model.privacy import Privacy
from services.users.model.profiles import Profile, UserId


@dataclass(frozen=True, slots=True)
class ProfileUpdated:
    """The profile came into being or changed, or its account was suspended or restored."""

    profile: Profile


@dataclass(frozen=True, slots=True)
class PrivacyChanged:
    """Somebody lets others see or do something else than before."""

    user_id: UserId
    privacy: Privacy


@dataclass(frozen=True, slots=True)
class UserBlocked:
    """The two can no longer write to each other directly."""

    user_id: UserId
    blocked_id: UserId


@dataclass(frozen=True, slots=True)
class UserUnblocked:
    """The block is over."""

    user_id: UserId
    blocked_id: UserId


@dataclass(frozen=True, slots=True)
class ContactAdded:
    """Somebody is among the person's contacts."""

    user_id: UserId
    contact_id: UserId


@dataclass(frozen=True, slots=True)
class ContactRemoved:
    """Somebody is no longer among the person's contacts."""

    user_id: UserId
    contact_id: UserId


@dataclass(frozen=True, slots=True)
class SightChanged:
    """The viewer, or anybody, may learn more or less of the person's presence than before."""

    user_id: UserId
    viewer_id: UserId | None = None
