"""What the migrations make is what the store's tables say, on the way up and down, with one role or two."""

import asyncio
import secrets
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg2.errors
import pytest
from alembic import command
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import ProgrammingError

import services.auth
from chassis.database import migrations
from chassis.database.engine import driver_url
from deploy.local.stack import Stack

MIGRATIONS = Path(services.auth.__file__).parent / "migrations"


@pytest.fixture
def alone(infra: Stack) -> Iterator[str]:
    """A database with one role for everything, as an operator with DB_USER has it."""
    name, password = f"solo_{uuid.uuid4().hex[:8]}", secrets.token_hex(8)
    server = create_engine(driver_url(infra.superuser_url()), isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(f"create role {name} login password '{password}'"))
        connection.execute(text(f"create database {name} owner {name}"))
    address = infra.superuser_url().rpartition("@")[2].partition("/")[0]
    yield f"postgresql://{name}:{password}@{address}/{name}"
    with server.connect() as connection:
        connection.execute(text(f"drop database {name} with (force)"))
        connection.execute(text(f"drop role {name}"))
    server.dispose()


def refuses(engine: Engine, statement: str) -> bool:
    with engine.connect() as connection, pytest.raises(ProgrammingError) as refused:
        connection.execute(text(statement))
    return isinstance(refused.value.orig, psycopg2.errors.InsufficientPrivilege)


async def test_the_database_is_what_the_tables_say(infra: Stack) -> None:
    await asyncio.to_thread(migrations.check, MIGRATIONS, infra.database_url("auth", owner=True))


def test_one_role_for_everything_gives_up_changing_the_trail(alone: str) -> None:
    migrations.upgrade(MIGRATIONS, alone)
    engine = create_engine(driver_url(alone))
    assert refuses(engine, "delete from audit_records")
    assert refuses(engine, "update audit_records set actor_id = ''")
    engine.dispose()


def test_what_goes_up_comes_down(alone: str) -> None:
    for _ in range(2):
        migrations.upgrade(MIGRATIONS, alone)
        command.downgrade(migrations._config(MIGRATIONS, alone), "base")
    engine = create_engine(driver_url(alone))
    with engine.connect() as connection:
        left = connection.scalars(text("select tablename from pg_tables where schemaname = 'public'")).all()
    engine.dispose()
    assert left == ["alembic_version"]
