"""The tables of the conversations service, beside those that every service has."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

metadata = MetaData()
_ID = Uuid(as_uuid=False)
_TIME = DateTime(timezone=True)

# Its row is locked by every shared change, so that seq and rev are given in the order of the commits.
conversations = Table(
    "conversations",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("kind", SmallInteger, nullable=False),
    Column("title", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("creator_id", _ID, nullable=False),
    # The two of a direct conversation, the lower id first.
    Column("pair_low", _ID),
    Column("pair_high", _ID),
    Column("last_seq", BigInteger, nullable=False),
    Column("rev", BigInteger, nullable=False),
    Column("participant_count", Integer, nullable=False),
    Column("created_at", _TIME, nullable=False),
    Column("updated_at", _TIME, nullable=False),
    Column("deleted_at", _TIME),
    UniqueConstraint("pair_low", "pair_high", name="conversations_pair"),
)

participants = Table(
    "participants",
    metadata,
    Column("conversation_id", _ID, ForeignKey("conversations.id"), nullable=False),
    Column("user_id", _ID, nullable=False),
    Column("role", SmallInteger, nullable=False),
    Column("read_seq", BigInteger, nullable=False),
    Column("delivered_seq", BigInteger, nullable=False),
    Column("joined_at", _TIME, nullable=False),
    Column("left_at", _TIME),
    Column("muted_until", _TIME),
    # The conversation is hidden from this member until its last_seq passes this number.
    Column("hidden_seq", BigInteger, nullable=False, server_default="-1"),
    # Which position has moved since it was last announced, and when that was: see store/receipts.py.
    Column("unannounced", SmallInteger, nullable=False, server_default="0"),
    Column("announced_at", _TIME, nullable=False, server_default="-infinity"),
    PrimaryKeyConstraint("conversation_id", "user_id"),
    Index("participants_user", "user_id", postgresql_where=text("left_at is null")),
    Index("participants_unannounced", "conversation_id", "user_id", postgresql_where=text("unannounced > 0")),
)

# Without foreign keys: a message is written only under its conversation's lock, and checking costs on every send.
messages = Table(
    "messages",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("conversation_id", _ID, nullable=False),
    Column("seq", BigInteger, nullable=False),
    # The conversation's revision at the message's last change.
    Column("rev", BigInteger, nullable=False),
    Column("sender_id", _ID, nullable=False),
    Column("message_type", SmallInteger, nullable=False),
    # Empty once deleted.
    Column("content", Text, nullable=False),
    Column("priority", SmallInteger, nullable=False),
    Column("is_important", Boolean, nullable=False),
    Column("client_message_id", Text, nullable=False),
    # Of the send, so that a repeated one can be told from another one under the same key.
    Column("body_hash", LargeBinary, nullable=False),
    Column("created_at", _TIME, nullable=False),
    Column("edited_at", _TIME),
    Column("deleted_at", _TIME),
    UniqueConstraint("conversation_id", "seq", name="messages_seq"),
    UniqueConstraint("conversation_id", "sender_id", "client_message_id", name="messages_client_message_id"),
)

# Texts that were replaced; those of a deleted message go with it.
message_versions = Table(
    "message_versions",
    metadata,
    Column("message_id", _ID, ForeignKey("messages.id"), nullable=False),
    # The message's revision while it had this text.
    Column("rev", BigInteger, nullable=False),
    Column("content", Text, nullable=False),
    Column("created_at", _TIME, nullable=False),
    PrimaryKeyConstraint("message_id", "rev"),
)

# Kept for good; resume and audit read it. It holds no text.
conversation_changes = Table(
    "conversation_changes",
    metadata,
    Column("conversation_id", _ID, nullable=False),
    Column("rev", BigInteger, nullable=False),
    Column("kind", SmallInteger, nullable=False),
    Column("actor_id", _ID, nullable=False),
    Column("target_id", _ID, nullable=False),
    Column("created_at", _TIME, nullable=False),
    PrimaryKeyConstraint("conversation_id", "rev"),
)

# A projection of auth's events: whom we know, and who is suspended.
people = Table(
    "people",
    metadata,
    Column("user_id", _ID, primary_key=True),
    Column("is_active", Boolean, nullable=False),
)

# A projection of users' events.
blocks = Table(
    "blocks",
    metadata,
    Column("user_id", _ID, nullable=False),
    Column("blocked_user_id", _ID, nullable=False),
    PrimaryKeyConstraint("user_id", "blocked_user_id"),
)

# One row; a restored backup gets a new value, because its revisions are not those that clients know.
epoch = Table("epoch", metadata, Column("value", _ID, primary_key=True))


def listed(alias: str, columns: Iterable[Column[Any]]) -> str:
    """Spell columns for a statement in which their table has this name."""
    return ", ".join(f"{alias}.{column.name}" for column in columns)
