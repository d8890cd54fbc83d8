"""What this service announces; the payloads are in messaging/users/v1/events.proto."""

from dataclasses import dataclass

from services.users.model.profiles import Profile


@dataclass(frozen=True, slots=True)
class ProfileUpdated:
    """The profile came into being or changed, or its account was suspended or restored."""

    profile: Profile
