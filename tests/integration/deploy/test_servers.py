import asyncio
import contextlib
import signal
import smtplib
from contextlib import closing
from pathlib import Path

import nats
import nats.js.errors
import psycopg2
import psycopg2.errors
import pytest
import redis

from deploy.local.stack import Stack
from deploy.local.topology import SERVICES
from tests.support.processes import eventually


def run(url: str, *statements: str) -> None:
    with closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


@pytest.mark.parametrize("service", SERVICES)
def test_the_serving_role_reads_and_writes_what_the_owner_makes_and_makes_nothing_itself(
    infra: Stack, service: str
) -> None:
    owner, serving = infra.database_url(service, owner=True), infra.database_url(service)
    run(owner, "create table trial (id bigint generated always as identity, word text)")
    try:
        run(serving, "insert into trial (word) values ('a')", "update trial set word = 'b'", "delete from trial")
        for ddl in ("create table other ()", "create temporary table other ()", "alter table trial add n int"):
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                run(serving, ddl)
    finally:
        run(owner, "drop table trial")


def test_servers_that_the_operator_named_are_used_instead(infra: Stack, tmp_path: Path) -> None:
    named = {f"{service.upper()}_DATABASE_URL": infra.database_url(service) for service in SERVICES}
    named |= {"NATS_URL": infra.nats_url(), "REDIS_URL": infra.redis_url, "CELERY_BROKER_URL": infra.redis_url}
    with Stack.private(tmp_path / "data", {**named, "EMAIL_HOST": "localhost"}) as stack:
        stack.start_servers()
        assert stack.environment("users")["DATABASE_URL"] == infra.database_url("users")
        assert not {"postgres", "nats", "redis", "mail"} & {path.name for path in (tmp_path / "data").iterdir()}


def test_no_role_enters_another_services_database(infra: Stack) -> None:
    for user in (infra.database_url("auth"), infra.database_url("auth", owner=True)):
        with pytest.raises(psycopg2.OperationalError, match="permission denied"):
            psycopg2.connect(user, dbname="messaging_db_users")


def test_search_finds_its_trigrams_and_letters_beyond_ascii_have_cases(infra: Stack) -> None:
    with closing(psycopg2.connect(infra.database_url("users"))) as connection, connection.cursor() as cursor:
        cursor.execute("select similarity('messaging', 'messages') > 0.3, lower('Ä'), 'ÄRGER' ilike 'är%'")
        assert cursor.fetchone() == (True, "ä", True)


async def test_nobody_publishes_in_another_services_name(infra: Stack) -> None:
    refused = asyncio.Event()

    async def note(error: Exception) -> None:
        if "permissions violation" in str(error).lower():
            refused.set()

    listener = await nats.connect(infra.nats_url())
    subscription = await listener.subscribe("messaging.>")
    await listener.flush()
    gateway = await nats.connect(infra.nats_url("gateway"), error_cb=note)
    auth = await nats.connect(infra.nats_url("auth"), error_cb=note)
    await gateway.publish("messaging.auth.v1.role_changed.x", b"forged")
    await asyncio.wait_for(refused.wait(), 5)
    refused.clear()
    await auth.publish("messaging.auth.v1.role_changed.x", b"true")
    assert (await subscription.next_msg(timeout=30)).data == b"true"
    assert not refused.is_set()
    for connection in (listener, gateway, auth):
        await connection.close()


async def test_the_stream_and_what_redis_holds_survive_a_kill(infra: Stack) -> None:
    client = redis.Redis.from_url(infra.redis_url)
    client.set("kept", "yes")
    client.close()
    connection = await nats.connect(infra.nats_url())
    await connection.jetstream().add_stream(name="trial", subjects=["trial.>"])
    await connection.jetstream().publish("trial.one", b"kept")
    await connection.close()
    for server in ("nats", "redis", "postgres"):
        await asyncio.to_thread(infra.kill, server)
        assert infra.pid(server) is None
        await asyncio.to_thread(infra.start, server)
    with closing(redis.Redis.from_url(infra.redis_url)) as client:
        assert client.getdel("kept") == b"yes"
    connection = await nats.connect(infra.nats_url())
    assert (await connection.jetstream().get_msg("trial", 1)).data == b"kept"
    await connection.jetstream().delete_stream("trial")
    await connection.close()


async def test_a_server_that_dies_by_itself_is_started_again_on_its_address(infra: Stack) -> None:
    before = infra.pid("redis")
    infra.send("redis", signal.SIGKILL)
    client = redis.Redis.from_url(infra.redis_url)

    def answers() -> bool:
        with contextlib.suppress(redis.ConnectionError):
            return infra.pid("redis") not in (None, before) and bool(client.ping())
        return False

    assert await asyncio.to_thread(eventually, answers)
    client.close()


def test_a_mail_handed_to_the_mailbox_becomes_a_file(infra: Stack) -> None:
    mail = infra.environment("notifications-worker")
    with smtplib.SMTP(mail["EMAIL_HOST"], int(mail["EMAIL_PORT"])) as smtp:
        smtp.sendmail("a@example.org", ["../b@example.org"], b"Subject: hello\r\n\r\ntext\r\n")
    (file,) = infra.mail_directory.glob("*.._b@example.org.eml")
    assert file.read_bytes() == b"Subject: hello\r\n\r\ntext\r\n"
