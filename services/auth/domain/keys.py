"""The keys that sign access tokens: made, shown before they sign, replaced, forgotten."""

from datetime import timedelta

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from jwt.algorithms import OKPAlgorithm

from chassis.crypto import Box
from chassis.database import Transaction
from chassis.ids import uuid7
from services.auth.model.errors import TokenInvalid
from services.auth.model.keys import PUBLISHED_AHEAD, KeyRing, SigningKey
from services.auth.store import keys as store

ALGORITHM = "EdDSA"


def signer(tx: Transaction, box: Box) -> tuple[str, Ed25519PrivateKey]:
    """The id of the key that signs now, and the key."""
    key = _ring(tx, box).signer(tx.now)
    return key.key_id, Ed25519PrivateKey.from_private_bytes(
        box.open(key.sealed_private_key, context=_place(key.key_id))
    )


def find_public(tx: Transaction, key_id: object) -> Ed25519PublicKey:
    """The key that a token says it was signed with. Raises: TokenInvalid."""
    for key in store.ring(tx).shown(tx.now):
        if key.key_id == key_id:
            return Ed25519PublicKey.from_public_bytes(key.public_key)
    raise TokenInvalid()


def key_set(tx: Transaction, *, box: Box) -> str:
    """The JWKS document: the present key, the next one, and those whose last token may be unexpired."""
    return orjson.dumps({"keys": [_jwk(key) for key in _ring(tx, box).shown(tx.now)]}).decode()


def rotate(tx: Transaction, *, box: Box, ahead: timedelta = PUBLISHED_AHEAD) -> SigningKey | None:
    """Add the next key, which signs after everybody had time to fetch it; nothing while one is waiting already."""
    ring = store.lock_ring(tx)
    return None if ring.has_next(tx.now) else _add(tx, box, ahead=ahead if ring.keys else timedelta())


def keep_fresh(tx: Transaction, *, box: Box, max_age: timedelta) -> None:
    """Add the next key when the newest is old enough, and delete those that nothing is signed with any more."""
    ring = store.lock_ring(tx)
    if not ring.keys:
        _add(tx, box, ahead=timedelta())
    elif ring.is_rotation_due(tx.now, max_age):
        _add(tx, box, ahead=PUBLISHED_AHEAD)
    if done := ring.done(tx.now):
        store.forget(tx, done)
        for key in done:
            tx.audit("signing_key.forgotten", "signing_key", key.key_id)


def _ring(tx: Transaction, box: Box) -> KeyRing:
    ring = store.ring(tx)
    if not ring.keys:
        # A new installation. The lock decides which replica makes the first key; the others find it.
        ring = store.lock_ring(tx)
        if not ring.keys:
            ring = KeyRing([_add(tx, box, ahead=timedelta())])
    return ring


def _add(tx: Transaction, box: Box, *, ahead: timedelta) -> SigningKey:
    private, key_id = Ed25519PrivateKey.generate(), uuid7()
    key = SigningKey(
        key_id=key_id,
        public_key=private.public_key().public_bytes_raw(),
        sealed_private_key=box.seal(private.private_bytes_raw(), context=_place(key_id)),
        not_before=tx.now + ahead,
    )
    store.add(tx, key)
    tx.audit("signing_key.added", "signing_key", key_id, after={"not_before": key.not_before})
    return key


def _place(key_id: str) -> tuple[str, str, str]:
    return ("signing_keys", "sealed_private_key", key_id)


def _jwk(key: SigningKey) -> dict[str, str]:
    jwk = OKPAlgorithm.to_jwk(Ed25519PublicKey.from_public_bytes(key.public_key), as_dict=True)
    return {**jwk, "kid": key.key_id, "use": "sig", "alg": ALGORITHM}
