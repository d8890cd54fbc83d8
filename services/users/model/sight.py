"""Who looks at a profile, and how much of it they see."""

from dataclasses import dataclass

from services.users.model.profiles import Profile, UserId


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks."""

    user_id: UserId
    is_admin: bool = False


@dataclass(frozen=True, slots=True)
class Sight:
    """What a viewer sees of somebody, beside the names by which people are addressed."""

    is_profile_shown: bool = True
    is_online_shown: bool = True
    is_last_seen_shown: bool = True


EVERYTHING = Sight()


@dataclass(frozen=True, slots=True)
class Seen:
    """A profile as one viewer sees it."""

    profile: Profile
    sight: Sight = EVERYTHING

    @classmethod
    def openly(cls, profile: Profile) -> "Seen":
        """As anybody else sees somebody who makes no difference between people."""
        privacy = profile.privacy
        return cls(
            profile, Sight(True, privacy.is_online_shown, privacy.is_online_shown and privacy.is_last_seen_shown)
        )
