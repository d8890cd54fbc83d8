"""What conversations and messages can do beside being written and read."""

from alembic import op

revision = "0002"
down_revision = "0001"

# Columns that most messages leave empty are null, which costs a bit each.
_CHANGES = """
    alter table conversations
        add is_public boolean not null default false,
        add history_visibility smallint not null default 1,
        add posting_policy smallint not null default 1,
        add slow_mode_seconds integer not null default 0;
    create index conversations_public on conversations (updated_at, id) where is_public and deleted_at is null;

    alter table participants
        add visible_after bigint not null default 0,
        add last_sent_at timestamptz,
        add snoozed_until timestamptz,
        add notification_level smallint not null default 1,
        add is_pinned boolean not null default false,
        add is_archived boolean not null default false,
        add nickname text not null default '';

    create table bans (
        conversation_id uuid not null references conversations,
        user_id uuid not null,
        actor_id uuid not null,
        created_at timestamptz not null,
        expires_at timestamptz,
        primary key (conversation_id, user_id)
    );

    create table invites (
        id uuid primary key,
        conversation_id uuid not null references conversations,
        code text not null,
        creator_id uuid not null,
        role smallint not null,
        max_uses integer,
        uses integer not null default 0,
        created_at timestamptz not null,
        expires_at timestamptz,
        revoked_at timestamptz,
        constraint invites_code unique (code)
    );
    create index invites_conversation on invites (conversation_id, created_at, id);

    alter table messages
        add reply_to_id uuid,
        add thread_root_id uuid,
        add reply_count integer not null default 0,
        add mentions text[],
        add mentions_all boolean not null default false,
        add forwarded_from jsonb,
        add requires_acknowledgement boolean not null default false,
        add acknowledgement_count integer not null default 0,
        add reactions jsonb,
        add is_pinned boolean not null default false,
        add previews jsonb,
        add poll jsonb;
    create index messages_thread on messages (thread_root_id, seq) where thread_root_id is not null;

    create table threads (
        root_id uuid not null,
        user_id uuid not null,
        read_seq bigint not null,
        is_subscribed boolean not null,
        primary key (root_id, user_id)
    ) with (fillfactor = 80);

    create table reactions (
        message_id uuid not null,
        emoji text not null,
        user_id uuid not null,
        created_at timestamptz not null,
        primary key (message_id, user_id, emoji)
    );

    create table acknowledgements (
        message_id uuid not null,
        user_id uuid not null,
        created_at timestamptz not null,
        primary key (message_id, user_id)
    );

    create table reminders (
        message_id uuid primary key,
        next_at timestamptz not null,
        count smallint not null default 0
    );
    create index reminders_due on reminders (next_at);

    create table votes (
        message_id uuid not null,
        user_id uuid not null,
        option smallint not null,
        created_at timestamptz not null,
        primary key (message_id, user_id, option)
    );

    create table pins (
        message_id uuid primary key,
        conversation_id uuid not null,
        actor_id uuid not null,
        created_at timestamptz not null
    );
    create index pins_conversation on pins (conversation_id, created_at, message_id);

    create table bookmarks (
        user_id uuid not null,
        message_id uuid not null,
        created_at timestamptz not null,
        primary key (user_id, message_id)
    );
    create index bookmarks_newest on bookmarks (user_id, created_at, message_id);

    create table hidden_messages (
        user_id uuid not null,
        message_id uuid not null,
        primary key (user_id, message_id)
    );

    create table drafts (
        user_id uuid not null,
        conversation_id uuid not null,
        content text not null,
        reply_to_id uuid,
        updated_at timestamptz not null,
        primary key (user_id, conversation_id)
    );

    create table scheduled_messages (
        id uuid primary key,
        sender_id uuid not null,
        conversation_id uuid not null,
        draft jsonb not null,
        send_at timestamptz not null,
        try_at timestamptz not null,
        state smallint not null default 1,
        failure text,
        message_id uuid,
        created_at timestamptz not null,
        updated_at timestamptz not null
    );
    create index scheduled_messages_due on scheduled_messages (try_at, send_at, id) where state = 1;
    create index scheduled_messages_sender on scheduled_messages (sender_id, send_at, id);

    create table reports (
        id uuid primary key,
        message_id uuid not null,
        conversation_id uuid not null,
        reporter_id uuid not null,
        reason smallint not null,
        comment text not null,
        content text not null,
        state smallint not null default 1,
        resolver_id uuid,
        resolution text not null default '',
        created_at timestamptz not null,
        resolved_at timestamptz,
        constraint reports_once unique (message_id, reporter_id)
    );
    create index reports_state on reports (state, created_at, id);
    create index reports_open on reports (reporter_id) where state = 1;

    alter table people
        add username text not null default '',
        add is_receipt_shared boolean not null default true,
        add is_typing_shared boolean not null default true,
        add who_can_message smallint not null default 1;
    create index people_username on people (username);

    create table contacts (
        user_id uuid not null,
        contact_id uuid not null,
        primary key (user_id, contact_id)
    );
"""
_TABLES = (
    "contacts",
    "reports",
    "scheduled_messages",
    "drafts",
    "hidden_messages",
    "bookmarks",
    "pins",
    "votes",
    "reminders",
    "acknowledgements",
    "reactions",
    "threads",
    "invites",
    "bans",
)
_COLUMNS = {
    "people": ("username", "is_receipt_shared", "is_typing_shared", "who_can_message"),
    "messages": (
        "reply_to_id", "thread_root_id", "reply_count", "mentions", "mentions_all", "forwarded_from",
        "requires_acknowledgement", "acknowledgement_count", "reactions", "is_pinned", "previews", "poll",
    ),
    "participants": (
        "visible_after", "last_sent_at", "snoozed_until", "notification_level", "is_pinned", "is_archived", "nickname",
    ),
    "conversations": ("is_public", "history_visibility", "posting_policy", "slow_mode_seconds"),
}  # fmt: skip


def upgrade() -> None:
    op.execute(_CHANGES)


def downgrade() -> None:
    for table in _TABLES:
        op.drop_table(table)
    for table, columns in _COLUMNS.items():
        for column in columns:
            op.drop_column(table, column)
