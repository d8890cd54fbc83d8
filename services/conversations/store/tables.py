"""The tables of the conversations service, beside those that every service has."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    Computed,
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
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR

metadata = MetaData()
ID = Uuid(as_uuid=False)
TIME = DateTime(timezone=True)

# Its row is locked by every shared change, so that seq and rev are given in the order of the commits.
conversations = Table(
    "conversations",
    metadata,
    Column("id", ID, primary_key=True),
    Column("kind", SmallInteger, nullable=False),
    Column("title", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("creator_id", ID, nullable=False),
    # The two of a direct conversation, the lower id first.
    Column("pair_low", ID),
    Column("pair_high", ID),
    Column("last_seq", BigInteger, nullable=False),
    Column("rev", BigInteger, nullable=False),
    Column("participant_count", Integer, nullable=False),
    Column("created_at", TIME, nullable=False),
    Column("updated_at", TIME, nullable=False),
    Column("deleted_at", TIME),
    Column("is_public", Boolean, nullable=False, server_default="false"),
    # What those who join from now on may read of what was said before.
    Column("history_visibility", SmallInteger, nullable=False, server_default="1"),
    Column("posting_policy", SmallInteger, nullable=False, server_default="1"),
    # Between two messages of the same member; 0 for none.
    Column("slow_mode_seconds", Integer, nullable=False, server_default="0"),
    UniqueConstraint("pair_low", "pair_high", name="conversations_pair"),
    Index("conversations_public", "updated_at", "id", postgresql_where=text("is_public and deleted_at is null")),
)

participants = Table(
    "participants",
    metadata,
    Column("conversation_id", ID, ForeignKey("conversations.id"), nullable=False),
    Column("user_id", ID, nullable=False),
    Column("role", SmallInteger, nullable=False),
    Column("read_seq", BigInteger, nullable=False),
    Column("delivered_seq", BigInteger, nullable=False),
    Column("joined_at", TIME, nullable=False),
    Column("left_at", TIME),
    Column("muted_until", TIME),
    # The conversation is hidden from this member until its last_seq passes this number.
    Column("hidden_seq", BigInteger, nullable=False, server_default="-1"),
    # Which position has moved since it was last announced, and when that was: see store/receipts.py.
    Column("unannounced", SmallInteger, nullable=False, server_default="0"),
    Column("announced_at", TIME, nullable=False, server_default="-infinity"),
    # Messages up to this number are not for this member, who joined after them.
    Column("visible_after", BigInteger, nullable=False, server_default="0"),
    # For slow mode.
    Column("last_sent_at", TIME),
    # The member's own settings; a moderator's mute is muted_until.
    Column("snoozed_until", TIME),
    Column("notification_level", SmallInteger, nullable=False, server_default="1"),
    Column("is_pinned", Boolean, nullable=False, server_default="false"),
    Column("is_archived", Boolean, nullable=False, server_default="false"),
    Column("nickname", Text, nullable=False, server_default=""),
    PrimaryKeyConstraint("conversation_id", "user_id"),
    Index("participants_user", "user_id", postgresql_where=text("left_at is null")),
    Index("participants_unannounced", "conversation_id", "user_id", postgresql_where=text("unannounced > 0")),
)

# Without foreign keys: a message is written only under its conversation's lock, and checking costs on every send.
messages = Table(
    "messages",
    metadata,
    Column("id", ID, primary_key=True),
    Column("conversation_id", ID, nullable=False),
    Column("seq", BigInteger, nullable=False),
    # The conversation's revision at the message's last change.
    Column("rev", BigInteger, nullable=False),
    Column("sender_id", ID, nullable=False),
    Column("message_type", SmallInteger, nullable=False),
    # Empty once deleted.
    Column("content", Text, nullable=False),
    Column("priority", SmallInteger, nullable=False),
    Column("is_important", Boolean, nullable=False),
    Column("client_message_id", Text, nullable=False),
    # Of the send, so that a repeated one can be told from another one under the same key.
    Column("body_hash", LargeBinary, nullable=False),
    Column("created_at", TIME, nullable=False),
    Column("edited_at", TIME),
    Column("deleted_at", TIME),
    # Empty where most messages have nothing.
    Column("reply_to_id", ID),
    Column("thread_root_id", ID),
    # Of a root; replies that were deleted count, too.
    Column("reply_count", Integer, nullable=False, server_default="0"),
    Column("mentions", ARRAY(Text)),
    Column("mentions_all", Boolean, nullable=False, server_default="false"),
    Column("forwarded_from", JSONB),
    Column("requires_acknowledgement", Boolean, nullable=False, server_default="false"),
    # Counts of what stands in store/marks.py, so that a message is read from one row.
    Column("acknowledgement_count", Integer, nullable=False, server_default="0"),
    Column("reactions", JSONB),
    Column("is_pinned", Boolean, nullable=False, server_default="false"),
    Column("previews", JSONB),
    Column("poll", JSONB),
    # Which language the text is in, by the numbers of model/languages.py.
    Column("language", SmallInteger, nullable=False, server_default="0"),
    Column("search", TSVECTOR, Computed("search_vector(language, content, is_important, is_pinned)", persisted=True)),
    UniqueConstraint("conversation_id", "seq", name="messages_seq"),
    UniqueConstraint("conversation_id", "sender_id", "client_message_id", name="messages_client_message_id"),
    Index("messages_thread", "thread_root_id", "seq", postgresql_where=text("thread_root_id is not null")),
    Index("messages_search", "search", postgresql_using="gin"),
)

# Words that messages hold, as they are typed but for case and accents, and about how often.
search_words = Table(
    "search_words",
    metadata,
    Column("word", Text(collation="C"), primary_key=True),
    Column("uses", Integer, nullable=False),
    Index("search_words_similar", "word", postgresql_using="gin", postgresql_ops={"word": "gin_trgm_ops"}),
)
# One row: up to which message words were learned, and up to which word it was checked that some message still has it.
search_progress = Table(
    "search_progress",
    metadata,
    Column("learned_id", ID, primary_key=True),
    Column("checked_word", Text, nullable=False),
)

# Texts that were replaced; those of a deleted message go with it.
message_versions = Table(
    "message_versions",
    metadata,
    Column("message_id", ID, ForeignKey("messages.id"), nullable=False),
    # The message's revision while it had this text.
    Column("rev", BigInteger, nullable=False),
    Column("content", Text, nullable=False),
    Column("created_at", TIME, nullable=False),
    PrimaryKeyConstraint("message_id", "rev"),
)

# Kept for good; resume and audit read it. It holds no text.
conversation_changes = Table(
    "conversation_changes",
    metadata,
    Column("conversation_id", ID, nullable=False),
    Column("rev", BigInteger, nullable=False),
    Column("kind", SmallInteger, nullable=False),
    Column("actor_id", ID, nullable=False),
    Column("target_id", ID, nullable=False),
    Column("created_at", TIME, nullable=False),
    PrimaryKeyConstraint("conversation_id", "rev"),
)

# A projection of auth's and users' events: whom we know, who is suspended, and what they allow others.
people = Table(
    "people",
    metadata,
    Column("user_id", ID, primary_key=True),
    Column("is_active", Boolean, nullable=False),
    # Lower case; for mentions.
    Column("username", Text, nullable=False, server_default=""),
    Column("is_receipt_shared", Boolean, nullable=False, server_default="true"),
    Column("is_typing_shared", Boolean, nullable=False, server_default="true"),
    Column("who_can_message", SmallInteger, nullable=False, server_default="1"),
    Index("people_username", "username"),
)

# A projection of users' events.
blocks = Table(
    "blocks",
    metadata,
    Column("user_id", ID, nullable=False),
    Column("blocked_user_id", ID, nullable=False),
    PrimaryKeyConstraint("user_id", "blocked_user_id"),
)

# A projection of users' events.
contacts = Table(
    "contacts",
    metadata,
    Column("user_id", ID, nullable=False),
    Column("contact_id", ID, nullable=False),
    PrimaryKeyConstraint("user_id", "contact_id"),
)

# Who may not come back, for good or until a time.
bans = Table(
    "bans",
    metadata,
    Column("conversation_id", ID, ForeignKey("conversations.id"), nullable=False),
    Column("user_id", ID, nullable=False),
    Column("actor_id", ID, nullable=False),
    Column("created_at", TIME, nullable=False),
    Column("expires_at", TIME),
    PrimaryKeyConstraint("conversation_id", "user_id"),
)

invites = Table(
    "invites",
    metadata,
    Column("id", ID, primary_key=True),
    Column("conversation_id", ID, ForeignKey("conversations.id"), nullable=False),
    # Whoever knows it may join.
    Column("code", Text, nullable=False),
    Column("creator_id", ID, nullable=False),
    Column("role", SmallInteger, nullable=False),
    Column("max_uses", Integer),
    Column("uses", Integer, nullable=False, server_default="0"),
    Column("created_at", TIME, nullable=False),
    Column("expires_at", TIME),
    Column("revoked_at", TIME),
    UniqueConstraint("code", name="invites_code"),
    Index("invites_conversation", "conversation_id", "created_at", "id"),
)

drafts = Table(
    "drafts",
    metadata,
    Column("user_id", ID, nullable=False),
    Column("conversation_id", ID, nullable=False),
    Column("content", Text, nullable=False),
    Column("reply_to_id", ID),
    Column("updated_at", TIME, nullable=False),
    PrimaryKeyConstraint("user_id", "conversation_id"),
)

scheduled_messages = Table(
    "scheduled_messages",
    metadata,
    Column("id", ID, primary_key=True),
    Column("sender_id", ID, nullable=False),
    Column("conversation_id", ID, nullable=False),
    # The message to be, whoever may send it then.
    Column("draft", JSONB, nullable=False),
    Column("send_at", TIME, nullable=False),
    # Later than send_at only when it could not be sent for a while.
    Column("try_at", TIME, nullable=False),
    Column("state", SmallInteger, nullable=False, server_default="1"),
    # Why it could not be sent.
    Column("failure", Text),
    Column("message_id", ID),
    Column("created_at", TIME, nullable=False),
    Column("updated_at", TIME, nullable=False),
    Index("scheduled_messages_due", "try_at", "send_at", "id", postgresql_where=text("state = 1")),
    Index("scheduled_messages_sender", "sender_id", "send_at", "id"),
)

# One row; a restored backup gets a new value, because its revisions are not those that clients know.
epoch = Table("epoch", metadata, Column("value", ID, primary_key=True))


def listed(alias: str, columns: Iterable[Column[Any]]) -> str:
    """Spell columns for a statement in which their table has this name."""
    return ", ".join(f"{alias}.{column.name}" for column in columns)
