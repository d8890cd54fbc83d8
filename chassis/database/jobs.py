"""Queries on the `jobs` table: work that was promised in a transaction, and who is doing it.

A claim is a lease: it moves the job's next try behind its end, so that a worker that dies leaves nothing to clean up.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import text

from chassis.database.transaction import Transaction
from chassis.ids import uuid7

# With the delays between them they span half a day.
MAX_TRIES = 20


@dataclass(frozen=True, slots=True)
class Job:
    """One claimed job; `tries` counts this one."""

    job_id: str
    kind: str
    arguments: dict[str, Any]
    tries: int


_ADD = text("""
    insert into jobs (id, kind, arguments)
    select id, :kind, arguments from unnest(cast(:ids as uuid[]), cast(:arguments as text[])) as new(id, arguments)
""")
_DUE = text("select id, kind from jobs where state = 'waiting' and next_try <= now() order by next_try limit :count")
# Whoever kills its worker each time must not do so for ever: the claim itself counts.
_CLAIM = text("""
    update jobs set
        tries = tries + 1,
        state = case when tries < :max_tries then state else 'dead' end,
        next_try = now() + make_interval(secs => :lease)
    where id = (select id from jobs where id = :id and state = 'waiting' and next_try <= now() for update skip locked)
    returning kind, arguments, tries, state
""")
_FINISH = text("update jobs set state = 'done', error = '', finished_at = now() where id = :id and tries = :tries")
_FAIL = text("""
    update jobs set
        state = case when :is_hopeless or tries >= :max_tries then 'dead' else state end,
        next_try = now() + make_interval(secs => :delay),
        error = :error
    where id = :id and tries = :tries
""")


def add(tx: Transaction, kind: str, arguments: Mapping[str, Any]) -> str:
    """Promise a job, of which workers are told once it is committed. Returns its id."""
    [job_id] = add_all(tx, kind, [arguments])
    return job_id


def add_all(tx: Transaction, kind: str, arguments: Sequence[Mapping[str, Any]]) -> list[str]:
    """Promise several jobs of a kind in one statement. Returns their ids."""
    ids = [uuid7() for _ in arguments]
    tx.execute(_ADD, {"ids": ids, "kind": kind, "arguments": [orjson.dumps(each).decode() for each in arguments]})
    tx.promised += [(kind, job_id) for job_id in ids]
    return ids


def due(tx: Transaction, count: int) -> Sequence[tuple[str, str]]:
    """Id and kind of jobs whose time has come, the longest waiting first."""
    return [(str(row.id), row.kind) for row in tx.execute(_DUE, {"count": count})]


def claim(tx: Transaction, job_id: str, *, lease: float) -> Job | None:
    """Take a job for `lease` seconds, or nothing when it is done, dead, not due or somebody else's."""
    row = tx.execute(_CLAIM, {"id": job_id, "lease": lease, "max_tries": MAX_TRIES}).one_or_none()
    if row is None or row.state == "dead":
        return None
    return Job(job_id, row.kind, orjson.loads(row.arguments), row.tries)


def finish(tx: Transaction, job: Job) -> None:
    """Note that a job is done, unless its lease ended and somebody else has it."""
    tx.execute(_FINISH, {"id": job.job_id, "tries": job.tries})


def fail(tx: Transaction, job: Job, *, error: str, delay: float, is_hopeless: bool = False) -> None:
    """Note why a job failed; it is tried again after the delay, or never."""
    parameters = {
        "id": job.job_id,
        "tries": job.tries,
        "max_tries": MAX_TRIES,
        "delay": delay,
        "error": error,
        "is_hopeless": is_hopeless,
    }
    tx.execute(_FAIL, parameters)
