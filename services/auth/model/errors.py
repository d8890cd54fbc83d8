"""Why auth refuses a request; each reason is documented in messaging.auth.v1.ErrorReason."""

from typing import ClassVar

from chassis.errors import (
    AlreadyExists,
    Conflict,
    Exhausted,
    Invalid,
    NotFound,
    Refused,
    Unauthenticated,
    Violation,
)


class CredentialsInvalid(Unauthenticated):
    """No account has this e-mail address and password."""

    reason = "CREDENTIALS_INVALID"


class TokenInvalid(Unauthenticated):
    """The token is not ours, expired, revoked or of another type."""

    reason = "TOKEN_INVALID"


class RefreshReused(Unauthenticated):
    """The refresh token was used before; its session is ended."""

    reason = "REFRESH_REUSED"


class AccountSuspended(Refused):
    """The account is suspended."""

    reason = "ACCOUNT_SUSPENDED"


class RegistrationClosed(Refused):
    """This installation takes no registrations."""

    reason = "REGISTRATION_CLOSED"


class PlatformRoleInsufficient(Refused):
    """Your role on this platform does not allow it."""

    reason = "PLATFORM_ROLE_INSUFFICIENT"


class EmailTaken(AlreadyExists):
    """An account has this e-mail address."""

    reason = "EMAIL_TAKEN"


class UsernameTaken(AlreadyExists):
    """An account has this username."""

    reason = "USERNAME_TAKEN"


class AccountNotFound(NotFound):
    """There is no such account."""

    reason = "ACCOUNT_NOT_FOUND"


class SessionNotFound(NotFound):
    """You have no such session."""

    reason = "SESSION_NOT_FOUND"


class AdminExists(Conflict):
    """There is an admin already; admins make further ones."""

    reason = "ADMIN_EXISTS"


class LastAdmin(Conflict):
    """The last admin cannot be suspended or lose the role."""

    reason = "LAST_ADMIN"


class HashingBusy(Exhausted):
    """Too many people log in at this moment."""

    reason = "HASHING_BUSY"


class _FieldInvalid(Invalid):
    """A single field breaks a rule; names it in the details."""

    field: ClassVar[str]

    def __init__(self, message: str = "") -> None:
        super().__init__(message)
        self.fields = (Violation(self.field, self.reason.lower(), str(self)),)


class EmailInvalid(_FieldInvalid):
    """This is not an e-mail address."""

    reason = "EMAIL_INVALID"
    field = "email"


class UsernameInvalid(_FieldInvalid):
    """A username has 3 to 32 of a-z, 0-9, `_`, `.` and `-` and begins with a letter or digit."""

    reason = "USERNAME_INVALID"
    field = "username"


class PasswordLength(_FieldInvalid):
    """A password has 10 to 256 characters."""

    reason = "PASSWORD_LENGTH"
    field = "password"


class PasswordCommon(_FieldInvalid):
    """This password is one of the first that somebody would try."""

    reason = "PASSWORD_COMMON"
    field = "password"
