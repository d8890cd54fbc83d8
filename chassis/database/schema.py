"""Tables that every service has in its own database, whatever it is about."""

from alembic import op
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    func,
)

metadata = MetaData()
_now = func.now()
_TIME = DateTime(timezone=True)

# Append-only; order is the identity, given while the aggregate's lock is held. Rows stay 7 days, so that a lost
# stream can be filled again.
outbox = Table(
    "outbox",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("event_id", Uuid(as_uuid=False), nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("aggregate_id", Text, nullable=False),
    Column("aggregate_rev", BigInteger, nullable=False),
    Column("user_id", Text, nullable=False),
    Column("envelope", LargeBinary, nullable=False),
    Column("created_at", _TIME, nullable=False, server_default=_now),
)

# The relay's queue: what the stream has not acknowledged. A cursor would miss ids that commit late.
unpublished = Table(
    "unpublished",
    metadata,
    # No foreign key: it would look the event up again for each row, and both are written by one statement.
    Column("id", BigInteger, primary_key=True, autoincrement=False),
)

# What the stream looked like after the last acknowledged publish; a difference reveals a lost stream or tail.
relay_position = Table(
    "relay_position",
    metadata,
    Column("stream", Text, primary_key=True),
    Column("stream_created", Text, nullable=False),
    Column("last_seq", BigInteger, nullable=False),
    Column("event_id", Text, nullable=False),
)

# Events that a consumer of this service has handled; the only thing that says "seen".
inbox = Table(
    "inbox",
    metadata,
    Column("consumer", Text, nullable=False),
    Column("event_id", Uuid(as_uuid=False), nullable=False),
    Column("created_at", _TIME, nullable=False, server_default=_now),
    PrimaryKeyConstraint("consumer", "event_id"),
    Index("inbox_created_at", "created_at"),
)

# Events whose handler failed, and the later ones of their aggregate; dead after the last try.
parked = Table(
    "parked",
    metadata,
    Column("consumer", Text, nullable=False),
    Column("aggregate_id", Text, nullable=False),
    Column("n", BigInteger, Identity(always=True), nullable=False),
    Column("event_id", Uuid(as_uuid=False), nullable=False),
    Column("subject", Text, nullable=False),
    Column("envelope", LargeBinary, nullable=False),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("next_try", _TIME, nullable=False, server_default=_now),
    Column("error", Text, nullable=False, server_default=""),
    Column("is_dead", Boolean, nullable=False, server_default="false"),
    PrimaryKeyConstraint("consumer", "aggregate_id", "n"),
)

# Answers to mutations by (actor, method, request id), for 30 days.
requests = Table(
    "requests",
    metadata,
    Column("actor", Text, nullable=False),
    Column("method", Text, nullable=False),
    Column("request_id", Text, nullable=False),
    Column("body_hash", LargeBinary, nullable=False),
    Column("response", LargeBinary),
    Column("created_at", _TIME, nullable=False, server_default=_now),
    PrimaryKeyConstraint("actor", "method", "request_id"),
    Index("requests_created_at", "created_at"),
)

# Background work that was promised in a transaction; Celery only wakes it.
jobs = Table(
    "jobs",
    metadata,
    Column("id", Uuid(as_uuid=False), primary_key=True),
    Column("kind", Text, nullable=False),
    Column("arguments", Text, nullable=False),
    Column("state", Text, nullable=False, server_default="waiting"),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("next_try", _TIME, nullable=False, server_default=_now),
    Column("error", Text, nullable=False, server_default=""),
    Column("created_at", _TIME, nullable=False, server_default=_now),
    Column("finished_at", _TIME),
    Index("jobs_next_try", "next_try", postgresql_where="state = 'waiting'"),
)


def create() -> None:
    """Create the tables from within a service's first migration."""
    metadata.create_all(op.get_bind(), checkfirst=False)


def drop() -> None:
    """Drop the tables from within the downgrade of a service's first migration."""
    metadata.drop_all(op.get_bind(), checkfirst=False)
