"""The tables of what people attach to messages. They have no foreign keys, as messages have none."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from services.conversations.store.tables import ID, TIME, metadata

# How far somebody has read in a thread, and whether they follow it.
threads = Table(
    "threads",
    metadata,
    Column("root_id", ID, nullable=False),
    Column("user_id", ID, nullable=False),
    Column("read_seq", BigInteger, nullable=False),
    Column("is_subscribed", Boolean, nullable=False),
    PrimaryKeyConstraint("root_id", "user_id"),
)

reactions = Table(
    "reactions",
    metadata,
    Column("message_id", ID, nullable=False),
    Column("emoji", Text, nullable=False),
    Column("user_id", ID, nullable=False),
    Column("created_at", TIME, nullable=False),
    PrimaryKeyConstraint("message_id", "user_id", "emoji"),
)

acknowledgements = Table(
    "acknowledgements",
    metadata,
    Column("message_id", ID, nullable=False),
    Column("user_id", ID, nullable=False),
    Column("created_at", TIME, nullable=False),
    PrimaryKeyConstraint("message_id", "user_id"),
)

# Messages of which those who have not acknowledged them will be reminded.
reminders = Table(
    "reminders",
    metadata,
    Column("message_id", ID, primary_key=True),
    Column("next_at", TIME, nullable=False),
    Column("count", SmallInteger, nullable=False, server_default="0"),
    Index("reminders_due", "next_at"),
)

votes = Table(
    "votes",
    metadata,
    Column("message_id", ID, nullable=False),
    Column("user_id", ID, nullable=False),
    # Its place among the poll's options, from 0.
    Column("option", SmallInteger, nullable=False),
    Column("created_at", TIME, nullable=False),
    PrimaryKeyConstraint("message_id", "user_id", "option"),
)

pins = Table(
    "pins",
    metadata,
    Column("message_id", ID, primary_key=True),
    Column("conversation_id", ID, nullable=False),
    Column("actor_id", ID, nullable=False),
    Column("created_at", TIME, nullable=False),
    Index("pins_conversation", "conversation_id", "created_at", "message_id"),
)

bookmarks = Table(
    "bookmarks",
    metadata,
    Column("user_id", ID, nullable=False),
    Column("message_id", ID, nullable=False),
    Column("created_at", TIME, nullable=False),
    PrimaryKeyConstraint("user_id", "message_id"),
    Index("bookmarks_newest", "user_id", "created_at", "message_id"),
)

# Messages that somebody deleted for themselves.
hidden_messages = Table(
    "hidden_messages",
    metadata,
    Column("user_id", ID, nullable=False),
    Column("message_id", ID, nullable=False),
    PrimaryKeyConstraint("user_id", "message_id"),
)

reports = Table(
    "reports",
    metadata,
    Column("id", ID, primary_key=True),
    Column("message_id", ID, nullable=False),
    Column("conversation_id", ID, nullable=False),
    Column("reporter_id", ID, nullable=False),
    Column("reason", SmallInteger, nullable=False),
    Column("comment", Text, nullable=False),
    # The text when it was reported: an edit does not take the evidence away.
    Column("content", Text, nullable=False),
    Column("state", SmallInteger, nullable=False, server_default="1"),
    Column("resolver_id", ID),
    Column("resolution", Text, nullable=False, server_default=""),
    Column("created_at", TIME, nullable=False),
    Column("resolved_at", TIME),
    UniqueConstraint("message_id", "reporter_id", name="reports_once"),
    Index("reports_state", "state", "created_at", "id"),
    Index("reports_open", "reporter_id", postgresql_where=text("state = 1")),
)
