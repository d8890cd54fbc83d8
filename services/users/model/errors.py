"""Why this service refuses; each reason stands in messaging.users.v1.ErrorReason."""

from chassis.errors import Invalid, NotFound, Refused


class UserNotFound(NotFound):
    """There is no such user."""

    reason = "USER_NOT_FOUND"


class NotYourProfile(Refused):
    """Only the person or an admin may change a profile."""

    reason = "NOT_YOUR_PROFILE"


class NotYourself(Invalid):
    """One can neither block oneself nor be one's own contact."""

    reason = "NOT_YOURSELF"


class ProfileInvalid(Invalid):
    """A value breaks its rule."""

    reason = "PROFILE_INVALID"
