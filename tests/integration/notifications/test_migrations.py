"""What the migrations make is what the store's tables say, and the serving role can do no more than serve."""

import asyncio
from pathlib import Path

import psycopg2.errors
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import ProgrammingError

import services.notifications
from chassis.database import migrations
from chassis.database.engine import driver_url
from deploy.local.stack import Stack

MIGRATIONS = Path(services.notifications.__file__).parent / "migrations"


async def test_the_database_is_what_the_tables_say(infra: Stack) -> None:
    await asyncio.to_thread(migrations.check, MIGRATIONS, infra.database_url("notifications", owner=True))


@pytest.mark.parametrize(
    "statement", ["drop table members", "truncate notifications", "create index on notifications (body)"]
)
def test_the_serving_role_cannot_change_the_schema(infra: Stack, statement: str) -> None:
    engine = create_engine(driver_url(infra.database_url("notifications")))
    with engine.connect() as connection, pytest.raises(ProgrammingError) as refused:
        connection.execute(text(statement))
    engine.dispose()
    assert isinstance(refused.value.orig, psycopg2.errors.InsufficientPrivilege)


@pytest.mark.parametrize(
    ("statement", "index"),
    [
        (
            "select * from notifications where user_id = :id order by created_at desc, id desc limit 51",
            "notifications_page",
        ),
        ("select count(*) from notifications where user_id = :id and read_at is null", "notifications_unread"),
        (
            "update notifications set body = '' where message_id = :id",
            "notifications_message",
        ),
        (
            "update notifications set body = '' where conversation_id = :id and user_id = :id and read_at is null",
            "notifications_",
        ),
        ("delete from notifications where conversation_id = :id", "notifications_conversation"),
    ],
)
def test_what_is_asked_often_is_indexed(infra: Stack, statement: str, index: str) -> None:
    engine = create_engine(driver_url(infra.database_url("notifications")))
    with engine.connect() as connection:
        # A small table is read whole whatever indexes there are.
        connection.execute(text("set enable_seqscan = off"))
        parameters = {"id": "0190c0de-0000-7000-8000-000000000000"}
        plan = "\n".join(connection.execute(text(f"explain {statement}"), parameters).scalars())
        connection.rollback()
    engine.dispose()
    assert index in plan
