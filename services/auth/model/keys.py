"""The keys that sign access tokens: which one signs, which are shown, which are done with."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from services.auth.model.sessions import ACCESS_LIFETIME

# A key is shown this long before it signs, so that every gateway knows it by then: they look every five minutes.
PUBLISHED_AHEAD = timedelta(minutes=15)
# A key is shown until its last token has expired, and a little longer for clocks that differ.
_SHOWN_AFTER = 2 * ACCESS_LIFETIME


@dataclass(frozen=True, slots=True)
class SigningKey:
    """An Ed25519 pair; the private half is sealed."""

    key_id: str
    public_key: bytes
    sealed_private_key: bytes
    not_before: datetime


@dataclass(frozen=True)
class KeyRing:
    """All keys of this installation, the oldest first; each signs from its time on until the next one's."""

    keys: Sequence[SigningKey]

    def signer(self, at: datetime) -> SigningKey:
        """The key that signs now; there must be one."""
        # The very first may be a moment younger than a transaction that waited for it.
        return next((key for key in reversed(self.keys) if key.not_before <= at), self.keys[0])

    def shown(self, at: datetime) -> list[SigningKey]:
        """Keys that a token may be signed with: the present one, the next one, and those just replaced."""
        done = self.done(at)
        return [key for key in self.keys if key not in done]

    def done(self, at: datetime) -> list[SigningKey]:
        """Keys whose last token has expired."""
        return [key for key, successor in pairwise(self.keys) if successor.not_before + _SHOWN_AFTER <= at]

    def has_next(self, at: datetime) -> bool:
        """Whether a key waits for its time."""
        return bool(self.keys) and at < self.keys[-1].not_before

    def is_rotation_due(self, at: datetime, max_age: timedelta) -> bool:
        """Whether the newest key, which may be waiting for its time, has reached an age."""
        return self.keys[-1].not_before + max_age <= at
