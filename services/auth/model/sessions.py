"""Sessions and their families of refresh tokens: how long they live and when a token counts as used twice."""

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import NewType

from services.auth.model.accounts import AccountId
from services.auth.model.errors import TokenInvalid

SessionId = NewType("SessionId", str)

ACCESS_LIFETIME = timedelta(minutes=5)
# One minute more than an access token lives.
REVOCATION_LIFETIME = timedelta(minutes=6)
_IDLE_LIFETIME = timedelta(days=30)
_ABSOLUTE_LIFETIME = timedelta(days=90)
# In this time a client whose reply was lost may ask again.
_REPEAT_WINDOW = timedelta(seconds=60)
_FAMILY_BYTES = 16
_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """A refresh token as its client holds it: a name of its family that nobody can guess, and a secret of its own.

    The name tells a stolen token from an invented one without keeping a row of each token that ever was.
    """

    family: bytes = field(repr=False)
    secret: bytes = field(repr=False)

    @classmethod
    def new(cls) -> "RefreshToken":
        """Make the first token of a new family."""
        return cls(secrets.token_bytes(_FAMILY_BYTES), secrets.token_bytes(_SECRET_BYTES))

    @classmethod
    def parse(cls, text: str) -> "RefreshToken":
        """Read the client's form. Raises: TokenInvalid."""
        try:
            data = base64.b64decode(text, altchars=b"-_", validate=True)
        except ValueError as error:
            raise TokenInvalid() from error
        if len(data) != _FAMILY_BYTES + _SECRET_BYTES:
            raise TokenInvalid()
        return cls(data[:_FAMILY_BYTES], data[_FAMILY_BYTES:])

    def __str__(self) -> str:
        return base64.urlsafe_b64encode(self.family + self.secret).decode()

    @property
    def family_digest(self) -> bytes:
        """What is stored to find the family by."""
        return hashlib.sha256(self.family).digest()

    @property
    def digest(self) -> bytes:
        """What is stored instead of the secret; 256 random bits need no slow hash."""
        return hashlib.sha256(self.secret).digest()

    def successor(self, nonce: bytes) -> "RefreshToken":
        """Derive the next token: the same again for the same nonce, and for nobody who lacks either half."""
        return RefreshToken(self.family, hmac.digest(self.secret, nonce, "sha256"))


@dataclass(frozen=True, slots=True)
class Exchange:
    """The last time that a session's refresh token was exchanged for its successor."""

    digest: bytes
    rotation_id: str
    nonce: bytes = field(repr=False)
    at: datetime

    @classmethod
    def of(cls, token: RefreshToken, *, rotation_id: str, at: datetime) -> "Exchange":
        """Give up a token for its successor by a new nonce."""
        return cls(token.digest, rotation_id, secrets.token_bytes(_SECRET_BYTES), at)

    def is_repeated(self, token: RefreshToken, rotation_id: str, at: datetime) -> bool:
        """Whether this is the client of the exchange asking once more, because the reply was lost."""
        return self.digest == token.digest and self.rotation_id == rotation_id != "" and at - self.at <= _REPEAT_WINDOW


@dataclass(frozen=True, slots=True)
class Session:
    """A login on one device; all its refresh tokens are one family, of which the newest counts, and end with it."""

    session_id: SessionId
    account_id: AccountId
    device: str
    ip: str
    created_at: datetime
    used_at: datetime
    expires_at: datetime
    family_digest: bytes
    token_digest: bytes
    exchange: Exchange | None = None
    is_ended: bool = False

    @classmethod
    def begin(
        cls,
        session_id: SessionId,
        account_id: AccountId,
        token: RefreshToken,
        *,
        device: str,
        ip: str,
        at: datetime,
    ) -> "Session":
        """Open a session with the first token of its family."""
        expires_at = at + _IDLE_LIFETIME
        return cls(session_id, account_id, device, ip, at, at, expires_at, token.family_digest, token.digest)

    def require_open(self, at: datetime) -> None:
        """Raises: TokenInvalid."""
        if self.is_ended or self.expires_at <= at:
            raise TokenInvalid()

    def exchanged(self, token: RefreshToken, exchange: Exchange, *, ip: str) -> "Session":
        """Go on with a token's successor, which moves the idle limit; the absolute one stays."""
        return replace(
            self,
            ip=ip or self.ip,
            used_at=exchange.at,
            expires_at=min(exchange.at + _IDLE_LIFETIME, self.created_at + _ABSOLUTE_LIFETIME),
            token_digest=token.successor(exchange.nonce).digest,
            exchange=exchange,
        )


@dataclass(frozen=True, slots=True)
class Claims:
    """What an access token says."""

    account_id: AccountId
    session_id: SessionId
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a client is given to act as its user; the secrets are shown this once."""

    access: str
    refresh: str
    access_expires_at: datetime
    session: Session


@dataclass(frozen=True, slots=True)
class Verdict:
    """A token that is good at this moment."""

    account_id: AccountId
    session_id: SessionId
    token_type: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Revocation:
    """Access tokens of the account, or of one of its sessions, that were issued before a time no longer count."""

    account_id: AccountId
    session_id: SessionId | None
    not_before: datetime
