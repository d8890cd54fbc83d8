"""Conversations, participants, messages, the change log, and the tables that every service has."""

from alembic import op

from chassis.database import schema

revision = "0001"
down_revision = None

# Rows that change often leave room on their page, so that a change need not touch any index.
_TABLES = """
    create table conversations (
        id uuid primary key,
        kind smallint not null,
        title text not null,
        description text not null,
        creator_id uuid not null,
        pair_low uuid,
        pair_high uuid,
        last_seq bigint not null,
        rev bigint not null,
        participant_count integer not null,
        created_at timestamptz not null,
        updated_at timestamptz not null,
        deleted_at timestamptz,
        constraint conversations_pair unique (pair_low, pair_high),
        constraint conversations_pair_is_ordered check (pair_low < pair_high)
    ) with (fillfactor = 70);

    create table participants (
        conversation_id uuid not null references conversations,
        user_id uuid not null,
        role smallint not null,
        read_seq bigint not null,
        delivered_seq bigint not null,
        joined_at timestamptz not null,
        left_at timestamptz,
        muted_until timestamptz,
        hidden_seq bigint not null default -1,
        unannounced smallint not null default 0,
        announced_at timestamptz not null default '-infinity',
        primary key (conversation_id, user_id)
    ) with (fillfactor = 70);
    create index participants_user on participants (user_id) where left_at is null;
    create index participants_unannounced on participants (conversation_id, user_id) where unannounced > 0;

    create table messages (
        id uuid primary key,
        conversation_id uuid not null,
        seq bigint not null,
        rev bigint not null,
        sender_id uuid not null,
        message_type smallint not null,
        content text not null,
        priority smallint not null,
        is_important boolean not null,
        client_message_id text not null,
        body_hash bytea not null,
        created_at timestamptz not null,
        edited_at timestamptz,
        deleted_at timestamptz,
        constraint messages_seq unique (conversation_id, seq),
        constraint messages_client_message_id unique (conversation_id, sender_id, client_message_id)
    );

    create table message_versions (
        message_id uuid not null references messages,
        rev bigint not null,
        content text not null,
        created_at timestamptz not null,
        primary key (message_id, rev)
    );

    create table conversation_changes (
        conversation_id uuid not null,
        rev bigint not null,
        kind smallint not null,
        actor_id uuid not null,
        target_id uuid not null,
        created_at timestamptz not null,
        primary key (conversation_id, rev)
    );

    create table people (user_id uuid primary key, is_active boolean not null);

    create table blocks (
        user_id uuid not null,
        blocked_user_id uuid not null,
        primary key (user_id, blocked_user_id)
    );

    create table epoch (value uuid primary key);
    insert into epoch select gen_random_uuid();
"""


def upgrade() -> None:
    schema.create()
    op.execute(_TABLES)


def downgrade() -> None:
    for table in (
        "epoch",
        "blocks",
        "people",
        "conversation_changes",
        "message_versions",
        "messages",
        "participants",
        "conversations",
    ):
        op.drop_table(table)
    schema.drop()
