import asyncio
import threading
import time

import pytest
from sqlalchemy import text

from chassis.call import Call, Caller, serving
from chassis.database import Database, Prepared, Reading, Transaction
from chassis.database.engine import driver_url
from chassis.errors import Contention, DatabaseUnavailable, DeadlineRequired, NotFound, Overloaded
from deploy.local import ports
from messaging.chassis.v1.envelope_pb2 import AuditRecorded, Envelope


def note(tx: Transaction, *, number: int, body: str = "") -> int:
    tx.execute(text("insert into notes values (:n, :body)"), {"n": number, "body": body})
    tx.emit(("a", f"{number}"))
    return number


COUNT = Prepared("select count(*) from notes where id >= :least or body = cast(:body as text)")
END = Prepared("select pg_terminate_backend(:pid)")
ME = Prepared("select pg_backend_pid()")


def look(tx: Reading) -> int:
    [[found]] = tx.rows(COUNT, {"least": 0, "body": None})
    return int(found)


async def count(database: Database, table: str) -> int:
    return await database.run(lambda tx: tx.execute(text(f"select count(*) from {table}")).scalar_one())


async def test_a_change_and_its_events_commit_together(database: Database) -> None:
    with serving(Call(caller=Caller("someone"), traceparent="00-1-2-01")):
        assert await database.run(note, number=1) == 1
    rows = await database.run(lambda tx: tx.execute(text("select * from outbox join unpublished using (id)")).all())
    envelope = Envelope.FromString(bytes(rows[0].envelope))
    assert [row.kind for row in rows] == ["noted"]
    assert (envelope.event_id, envelope.payload) == (str(rows[0].event_id), b"1")
    assert (envelope.actor_id, envelope.traceparent) == ("someone", "00-1-2-01")
    assert envelope.occurred_time.seconds > 1_700_000_000


async def test_a_failing_verb_leaves_neither_change_nor_event(database: Database) -> None:
    def fail(tx: Transaction) -> None:
        note(tx, number=1)
        raise NotFound()

    with pytest.raises(NotFound):
        await database.run(fail)
    assert (await count(database, "notes"), await count(database, "outbox")) == (0, 0)


async def test_events_keep_the_order_of_their_emission(database: Database) -> None:
    def emit_many(tx: Transaction) -> None:
        for number in range(50):
            tx.emit(("a", str(number)))

    await database.run(emit_many)
    rows = await database.run(lambda tx: tx.execute(text("select envelope from outbox order by id")).scalars().all())
    assert [int(Envelope.FromString(bytes(row)).payload) for row in rows] == list(range(50))


async def test_statements_are_logged_when_debugging_without_what_people_wrote(
    database: Database, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level("DEBUG", logger="chassis.database.reading"):
        await database.run(note, number=1, body="for your eyes only")
    shown = capsys.readouterr().out
    assert "insert into notes" in shown
    assert "milliseconds" in shown
    assert "for your eyes only" not in shown
    await database.run(note, number=2)
    assert "insert into notes" not in capsys.readouterr().out


async def test_statements_are_counted_and_timed_for_the_call(database: Database) -> None:
    with serving(Call()) as call:
        await database.run(note, number=1)
    # begin-and-limit, the insert, the outbox
    assert call.meter.queries == 3
    assert call.meter.query_seconds > 0


async def test_callbacks_run_after_the_commit_only(database: Database) -> None:
    told: list[str] = []
    database.on_commit = lambda: told.append("events")

    def verb(tx: Transaction, *, fails: bool) -> None:
        tx.after_commit(lambda: told.append("callback"))
        note(tx, number=1)
        if fails:
            raise NotFound()

    with pytest.raises(NotFound):
        await database.run(verb, fails=True)
    assert told == []
    await database.run(verb, fails=False)
    assert told == ["events", "callback"]


async def test_an_audit_record_travels_as_an_event(database: Database) -> None:
    def change(tx: Transaction) -> None:
        tx.audit("note.changed", "note", "7", before={"a": 1}, after={"a": 2})

    with serving(Call(caller=Caller("someone", client_ip="192.0.2.1"), request_id="r1")):
        await database.run(change)
    row = await database.run(lambda tx: tx.execute(text("select kind, envelope from outbox")).one())
    record = AuditRecorded.FromString(Envelope.FromString(bytes(row.envelope)).payload)
    assert row.kind == "audit_recorded"
    assert (record.action, record.target_kind, record.target_id) == ("note.changed", "note", "7")
    assert (record.before_json, record.after_json) == ('{"a":1}', '{"a":2}')
    assert (record.service, record.request_id, record.client_ip) == ("notes", "r1", "192.0.2.1")


async def test_a_service_that_keeps_the_trail_records_it_itself(database_url: str) -> None:
    kept: list[AuditRecorded] = []
    own = Database(database_url, service="auth", encode=str, record=lambda _tx, record: kept.append(record))  # type: ignore[arg-type]
    await own.run(lambda tx: tx.audit("x", "y", "z"))
    assert [record.action for record in kept] == ["x"]
    await own.close()


async def test_a_full_pool_refuses_instead_of_queueing(database: Database) -> None:
    release = threading.Event()
    busy = [asyncio.create_task(database.run(lambda tx: release.wait(60))) for _ in range(4)]
    await asyncio.sleep(0.1)
    with pytest.raises(Overloaded) as refused:
        await database.run(note, number=1)
    assert refused.value.retry_after
    release.set()
    await asyncio.gather(*busy)
    assert await database.run(note, number=2) == 2


async def test_work_is_not_begun_after_the_deadline(database: Database) -> None:
    with serving(Call(deadline=time.monotonic() - 1)), pytest.raises(DeadlineRequired):
        await database.run(note, number=1)
    assert await count(database, "notes") == 0


async def test_a_statement_ends_at_the_deadline(database: Database) -> None:
    with serving(Call(deadline=time.monotonic() + 1)), pytest.raises(Contention):
        await database.run(lambda tx: tx.execute(text("select pg_sleep(5)")))


async def test_a_pooled_connection_that_died_is_replaced_without_a_failure(database: Database) -> None:
    pid = await database.run(lambda tx: tx.execute(text("select pg_backend_pid()")).scalar_one())

    def end_others(tx: Transaction) -> None:
        tx.execute(text("select pg_terminate_backend(:pid)"), {"pid": pid})

    other = Database(database.url, service="other", encode=str, pool_size=1)  # type: ignore[arg-type]
    await other.run(end_others)
    await other.close()
    assert await database.run(note, number=3) == 3


async def test_a_connection_lost_amid_a_transaction_is_unavailable_and_nothing_is_stored(database: Database) -> None:
    def suicide(tx: Transaction) -> None:
        note(tx, number=1)
        tx.execute(text("select pg_terminate_backend(pg_backend_pid())"))

    with pytest.raises(DatabaseUnavailable):
        await database.run(suicide)
    assert await count(database, "notes") == 0


async def test_a_database_that_is_down_is_unavailable() -> None:
    nowhere = Database(f"postgresql://a:b@127.0.0.1:{ports.free()}/x", service="x", encode=str)  # type: ignore[arg-type]
    with pytest.raises(DatabaseUnavailable):
        await nowhere.ping()
    await nowhere.close()


async def test_an_error_of_ours_is_not_passed_off_as_an_outage(database: Database) -> None:
    with pytest.raises(Exception, match="UndefinedTable"):
        await database.run(lambda tx: tx.execute(text("select * from nothing_there")))


async def test_connections_are_closed_with_the_database(database_url: str) -> None:
    opened = Database(database_url, service="short", encode=str, pool_size=2)  # type: ignore[arg-type]
    await asyncio.gather(opened.ping(), opened.ping())
    await opened.close()
    other = Database(database_url, service="other", encode=str, pool_size=1)  # type: ignore[arg-type]
    query = text("select count(*) from pg_stat_activity where application_name = 'short'")
    async with asyncio.timeout(30):
        while await other.run(lambda tx: tx.execute(query).scalar_one()):
            await asyncio.sleep(0.05)
    await other.close()


async def test_a_query_that_only_reads_is_one_round_trip_outside_of_any_transaction(database: Database) -> None:
    await database.run(note, number=1)
    in_block = Prepared("select now() = statement_timestamp(), current_setting('statement_timeout')")

    with serving(Call(deadline=time.monotonic() + 2)) as call:
        assert await database.read(look) == 1
        [(is_alone, timeout)] = await database.read(lambda tx: tx.rows(in_block, {}))
    assert call.meter.queries == 2
    assert is_alone
    assert 0 < int(timeout.removesuffix("ms")) <= 2000
    # What was set for it ends with it, and the connection serves transactions as before.
    assert await database.run(note, number=2) == 2
    assert await database.run(look) == 2


async def test_a_query_is_planned_once_for_a_connection_and_few_plans_are_kept(database_url: str) -> None:
    single = Database(database_url, service="single", encode=str, pool_size=1)  # type: ignore[arg-type]
    known = Prepared("select count(*) from pg_prepared_statements")
    many = [Prepared(f"select {number}") for number in range(100)]

    async def plans() -> int:
        [[found]] = await single.read(lambda tx: tx.rows(known, {}))
        return int(found)

    assert [await single.read(look) for _ in range(3)] == [0, 0, 0]
    assert await plans() == 2
    for number, query in enumerate(many):
        assert await single.read(lambda tx, query=query: tx.rows(query, {})) == [(number,)]
    assert await plans() < 50
    assert await single.read(look) == 0
    await single.close()


async def test_reading_fails_as_transactions_do(database: Database) -> None:
    nowhere = Database(f"postgresql://a:b@127.0.0.1:{ports.free()}/x", service="x", encode=str)  # type: ignore[arg-type]
    with pytest.raises(DatabaseUnavailable):
        await nowhere.read(look)
    await nowhere.close()
    with serving(Call(deadline=time.monotonic() - 1)), pytest.raises(DeadlineRequired):
        await database.read(look)
    with serving(Call(deadline=time.monotonic() + 1)), pytest.raises(Contention):
        await database.read(lambda tx: tx.rows(Prepared("select pg_sleep(5)"), {}))
    with pytest.raises(Exception, match="UndefinedTable"):
        await database.read(lambda tx: tx.rows(Prepared("select * from nothing_there"), {}))
    assert await database.read(look) == 0


async def test_reading_survives_the_end_of_pooled_connections(database: Database) -> None:
    [[pid]] = await database.read(lambda tx: tx.rows(ME, {}))
    other = Database(database.url, service="other", encode=str, pool_size=1)  # type: ignore[arg-type]
    await other.read(lambda tx: tx.rows(END, {"pid": pid}))
    await other.close()
    assert await database.read(look) == 0
    [[fresh]] = await database.read(lambda tx: tx.rows(ME, {}))
    assert fresh != pid


async def test_a_connection_lost_while_a_transaction_reads_is_unavailable(database: Database) -> None:
    def suicide(tx: Transaction) -> None:
        note(tx, number=1)
        [[pid]] = tx.rows(ME, {})
        tx.rows(END, {"pid": pid})

    with pytest.raises(DatabaseUnavailable):
        await database.run(suicide)
    assert await count(database, "notes") == 0


def test_an_address_of_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="postgresql://"):
        driver_url("mysql://somewhere")


async def test_a_cancelled_caller_leaves_its_slot_taken_until_the_thread_is_done(database: Database) -> None:
    release = threading.Event()
    busy = [asyncio.create_task(database.run(lambda tx: release.wait(60))) for _ in range(4)]
    await asyncio.sleep(0.1)
    for task in busy:
        task.cancel()
    await asyncio.gather(*busy, return_exceptions=True)
    with pytest.raises(Overloaded):
        await database.run(note, number=1)
    release.set()
    assert await database.run(note, number=2) == 2
