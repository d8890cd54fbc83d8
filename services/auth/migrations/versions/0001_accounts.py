"""Accounts, sessions, keys and the audit trail, and the tables that every service has."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from chassis.database import schema

revision = "0001"
down_revision = None

TIME = sa.DateTime(timezone=True)
ID = sa.Uuid(as_uuid=False)

# The serving role is named like the owner without `_owner`; where one role does both, it gives the right up itself.
APPEND_ONLY = """
    do $$
    declare serving text := regexp_replace(current_user, '_owner$', '');
    begin
        if exists (select from pg_roles where rolname = serving) then
            execute format('revoke update, delete, truncate on audit_records from %I', serving);
        end if;
    end $$
"""


def upgrade() -> None:
    schema.create()
    op.create_table(
        "accounts",
        sa.Column("account_id", ID, primary_key=True),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("username", sa.Text, nullable=False),
        sa.Column("first_name", sa.Text, nullable=False),
        sa.Column("last_name", sa.Text, nullable=False),
        sa.Column("locale", sa.Text, nullable=False),
        sa.Column("password_hash", sa.Text, nullable=False),
        sa.Column("roles", postgresql.ARRAY(sa.Text), nullable=False, server_default="{}"),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("email_verified_at", TIME),
        sa.Column("created_at", TIME, nullable=False),
        sa.CheckConstraint("state in ('active', 'suspended')", name="accounts_state"),
        sa.CheckConstraint("roles <@ array['moderator', 'admin']", name="accounts_roles"),
    )
    op.create_index("accounts_email", "accounts", [sa.text("lower(email)")], unique=True)
    op.create_index("accounts_username", "accounts", ["username"], unique=True)
    op.create_index("accounts_admins", "accounts", ["account_id"], postgresql_where=sa.text("'admin' = any(roles)"))
    op.create_table(
        "sessions",
        sa.Column("session_id", ID, primary_key=True),
        sa.Column("account_id", ID, sa.ForeignKey("accounts.account_id", ondelete="CASCADE"), nullable=False),
        sa.Column("device", sa.Text, nullable=False),
        sa.Column("ip", sa.Text, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("used_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("ended_at", TIME),
        sa.Column("family_digest", sa.LargeBinary, nullable=False, unique=True),
        sa.Column("token_digest", sa.LargeBinary, nullable=False),
        sa.Column("exchanged_digest", sa.LargeBinary),
        sa.Column("exchanged_at", TIME),
        sa.Column("rotation_id", sa.Text),
        sa.Column("nonce", sa.LargeBinary),
    )
    op.create_index(
        "sessions_open",
        "sessions",
        ["account_id", "used_at", "session_id"],
        postgresql_where=sa.text("ended_at is null"),
    )
    op.create_index("sessions_expires_at", "sessions", ["expires_at"])
    op.create_table(
        "revocations",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("account_id", ID, nullable=False),
        sa.Column("session_id", ID),
        sa.Column("not_before", TIME, nullable=False),
    )
    op.create_index("revocations_not_before", "revocations", ["not_before"])
    op.create_index("revocations_account", "revocations", ["account_id"])
    op.create_table(
        "mail_tokens",
        sa.Column("account_id", ID, sa.ForeignKey("accounts.account_id", ondelete="CASCADE"), nullable=False),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False, unique=True),
        sa.Column("expires_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("account_id", "purpose"),
    )
    op.create_table(
        "signing_keys",
        sa.Column("key_id", sa.Text, primary_key=True),
        sa.Column("public_key", sa.LargeBinary, nullable=False),
        sa.Column("sealed_private_key", sa.LargeBinary, nullable=False),
        sa.Column("not_before", TIME, nullable=False),
    )
    op.create_table(
        "audit_records",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("record_id", ID, nullable=False, unique=True),
        sa.Column("service", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("actor_id", sa.Text, nullable=False),
        sa.Column("target_kind", sa.Text, nullable=False),
        sa.Column("target_id", sa.Text, nullable=False),
        sa.Column("before", postgresql.JSONB, nullable=False),
        sa.Column("after", postgresql.JSONB, nullable=False),
        sa.Column("request_id", sa.Text, nullable=False),
        sa.Column("client_ip", sa.Text, nullable=False),
        sa.Column("occurred_at", TIME, nullable=False),
    )
    op.execute(APPEND_ONLY)


def downgrade() -> None:
    for table in (
        "audit_records",
        "signing_keys",
        "mail_tokens",
        "revocations",
        "sessions",
        "accounts",
    ):
        op.drop_table(table)
    schema.drop()
