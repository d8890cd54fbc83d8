"""The inbox, the members it is for, and the tables that every service has."""

import sqlalchemy as sa
from alembic import op

from chassis.database import schema

revision = "0001"
down_revision = None


def upgrade() -> None:
    schema.create()
    op.create_table(
        "notifications",
        sa.Column("id", sa.Uuid(as_uuid=False), primary_key=True),
        sa.Column("user_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column(
            "kind",
            sa.Text,
            sa.CheckConstraint("kind in ('message', 'member_added')", "notifications_kind"),
            nullable=False,
        ),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("actor_id", sa.Uuid(as_uuid=False)),
        sa.Column("conversation_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("message_id", sa.Uuid(as_uuid=False)),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("count", sa.Integer, sa.CheckConstraint("count > 0", "notifications_count"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True)),
    )
    op.create_index("notifications_page", "notifications", ["user_id", "created_at", "id"])
    unread = {"postgresql_where": sa.text("read_at is null")}
    op.create_index("notifications_unread", "notifications", ["user_id", "created_at", "id"], **unread)
    shared = {"unique": True, "postgresql_where": sa.text("kind = 'message'")}
    op.create_index("notifications_shared", "notifications", ["user_id", "conversation_id"], **shared)
    op.create_index("notifications_conversation", "notifications", ["conversation_id", "user_id"])
    about = {"postgresql_where": sa.text("message_id is not null")}
    op.create_index("notifications_message", "notifications", ["message_id"], **about)
    op.create_table(
        "members",
        sa.Column("conversation_id", sa.Uuid(as_uuid=False), primary_key=True),
        sa.Column("user_id", sa.Uuid(as_uuid=False), primary_key=True),
        sa.Column("is_present", sa.Boolean, nullable=False),
        sa.Column("read_seq", sa.BigInteger, nullable=False),
        sa.Column("rev", sa.BigInteger, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("members")
    op.drop_table("notifications")
    schema.drop()
