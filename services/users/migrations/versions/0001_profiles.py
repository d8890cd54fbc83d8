"""Profiles, and the tables that every service has."""

import sqlalchemy as sa
from alembic import op

from chassis.database import schema

revision = "0001"
down_revision = None


def upgrade() -> None:
    # Does nothing where provisioning made it; elsewhere it is trusted, so the database's owner may make it.
    op.execute("create extension if not exists pg_trgm")
    schema.create()
    op.create_table(
        "profiles",
        sa.Column("user_id", sa.Uuid(as_uuid=False), primary_key=True),
        sa.Column("username", sa.Text, nullable=False),
        sa.Column("display_name", sa.Text, nullable=False),
        sa.Column("first_name", sa.Text, nullable=False),
        sa.Column("last_name", sa.Text, nullable=False),
        sa.Column("bio", sa.Text, nullable=False, server_default=""),
        sa.Column("phone", sa.LargeBinary, nullable=False, server_default=""),
        sa.Column("date_of_birth", sa.LargeBinary, nullable=False, server_default=""),
        sa.Column("is_verified", sa.Boolean, nullable=False, server_default="false"),
        sa.Column("is_bot", sa.Boolean, nullable=False, server_default="false"),
        sa.Column("is_suspended", sa.Boolean, nullable=False, server_default="false"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False, server_default="1"),
    )
    op.create_index("profiles_username", "profiles", ["username", "user_id"])
    op.create_index("profiles_created_at", "profiles", ["created_at", "user_id"])
    op.execute("""
        create index profiles_names on profiles using gin (
            lower(username || ' ' || display_name || ' ' || first_name || ' ' || last_name) gin_trgm_ops)
    """)


def downgrade() -> None:
    op.drop_table("profiles")
    schema.drop()
