"""What Alembic runs for each command."""

from chassis.database.migrations import run_env
from services.conversations.store.marks import metadata

run_env(metadata)
