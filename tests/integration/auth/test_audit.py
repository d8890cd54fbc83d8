import asyncio
from collections.abc import AsyncIterator

import nats
import psycopg2.errors
import pytest
from nats.aio.client import Client
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from chassis import events
from chassis.database import Database, Transaction
from chassis.errors import NotFound
from chassis.ids import uuid7
from chassis.streams import ensure_stream
from deploy.local.stack import Stack
from messaging.auth.v1 import sessions_pb2
from messaging.chassis.v1.envelope_pb2 import AuditRecorded
from tests.support.factories.envelopes import envelope

from .conftest import Auth, Records, until


@pytest.mark.parametrize(
    "statement",
    [
        "update audit_records set actor_id = 'somebody else'",
        "delete from audit_records",
        "truncate audit_records",
        "drop table audit_records",
        "alter table audit_records add column note text",
        "drop table accounts",
    ],
)
async def test_the_serving_role_cannot_change_the_trail(database: Database, statement: str) -> None:
    await database.run(lambda tx: tx.audit("test.done", "test", "1"))
    with pytest.raises(ProgrammingError) as refused:
        await database.run(lambda tx: tx.execute(text(statement)) and None)
    assert isinstance(refused.value.orig, psycopg2.errors.InsufficientPrivilege)


async def test_a_change_and_its_record_commit_together(database: Database, records: Records) -> None:
    target = uuid7()

    def fail(tx: Transaction) -> None:
        tx.audit("test.failed", "test", target)
        raise NotFound()

    with pytest.raises(NotFound):
        await database.run(fail)
    assert await records.trail(target) == []
    await database.run(lambda tx: tx.audit("test.done", "test", target, before={"a": 1}, after={"a": None}))
    [record] = await records.trail(target)
    assert (record.action, record.service, record.actor_id) == ("test.done", "auth", "")
    assert (record.before, record.after) == ({"a": 1}, {"a": None})


async def test_every_change_that_a_person_makes_leaves_a_record(auth: Auth, records: Records) -> None:
    account = await auth.join()
    first, _ = [await auth.log_in(account.email) for _ in range(2)]
    await auth.ask(
        auth.sessions.EndSession, sessions_pb2.EndSessionRequest(session_id=first.session_id), by=account.account_id
    )
    await auth.ask(auth.sessions.EndAllSessions, sessions_pb2.EndAllSessionsRequest(), by=account.account_id)
    found = await records.rows(
        "select action from audit_records where actor_id = :id order by id", id=account.account_id
    )
    assert [row.action for row in found] == [
        "account.registered", "session.begun", "session.begun", "session.ended", "session.all_ended",
    ]  # fmt: skip


@pytest.fixture
async def operator(infra: Stack) -> AsyncIterator[Client]:
    """NATS as somebody who may publish in any service's name."""
    client = await nats.connect(infra.nats_url())
    for service in ("users", "conversations", "notifications"):
        await ensure_stream(client.jetstream(), service, 1)
    yield client
    await client.close()


@pytest.mark.parametrize("service", ["users", "conversations", "notifications"])
async def test_what_other_services_do_is_kept_once(
    auth: Auth, operator: Client, records: Records, service: str
) -> None:
    target, actor = uuid7(), uuid7()
    recorded = AuditRecorded(
        record_id=uuid7(),
        action="profile.updated",
        target_kind="profile",
        target_id=target,
        before_json='{"bio":"a"}',
        after_json='{"bio":"\\u00e9"}',
        service=service,
        request_id="r1",
        client_ip="192.0.2.1",
    )
    event = envelope("audit_recorded", target, recorded)
    event.actor_id = actor
    subject = events.subject(service, "audit_recorded", target)
    # Delivered again, and relayed again under another id.
    for event_id in (event.event_id, event.event_id, uuid7()):
        event.event_id = event_id
        await operator.jetstream().publish(subject, event.SerializeToString())

    async def is_kept() -> bool:
        return bool(await records.trail(target))

    await until(is_kept)
    await asyncio.sleep(0.3)
    [record] = await records.trail(target)
    assert (record.service, record.action, record.actor_id) == (service, "profile.updated", actor)
    assert (record.before, record.after) == ({"bio": "a"}, {"bio": "é"})
    assert (record.request_id, record.client_ip) == ("r1", "192.0.2.1")
    assert record.occurred_at.timestamp() == pytest.approx(event.occurred_time.ToMicroseconds() / 1e6)
