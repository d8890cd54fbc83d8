"""The tables beside those that every service has."""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
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
    Column(
        "kind",
        Text,
        CheckConstraint(
            "kind in ('message', 'member_added', 'mention', 'reply', 'acknowledgement')", "notifications_kind"
        ),
        nullable=False,
    ),
    Column("title", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("actor_id", Uuid(as_uuid=False)),
    Column("conversation_id", Uuid(as_uuid=False), nullable=False),
    Column("message_id", Uuid(as_uuid=False)),
    # Number of the newest message; 0 where there is none.
    Column("seq", BigInteger, nullable=False),
    # Of mentions and replies: the messages counted, the newest first, up to a limit.
    Column("seqs", ARRAY(BigInteger)),
    Column("count", Integer, CheckConstraint("count > 0", "notifications_count"), nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("read_at", DateTime(timezone=True)),
    Index("notifications_page", "user_id", "created_at", "id"),
    Index("notifications_unread", "user_id", "created_at", "id", postgresql_where="read_at is null"),
    # All messages of a conversation that concern somebody for the same reason share one notification.
    Index(
        "notifications_shared",
        "user_id",
        "conversation_id",
        "kind",
        unique=True,
        postgresql_where="kind in ('message', 'mention', 'reply')",
    ),
    # Each message is acknowledged for itself.
    Index(
        "notifications_acknowledgement",
        "user_id",
        "message_id",
        unique=True,
        postgresql_where="kind = 'acknowledgement'",
    ),
    Index("notifications_conversation", "conversation_id", "user_id"),
    Index("notifications_message", "message_id", postgresql_where="message_id is not null"),
)

# This service's own copy of who takes part where and how far they have read, made from events. Former members stay:
# their `rev` keeps an older event that comes late from bringing them back, and what they have set waits for them.
members = Table(
    "members",
    metadata,
    Column("conversation_id", Uuid(as_uuid=False), nullable=False),
    Column("user_id", Uuid(as_uuid=False), nullable=False),
    Column("is_present", Boolean, nullable=False),
    Column("read_seq", BigInteger, nullable=False),
    Column("rev", BigInteger, nullable=False),
    Column("visible_after", BigInteger, nullable=False, server_default="0"),
    Column("notification_level", SmallInteger, nullable=False, server_default="1"),
    Column("snoozed_until", DateTime(timezone=True)),
    PrimaryKeyConstraint("conversation_id", "user_id"),
)

# Who follows which thread: who began it or wrote in it, unless they said otherwise.
followers = Table(
    "followers",
    metadata,
    Column("root_id", Uuid(as_uuid=False), nullable=False),
    Column("user_id", Uuid(as_uuid=False), nullable=False),
    Column("conversation_id", Uuid(as_uuid=False), nullable=False),
    Column("is_following", Boolean, nullable=False),
    PrimaryKeyConstraint("root_id", "user_id"),
    Index("followers_conversation", "conversation_id"),
)

blocks = Table(
    "blocks",
    metadata,
    Column("user_id", Uuid(as_uuid=False), nullable=False),
    Column("blocked_user_id", Uuid(as_uuid=False), nullable=False),
    PrimaryKeyConstraint("user_id", "blocked_user_id"),
)
