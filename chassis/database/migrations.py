"""Runs a service's Alembic migrations, from its image as from a checkout, without an ini file."""

from pathlib import Path

from alembic import command, context
from alembic.config import Config
from sqlalchemy import MetaData, create_engine, pool, text

from chassis.database import schema
from chassis.database.engine import driver_url

# One of many replicas migrates, the others wait for it.
_LOCK = 7_203_541_118_002_431


def _config(directory: Path, url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(directory))
    config.attributes["url"] = driver_url(url)
    return config


def upgrade(directory: Path, url: str) -> None:
    """Bring the database to the newest revision of the migrations in a directory."""
    command.upgrade(_config(directory, url), "head")


def check(directory: Path, url: str) -> None:
    """Compare the database with the tables in code. Raises: alembic's CommandError when they differ."""
    command.check(_config(directory, url))


def run_env(metadata: MetaData) -> None:
    """Do what a service's env.py is for, given the tables of its store."""
    url = context.config.attributes["url"]
    engine = create_engine(url, poolclass=pool.NullPool)
    with engine.connect() as connection:
        connection.execute(text("select pg_advisory_lock(:key)"), {"key": _LOCK})
        connection.commit()
        context.configure(
            connection=connection, target_metadata=[metadata, schema.metadata], transaction_per_migration=True
        )
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()
