"""Why a message concerns somebody: mentions, threads, acknowledgements; and what keeps it from them."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("notifications", sa.Column("seqs", sa.ARRAY(sa.BigInteger)))
    _allow("'message', 'member_added', 'mention', 'reply', 'acknowledgement'")
    _share(["user_id", "conversation_id", "kind"], "kind in ('message', 'mention', 'reply')")
    single = {"unique": True, "postgresql_where": sa.text("kind = 'acknowledgement'")}
    op.create_index("notifications_acknowledgement", "notifications", ["user_id", "message_id"], **single)
    op.add_column("members", sa.Column("visible_after", sa.BigInteger, nullable=False, server_default="0"))
    op.add_column("members", sa.Column("notification_level", sa.SmallInteger, nullable=False, server_default="1"))
    op.add_column("members", sa.Column("snoozed_until", sa.DateTime(timezone=True)))
    op.create_table(
        "followers",
        sa.Column("root_id", sa.Uuid(as_uuid=False), primary_key=True),
        sa.Column("user_id", sa.Uuid(as_uuid=False), primary_key=True),
        sa.Column("conversation_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("is_following", sa.Boolean, nullable=False),
    )
    op.create_index("followers_conversation", "followers", ["conversation_id"])
    op.create_table(
        "blocks",
        sa.Column("user_id", sa.Uuid(as_uuid=False), primary_key=True),
        sa.Column("blocked_user_id", sa.Uuid(as_uuid=False), primary_key=True),
    )


def downgrade() -> None:
    op.drop_table("blocks")
    op.drop_table("followers")
    for column in ("snoozed_until", "notification_level", "visible_after"):
        op.drop_column("members", column)
    op.execute("delete from notifications where kind not in ('message', 'member_added')")
    op.drop_index("notifications_acknowledgement")
    _share(["user_id", "conversation_id"], "kind = 'message'")
    _allow("'message', 'member_added'")
    op.drop_column("notifications", "seqs")


def _allow(kinds: str) -> None:
    op.drop_constraint("notifications_kind", "notifications")
    op.create_check_constraint("notifications_kind", "notifications", f"kind in ({kinds})")


def _share(columns: list[str], kinds: str) -> None:
    op.drop_index("notifications_shared")
    shared = {"unique": True, "postgresql_where": sa.text(kinds)}
    op.create_index("notifications_shared", "notifications", columns, **shared)
