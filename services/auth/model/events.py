"""What auth tells the others; the bus writes them as messaging.auth.v1 says."""

from dataclasses import dataclass

from services.auth.model.accounts import Account, AccountId
from services.auth.model.sessions import Revocation


@dataclass(frozen=True, slots=True)
class AccountRegistered:
    """Somebody joined; the first mail to verify the address is due."""

    account: Account


@dataclass(frozen=True, slots=True)
class VerificationRequested:
    """Somebody asked for another mail to verify the address."""

    account_id: AccountId


@dataclass(frozen=True, slots=True)
class EmailVerified:
    """The address is the account's own."""

    account_id: AccountId


@dataclass(frozen=True, slots=True)
class AccountSuspended:
    """The account cannot be used until it is restored."""

    account_id: AccountId


@dataclass(frozen=True, slots=True)
class AccountRestored:
    """The account can be used again."""

    account_id: AccountId


@dataclass(frozen=True, slots=True)
class RoleChanged:
    """The account has other roles than before."""

    account: Account


@dataclass(frozen=True, slots=True)
class SessionRevoked:
    """Sockets close and access tokens are refused."""

    revocation: Revocation
