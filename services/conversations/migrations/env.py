"""What Alembic runs for each command."""

from chassis.database.migrations import run_env
from services.conversations.store import marks

# Both files of tables fill one collection.
run_env(marks.reports.metadata)
