"""What the migrations make is what the store's tables say, and the serving role can do no more than serve."""

import asyncio
from pathlib import Path

import psycopg2.errors
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import ProgrammingError

import services.conversations
from chassis.database import migrations
from chassis.database.engine import driver_url
from deploy.local.stack import Stack

MIGRATIONS = Path(services.conversations.__file__).parent / "migrations"


async def test_the_database_is_what_the_tables_say(infra: Stack) -> None:
    await asyncio.to_thread(migrations.check, MIGRATIONS, infra.database_url("conversations", owner=True))


@pytest.mark.parametrize("statement", ["drop table messages", "truncate messages", "create index on messages (rev)"])
def test_the_serving_role_cannot_change_the_schema(infra: Stack, statement: str) -> None:
    engine = create_engine(driver_url(infra.database_url("conversations")))
    with engine.connect() as connection, pytest.raises(ProgrammingError) as refused:
        connection.execute(text(statement))
    engine.dispose()
    assert isinstance(refused.value.orig, psycopg2.errors.InsufficientPrivilege)
