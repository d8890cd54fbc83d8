"""Accounts: what they are called, what they may do, and who may change that."""

import re
import unicodedata
from collections.abc import Set
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

from services.auth.model.errors import (
    AccountSuspended,
    CredentialsInvalid,
    PlatformRoleInsufficient,
    UsernameInvalid,
)
from services.auth.model.passwords import PasswordHash

AccountId = NewType("AccountId", str)

DEFAULT_LOCALE = "en"
# ASCII alone: two names that look alike are alike.
_USERNAME = re.compile(r"[a-z0-9][a-z0-9_.-]{2,31}")


class Role(StrEnum):
    """What an account may do on the whole platform, besides what everybody may; the texts stand in access tokens."""

    MODERATOR = "moderator"
    ADMIN = "admin"


class State(StrEnum):
    """Whether an account may be used."""

    ACTIVE = "active"
    SUSPENDED = "suspended"


@dataclass(frozen=True, slots=True)
class Applicant:
    """Somebody whose address and names keep the rules; made by `domain.accounts.Admission`."""

    email: str
    username: str
    first_name: str
    last_name: str
    locale: str


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a login is compared with."""

    account_id: AccountId
    password_hash: PasswordHash


@dataclass(frozen=True, slots=True)
class Proof:
    """Credentials whose password was shown, and its hash with today's parameters where the stored one lacks them."""

    credentials: Credentials
    rehashed: PasswordHash | None

    @classmethod
    def of(cls, password: str, credentials: Credentials | None, iterations: int) -> "Proof":
        """Compare a password with an account's credentials, or with nothing after the same work.

        Raises: CredentialsInvalid, the same way whether there is such an account or not.
        """
        stored = PasswordHash.unmatchable(iterations) if credentials is None else credentials.password_hash
        rehashed = stored.verify(password, iterations)
        if credentials is None:
            raise CredentialsInvalid()
        return cls(credentials, rehashed)


@dataclass(frozen=True, slots=True)
class Account:
    """An account without its secrets."""

    account_id: AccountId
    email: str
    username: str
    first_name: str
    last_name: str
    locale: str
    roles: frozenset[Role]
    state: State
    is_email_verified: bool
    created_at: datetime

    def require_active(self) -> None:
        """Raises: AccountSuspended."""
        if self.state is not State.ACTIVE:
            raise AccountSuspended()

    def has_any_role(self, *roles: Role) -> bool:
        """Whether this account has one of the roles and can use it."""
        return self.state is State.ACTIVE and not self.roles.isdisjoint(roles)

    def require_any_role(self, *roles: Role) -> None:
        """Raises: PlatformRoleInsufficient, also while this account is suspended."""
        if not self.has_any_role(*roles):
            raise PlatformRoleInsufficient()

    def require_may_govern(self, other: "Account") -> None:
        """Admins answer to admins only. Raises: PlatformRoleInsufficient."""
        if Role.ADMIN in other.roles:
            self.require_any_role(Role.ADMIN)


def username_of(text: str) -> str:
    """Fold a username to the form in which it is unique. Raises: UsernameInvalid."""
    # Before folding: the Kelvin sign's lower case is an ASCII k.
    if not text.isascii() or not _USERNAME.fullmatch(text.lower()):
        raise UsernameInvalid()
    return text.lower()


def name_of(text: str) -> str:
    """Take a person's name as typed, without what could break a mail's header or a line of a log."""
    printable = "".join(sign for sign in text if sign.isspace() or unicodedata.category(sign) != "Cc")
    return " ".join(printable.split())


def role_names(roles: Set[Role]) -> list[str]:
    """Write roles in the order in which they are stored and shown."""
    return sorted(role.value for role in roles)
