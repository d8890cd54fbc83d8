"""The keys that sign access tokens."""

from collections.abc import Sequence

from sqlalchemy import delete, insert, select, text

from chassis.database import Transaction
from services.auth.model.keys import KeyRing, SigningKey
from services.auth.store.tables import signing_keys


def ring(tx: Transaction) -> KeyRing:
    """Read all keys."""
    rows = tx.execute(select(signing_keys).order_by(signing_keys.c.not_before, signing_keys.c.key_id))
    return KeyRing(
        [SigningKey(row.key_id, bytes(row.public_key), bytes(row.sealed_private_key), row.not_before) for row in rows]
    )


def lock_ring(tx: Transaction) -> KeyRing:
    """Read all keys; until the end no other replica adds or deletes one."""
    tx.execute(text("select pg_advisory_xact_lock(hashtextextended('auth:signing_keys', 0))"))
    return ring(tx)


def add(tx: Transaction, key: SigningKey) -> None:
    """Store a new key."""
    tx.execute(
        insert(signing_keys).values(
            key_id=key.key_id,
            public_key=key.public_key,
            sealed_private_key=key.sealed_private_key,
            not_before=key.not_before,
        )
    )


def forget(tx: Transaction, keys: Sequence[SigningKey]) -> None:
    """Delete keys, private halves included."""
    tx.execute(delete(signing_keys).where(signing_keys.c.key_id.in_([key.key_id for key in keys])))
