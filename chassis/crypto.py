"""Encryption of single values at rest: AES-256-GCM under a ring of keys, bound to the place where the value lies."""

import hashlib
import secrets
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_VERSION = b"\x01"
_KEY_ID_BYTES = 4
_NONCE_BYTES = 12


class SealBroken(ValueError):
    """The value was not sealed here, was moved, was altered, or its key has left the ring."""


class Box:
    """Seals with the first key of its ring and opens with any; replicas with the same ring understand each other."""

    def __init__(self, secret_keys: Sequence[str]) -> None:
        """Derive one key from each root key, the newest first."""
        keys = [HKDF(SHA256(), 32, salt=None, info=b"messaging box").derive(root.encode()) for root in secret_keys]
        self._ring = {hashlib.sha256(key).digest()[:_KEY_ID_BYTES]: AESGCM(key) for key in keys}
        self._current = next(iter(self._ring))

    def seal(self, plaintext: bytes, *, context: tuple[str, str, str]) -> bytes:
        """Encrypt a value for its (table, column, row)."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = self._ring[self._current].encrypt(nonce, plaintext, _bind(context))
        return _VERSION + self._current + nonce + sealed

    def open(self, sealed: bytes, *, context: tuple[str, str, str]) -> bytes:
        """Decrypt a value that lies at (table, column, row). Raises: SealBroken."""
        key_id, rest = sealed[1 : 1 + _KEY_ID_BYTES], sealed[1 + _KEY_ID_BYTES :]
        key = self._ring.get(key_id)
        if sealed[:1] != _VERSION or key is None:
            raise SealBroken()
        try:
            return key.decrypt(rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], _bind(context))
        except (InvalidTag, ValueError) as error:
            raise SealBroken() from error

    def is_current(self, sealed: bytes) -> bool:
        """Tell whether the value is sealed with the newest key, so that a rotation knows what is left to do."""
        return sealed[1 : 1 + _KEY_ID_BYTES] == self._current


def _bind(context: tuple[str, str, str]) -> bytes:
    return "\x00".join(context).encode()
