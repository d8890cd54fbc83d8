"""Who has somebody among their contacts: they are told when that person comes and goes."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("create index relations_knowing on relations (other_id) where kind = 2")


def downgrade() -> None:
    op.drop_index("relations_knowing")
