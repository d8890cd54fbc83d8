"""Passwords: which are allowed, and how they are kept: PBKDF2-HMAC-SHA256 with its parameters in the text."""

import base64
import hashlib
import hmac
import secrets
import unicodedata
from collections.abc import Set
from dataclasses import dataclass

from services.auth.model.errors import CredentialsInvalid, PasswordCommon, PasswordLength

MIN_LENGTH = 10
MAX_LENGTH = 256
# What OWASP asks for with SHA-256.
LEAST_ITERATIONS = 600_000
_ALGORITHM = "pbkdf2_sha256"


@dataclass(frozen=True)
class PasswordRules:
    """Length and a list of what everybody tries first; no rules about kinds of characters."""

    common: Set[str]

    def check(self, password: str, *, email: str, username: str) -> None:
        """Raises: PasswordLength, PasswordCommon."""
        if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
            raise PasswordLength()
        folded = password.casefold()
        if folded in self.common or folded in {email.casefold(), username.casefold()}:
            raise PasswordCommon()


@dataclass(frozen=True, slots=True)
class PasswordHash:
    """A stored password. Making and comparing one takes about 0.3 s of processor time, outside of Python's lock."""

    iterations: int
    salt: bytes
    digest: bytes

    @classmethod
    def make(cls, password: str, iterations: int) -> "PasswordHash":
        """Hash a password with a new salt."""
        salt = secrets.token_bytes(16)
        return cls(iterations, salt, _derive(password, salt, iterations))

    @classmethod
    def unmatchable(cls, iterations: int) -> "PasswordHash":
        """Stand in for the hash of an account that does not exist: comparing takes as long and never succeeds."""
        return cls(iterations, secrets.token_bytes(16), secrets.token_bytes(32))

    @classmethod
    def parse(cls, text: str) -> "PasswordHash":
        """Read the stored form `pbkdf2_sha256$iterations$salt$digest`."""
        algorithm, iterations, salt, digest = text.split("$")
        if algorithm != _ALGORITHM:
            raise ValueError("unknown password hash")
        return cls(int(iterations), base64.b64decode(salt), base64.b64decode(digest))

    def __str__(self) -> str:
        salt, digest = (base64.b64encode(part).decode() for part in (self.salt, self.digest))
        return f"{_ALGORITHM}${self.iterations}${salt}${digest}"

    def verify(self, password: str, iterations: int) -> "PasswordHash | None":
        """Compare; a right password comes back hashed anew where today's iterations are more than it was stored with.

        Raises: CredentialsInvalid, always after the work of today's iterations, so that the time tells nothing.
        """
        if hmac.compare_digest(_derive(password, self.salt, self.iterations), self.digest):
            return PasswordHash.make(password, iterations) if self.iterations < iterations else None
        if self.iterations < iterations:
            _derive(password, self.salt, iterations - self.iterations)
        raise CredentialsInvalid()


def _derive(password: str, salt: bytes, iterations: int) -> bytes:
    # NFKC: the same password typed on another keyboard is the same.
    return hashlib.pbkdf2_hmac("sha256", unicodedata.normalize("NFKC", password).encode(), salt, iterations)
