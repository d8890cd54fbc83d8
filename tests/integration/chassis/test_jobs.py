import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
import redis.asyncio
from celery import Celery
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from sqlalchemy import text

from chassis.call import current
from chassis.database import Database, Transaction, jobs
from chassis.database.jobs import MAX_TRIES, Job
from chassis.errors import DependencyUnavailable
from chassis.jobs import Bell, Hopeless, JobWorker, Workshop, celery_app
from deploy.local.stack import Stack

from .test_relay import until

KIND = "letter"
# Where the broker keeps what is less urgent than a round.
WAITING = "letters\x06\x163"


@pytest.fixture
def app(infra: Stack) -> Celery:
    return celery_app("letters", infra.environment("notifications")["CELERY_BROKER_URL"])


@pytest.fixture
async def queue(infra: Stack, app: Celery) -> AsyncIterator["Queue"]:
    # A connection that died with the server is replaced.
    retry = Retry(NoBackoff(), 2)
    client = redis.asyncio.Redis.from_url(infra.environment("notifications")["CELERY_BROKER_URL"], retry=retry)
    await client.delete(WAITING)
    yield Queue(client)
    await client.delete(WAITING)
    await client.aclose()
    app.close()


class Queue:
    """What workers would find."""

    def __init__(self, client: redis.asyncio.Redis) -> None:
        self._client = client

    async def tasks(self) -> list[tuple[str, str]]:
        """Task and job id of each message, the oldest first."""
        found: list[Any] = [json.loads(entry) for entry in await self._client.lrange(WAITING, 0, -1)][::-1]
        return [(entry["headers"]["task"], entry["headers"]["argsrepr"].strip("[]()',")) for entry in found]


@dataclass
class Desk:
    """Does letters as the test says, and notes them."""

    database: Database
    done: list[Job] = field(default_factory=list)
    error: Exception | None = None

    def work(self, job: Job) -> None:
        self.done.append(job)
        if self.error is not None:
            raise self.error

    def open(self) -> Workshop:
        return Workshop(self.database, {KIND: self.work}, lambda: None)


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk(database)


@pytest.fixture
def worker(app: Celery, desk: Desk) -> JobWorker:
    return JobWorker(app, [KIND], desk.open)


async def add(database: Database) -> str:
    return await database.run(jobs.add, kind=KIND, arguments={"to": "Ada", "times": 2})


async def state(database: Database, job_id: str) -> tuple[Any, ...]:
    statement = text("""
        select state, tries, error, round(extract(epoch from next_try - now())), finished_at is not null
        from jobs where id = :id
    """)
    return await database.run(lambda tx: tuple(tx.execute(statement, {"id": job_id}).one()))


async def make_due(database: Database) -> None:
    await database.run(lambda tx: tx.execute(text("update jobs set next_try = now()")).rowcount)


async def test_a_job_is_done_once(database: Database, worker: JobWorker, desk: Desk) -> None:
    job_id = await add(database)
    await asyncio.gather(*(asyncio.to_thread(worker.do, job_id) for _ in range(4)))
    await asyncio.to_thread(worker.do, job_id)
    assert desk.done == [Job(job_id, KIND, {"to": "Ada", "times": 2}, tries=1)]
    assert (await state(database, job_id))[0::4] == ("done", True)


async def test_what_is_no_job_is_left_alone(worker: JobWorker, desk: Desk) -> None:
    await asyncio.to_thread(worker.do, "00000000-0000-7000-8000-000000000000")
    assert desk.done == []


@pytest.mark.parametrize("error", [ConnectionRefusedError("mail"), DependencyUnavailable("auth")])
async def test_an_outage_is_tried_again_after_longer_and_longer_waits(
    database: Database, worker: JobWorker, desk: Desk, error: Exception
) -> None:
    job_id = await add(database)
    desk.error = error
    for tries, delay in ((1, 5), (2, 10), (3, 20)):
        await asyncio.to_thread(worker.do, job_id)
        found = await state(database, job_id)
        assert found[:3] == ("waiting", tries, f"{type(error).__name__}: {error}")
        assert delay - 2 <= found[3] <= delay
        await asyncio.to_thread(worker.do, job_id)
        assert len(desk.done) == tries
        await make_due(database)
    desk.error = None
    await asyncio.to_thread(worker.do, job_id)
    assert (await state(database, job_id))[:3] == ("done", 4, "")


async def test_a_wait_is_never_longer_than_an_hour(database: Database, worker: JobWorker, desk: Desk) -> None:
    job_id = await add(database)
    await database.run(lambda tx: tx.execute(text("update jobs set tries = 15")).rowcount)
    desk.error = OSError()
    await asyncio.to_thread(worker.do, job_id)
    assert 3590 <= (await state(database, job_id))[3] <= 3600


async def test_the_last_try_is_the_last(database: Database, worker: JobWorker, desk: Desk) -> None:
    job_id = await add(database)
    await database.run(lambda tx: tx.execute(text("update jobs set tries = :n"), {"n": MAX_TRIES - 1}).rowcount)
    desk.error = OSError("still down")
    await asyncio.to_thread(worker.do, job_id)
    assert (await state(database, job_id))[:3] == ("dead", MAX_TRIES, "OSError: still down")
    await make_due(database)
    await asyncio.to_thread(worker.do, job_id)
    assert len(desk.done) == 1


async def test_a_hopeless_job_is_not_tried_again(database: Database, worker: JobWorker, desk: Desk) -> None:
    job_id = await add(database)
    desk.error = Hopeless("no such street")
    await asyncio.to_thread(worker.do, job_id)
    assert (await state(database, job_id))[:3] == ("dead", 1, "Hopeless: no such street")


async def test_a_defect_is_noted_tried_again_and_shown(database: Database, worker: JobWorker, desk: Desk) -> None:
    job_id = await add(database)
    desk.error = KeyError("street")
    with pytest.raises(KeyError):
        await asyncio.to_thread(worker.do, job_id)
    assert (await state(database, job_id))[:3] == ("waiting", 1, "KeyError: 'street'")


async def test_a_job_whose_worker_died_is_claimed_again_when_its_lease_ends(database: Database) -> None:
    job_id = await add(database)
    assert await database.run(jobs.claim, job_id=job_id, lease=60.0) is not None
    assert await database.run(jobs.claim, job_id=job_id, lease=60.0) is None
    await make_due(database)
    again = await database.run(jobs.claim, job_id=job_id, lease=60.0)
    assert again is not None
    assert again.tries == 2


async def test_a_job_that_kills_each_worker_ends_dead(database: Database) -> None:
    job_id = await add(database)
    claims = 0
    while await database.run(jobs.claim, job_id=job_id, lease=60.0) is not None:
        claims += 1
        await make_due(database)
    assert claims == MAX_TRIES
    assert (await state(database, job_id))[0] == "dead"


async def test_who_overran_the_lease_does_not_speak_for_the_next(database: Database) -> None:
    job_id = await add(database)
    slow = await database.run(jobs.claim, job_id=job_id, lease=60.0)
    await make_due(database)
    await database.run(jobs.claim, job_id=job_id, lease=60.0)
    assert slow is not None
    await database.run(jobs.finish, job=slow)
    await database.run(jobs.fail, job=slow, error="late", delay=1.0)
    assert (await state(database, job_id))[:3] == ("waiting", 2, "")


async def test_a_job_of_a_transaction_that_fails_was_never_promised(database: Database) -> None:
    def promise_and_fail(tx: Transaction) -> None:
        jobs.add(tx, KIND, {})
        raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011 - ours
        await database.run(promise_and_fail)
    assert await database.run(jobs.due, count=10) == []


async def test_workers_are_told_of_jobs_once_they_are_committed(database: Database) -> None:
    told: list[tuple[str, str]] = []
    database.on_job = lambda kind, job_id: told.append((kind, job_id))

    def promise(tx: Transaction) -> list[str]:
        ids = jobs.add_all(tx, KIND, [{"n": 1}, {"n": 2}])
        assert told == []
        return ids

    ids = await database.run(promise)
    assert told == [(KIND, job_id) for job_id in ids]

    def promise_and_fail(tx: Transaction) -> None:
        jobs.add(tx, KIND, {})
        raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011 - ours
        await database.run(promise_and_fail)
    assert len(told) == 2


async def test_a_round_needs_no_job_and_an_outage_ends_it_quietly(app: Celery, desk: Desk) -> None:
    errors: list[Exception | None] = [None, DependencyUnavailable("auth"), ConnectionRefusedError(), KeyError("street")]
    gone = []

    def work() -> None:
        gone.append(current().method)
        if (error := errors[len(gone) - 1]) is not None:
            raise error

    worker = JobWorker(app, [], lambda: replace(desk.open(), rounds={"collect": work}), rounds=["collect"])
    assert worker.rounds == {"letters.sweep", "letters.collect"}
    for _ in range(3):
        await asyncio.to_thread(worker.go_round, "collect")
    with pytest.raises(KeyError):
        await asyncio.to_thread(worker.go_round, "collect")
    assert gone == ["letters.collect"] * 4


async def test_a_job_that_promises_another_has_it_told(
    database: Database, app: Celery, queue: Queue, desk: Desk
) -> None:
    def work(job: Job) -> None:
        with database.transaction(5) as tx:
            jobs.add(tx, KIND, {"after": job.job_id})

    worker = JobWorker(app, [KIND], lambda: Workshop(database, {KIND: work}, lambda: None))
    first = await add(database)
    await asyncio.to_thread(worker.do, first)
    [(task, second)] = await queue.tasks()
    assert task == "letters.letter"
    assert second != first


async def test_a_sweep_wakes_what_is_due_and_nothing_else(
    database: Database, worker: JobWorker, queue: Queue, desk: Desk
) -> None:
    forgotten, claimed, done = [await add(database) for _ in range(3)]
    await database.run(jobs.claim, job_id=claimed, lease=60.0)
    await asyncio.to_thread(worker.do, done)
    await asyncio.to_thread(worker.sweep)
    assert await queue.tasks() == [("letters.letter", forgotten)]


@asynccontextmanager
async def ringing(app: Celery) -> AsyncIterator[Bell]:
    bell = Bell(app)
    task = asyncio.create_task(bell.run())
    try:
        yield bell
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_the_bell_tells_the_workers(app: Celery, queue: Queue) -> None:
    async with ringing(app) as bell:
        await asyncio.to_thread(bell.ring, KIND, "1")
        bell.ring(KIND, "2")

        async def told() -> bool:
            return await queue.tasks() == [("letters.letter", "1"), ("letters.letter", "2")]

        await until(told, 30)


async def test_a_bell_without_a_broker_holds_nobody_up_and_rings_again_when_there_is_one(
    infra: Stack, app: Celery, queue: Queue
) -> None:
    async with ringing(app) as bell:
        bell.ring(KIND, "before")
        await asyncio.to_thread(infra.halt, "redis")
        try:
            for number in range(500):
                bell.ring(KIND, f"lost {number}")
            await asyncio.sleep(1)
        finally:
            await asyncio.to_thread(infra.start, "redis")

        async def told() -> bool:
            bell.ring(KIND, "after")
            return ("letters.letter", "after") in await queue.tasks()

        await until(told, 30)
