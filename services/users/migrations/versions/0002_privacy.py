"""Privacy, blocks and contacts."""

from alembic import op

revision = "0002"
down_revision = "0001"

_COLUMNS = (
    "profile_visibility",
    "is_online_shown",
    "is_last_seen_shown",
    "is_receipt_shared",
    "is_typing_shared",
    "who_can_message",
    "is_searchable",
    "has_blocks",
)


def upgrade() -> None:
    op.execute("""
        alter table profiles
            add profile_visibility smallint not null default 1,
            add is_online_shown boolean not null default true,
            add is_last_seen_shown boolean not null default true,
            add is_receipt_shared boolean not null default true,
            add is_typing_shared boolean not null default true,
            add who_can_message smallint not null default 1,
            add is_searchable boolean not null default true,
            add has_blocks boolean not null default false;

        create table relations (
            user_id uuid not null,
            kind smallint not null,
            other_id uuid not null,
            created_at timestamptz not null,
            primary key (user_id, kind, other_id)
        );
        create index relations_latest on relations (user_id, kind, created_at, other_id);
    """)


def downgrade() -> None:
    op.drop_table("relations")
    for column in _COLUMNS:
        op.drop_column("profiles", column)
