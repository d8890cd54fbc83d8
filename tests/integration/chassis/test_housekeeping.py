import asyncio

from sqlalchemy import text

from chassis.database import Database, Transaction
from chassis.database.housekeeping import Housekeeper, tidy

FILL = """
    insert into inbox (consumer, event_id, created_at)
        select 'x', gen_random_uuid(), now() - age from unnest(array[interval '13 days', interval '15 days']) age;
    insert into requests (actor, method, request_id, body_hash, created_at)
        select 'u', 'm', age::text, '', now() - age from unnest(array[interval '29 days', interval '31 days']) age;
    insert into jobs (id, kind, arguments, created_at, finished_at)
        select gen_random_uuid(), 'k', '{}', now(), at
        from unnest(array[null, now() - interval '29 days', now() - interval '31 days']::timestamptz[]) at;
    insert into outbox (event_id, kind, aggregate_id, aggregate_rev, user_id, envelope, created_at)
        select gen_random_uuid(), 'k', 'a', 0, '', '', now() - age
        from unnest(array[interval '6 days', interval '8 days', interval '9 days']) age;
    insert into unpublished select max(id) from outbox
"""


def fill(tx: Transaction) -> None:
    for statement in FILL.split(";"):
        tx.execute(text(statement))


async def counts(database: Database) -> list[int]:
    tables = ("inbox", "requests", "jobs", "outbox")
    return [
        await database.run(lambda tx, table=table: tx.execute(text(f"select count(*) from {table}")).scalar_one())
        for table in tables
    ]


async def test_only_what_is_old_and_done_goes(database: Database) -> None:
    await database.run(fill)
    assert await database.run(tidy) == 4
    # An event that no stream has acknowledged stays, however old.
    assert await counts(database) == [1, 1, 2, 2]
    assert await database.run(tidy) == 0


async def test_the_housekeeper_works_by_itself(database: Database) -> None:
    await database.run(fill)
    task = asyncio.create_task(Housekeeper(database).run())
    async with asyncio.timeout(30):
        while await counts(database) != [1, 1, 2, 2]:
            await asyncio.sleep(0.05)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_two_replicas_do_not_tidy_at_once(database: Database) -> None:
    def hold(tx: Transaction) -> int:
        tx.execute(text("select pg_advisory_xact_lock(hashtextextended('housekeeping', 0))"))
        other = Database(database.url, service="other", encode=str, pool_size=1)  # type: ignore[arg-type]
        with other.transaction() as second:
            return tidy(second)

    await database.run(fill)
    assert await database.run(hold) == 0
