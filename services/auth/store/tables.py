"""The tables of auth; migrations make them, `alembic check` compares them."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

metadata = MetaData()
_ID = Uuid(as_uuid=False)
_TIME = DateTime(timezone=True)

accounts = Table(
    "accounts",
    metadata,
    Column("account_id", _ID, primary_key=True),
    # As typed; ASCII, so lower() folds it without a question of language.
    Column("email", Text, nullable=False),
    Column("username", Text, nullable=False),
    Column("first_name", Text, nullable=False),
    Column("last_name", Text, nullable=False),
    Column("locale", Text, nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("roles", ARRAY(Text), nullable=False, server_default="{}"),
    Column("state", Text, nullable=False),
    Column("email_verified_at", _TIME),
    Column("created_at", _TIME, nullable=False),
    Index("accounts_email", func.lower(text("email")), unique=True),
    Index("accounts_username", "username", unique=True),
    Index("accounts_admins", "account_id", postgresql_where=text("'admin' = any(roles)")),
    CheckConstraint("state in ('active', 'suspended')", name="accounts_state"),
    CheckConstraint("roles <@ array['moderator', 'admin']", name="accounts_roles"),
)

# A login on one device, with the newest of its family of refresh tokens and the last exchange of one.
sessions = Table(
    "sessions",
    metadata,
    Column("session_id", _ID, primary_key=True),
    Column("account_id", _ID, ForeignKey("accounts.account_id", ondelete="CASCADE"), nullable=False),
    Column("device", Text, nullable=False),
    Column("ip", Text, nullable=False),
    Column("created_at", _TIME, nullable=False),
    Column("used_at", _TIME, nullable=False),
    Column("expires_at", _TIME, nullable=False),
    Column("ended_at", _TIME),
    Column("family_digest", LargeBinary, nullable=False, unique=True),
    Column("token_digest", LargeBinary, nullable=False),
    Column("exchanged_digest", LargeBinary),
    Column("exchanged_at", _TIME),
    Column("rotation_id", Text),
    Column("nonce", LargeBinary),
    Index("sessions_open", "account_id", "used_at", "session_id", postgresql_where=text("ended_at is null")),
    Index("sessions_expires_at", "expires_at"),
)

revocations = Table(
    "revocations",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("account_id", _ID, nullable=False),
    # Null: all sessions of the account.
    Column("session_id", _ID),
    Column("not_before", _TIME, nullable=False),
    Index("revocations_not_before", "not_before"),
    Index("revocations_account", "account_id"),
)

mail_tokens = Table(
    "mail_tokens",
    metadata,
    Column("account_id", _ID, ForeignKey("accounts.account_id", ondelete="CASCADE"), nullable=False),
    Column("purpose", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False, unique=True),
    Column("expires_at", _TIME, nullable=False),
    # One for each purpose: the newest mail counts.
    PrimaryKeyConstraint("account_id", "purpose"),
)

signing_keys = Table(
    "signing_keys",
    metadata,
    Column("key_id", Text, primary_key=True),
    Column("public_key", LargeBinary, nullable=False),
    Column("sealed_private_key", LargeBinary, nullable=False),
    Column("not_before", _TIME, nullable=False),
)

# Append-only: the serving role may insert and select.
audit_records = Table(
    "audit_records",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("record_id", _ID, nullable=False, unique=True),
    Column("service", Text, nullable=False),
    Column("action", Text, nullable=False),
    # Empty where a service or an operator acted, not a person with an account.
    Column("actor_id", Text, nullable=False),
    Column("target_kind", Text, nullable=False),
    Column("target_id", Text, nullable=False),
    Column("before", JSONB, nullable=False),
    Column("after", JSONB, nullable=False),
    Column("request_id", Text, nullable=False),
    Column("client_ip", Text, nullable=False),
    Column("occurred_at", _TIME, nullable=False),
)
