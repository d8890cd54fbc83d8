"""The tables beside those that every service has."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
)

metadata = MetaData()

notifications = Table(
    "notifications",
    metadata,
    Column("id", Uuid(as_uuid=False), primary_key=True),
    Column("user_id", Uuid(as_uuid=False), nullable=False),
    Column("kind", Text, CheckConstraint("kind in ('message', 'member_added')", "notifications_kind"), nullable=False),
    Column("title", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("actor_id", Uuid(as_uuid=False)),
    Column("conversation_id", Uuid(as_uuid=False), nullable=False),
    Column("message_id", Uuid(as_uuid=False)),
    # Number of the newest message; 0 where there is none.
    Column("seq", BigInteger, nullable=False),
    Column("count", Integer, CheckConstraint("count > 0", "notifications_count"), nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("read_at", DateTime(timezone=True)),
    Index("notifications_page", "user_id", "created_at", "id"),
    Index("notifications_unread", "user_id", "created_at", "id", postgresql_where="read_at is null"),
    # All messages of a conversation share one notification.
    Index("notifications_shared", "user_id", "conversation_id", unique=True, postgresql_where="kind = 'message'"),
    Index("notifications_conversation", "conversation_id", "user_id"),
    Index("notifications_message", "message_id", postgresql_where="message_id is not null"),
)

# This service's own copy of who takes part where and how far they have read, made from events. Former members stay:
# their `rev` keeps an older event that comes late from bringing them back.
members = Table(
    "members",
    metadata,
    Column("conversation_id", Uuid(as_uuid=False), nullable=False),
    Column("user_id", Uuid(as_uuid=False), nullable=False),
    Column("is_present", Boolean, nullable=False),
    Column("read_seq", BigInteger, nullable=False),
    Column("rev", BigInteger, nullable=False),
    PrimaryKeyConstraint("conversation_id", "user_id"),
)
