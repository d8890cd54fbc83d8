"""Queries of the relay and of consumers on the tables that every service has."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection, text

from chassis.database import arrays
from chassis.database.reading import Prepared, Reading
from chassis.database.transaction import Transaction


class Unpublished(NamedTuple):
    """An event on its way into the stream."""

    id: int
    event_id: str
    kind: str
    aggregate_id: str
    envelope: memoryview


@dataclass(frozen=True, slots=True)
class Position:
    """What a stream looked like after the last acknowledged publish."""

    stream_created: str
    last_seq: int
    event_id: str


@dataclass(frozen=True, slots=True)
class Parked:
    """An event that waits for another try, or is dead."""

    aggregate_id: str
    n: int
    event_id: str
    subject: str
    envelope: bytes
    tries: int


@dataclass(frozen=True, slots=True)
class Dead:
    """An event that was given up; its number names it."""

    n: int
    consumer: str
    subject: str
    event_id: str
    error: str


_NEXT = Prepared("""
    select id, event_id, kind, aggregate_id, envelope from outbox
    where id = any(array(select id from unpublished order by id limit :count)) order by id
""")
# All parts see what was there before: what is deleted here has to be left out once more.
_SETTLE = Prepared("""
    with settled as (select unnest(cast(:ids as bigint[])) as id),
    forgotten as (delete from unpublished where id in (select id from settled)),
    noted as (
        insert into relay_position (stream, stream_created, last_seq, event_id)
        values (:stream, :stream_created, :last_seq, :event_id)
        on conflict (stream) do update
        set stream_created = excluded.stream_created, last_seq = excluded.last_seq, event_id = excluded.event_id)
    select id, event_id, kind, aggregate_id, envelope from outbox
    where id = any(array(select id from unpublished u where not exists (select from settled s where s.id = u.id)
                         order by id limit :count))
    order by id
""")
_POSITION = text("select stream_created, last_seq, event_id from relay_position where stream = :stream")


def try_lead(connection: Connection, name: str) -> bool:
    """Become the only one of its kind on this database for as long as the connection lives, or answer false."""
    return bool(connection.scalar(text("select pg_try_advisory_lock(hashtextextended(:name, 0))"), {"name": name}))


def next_unpublished(connection: Connection, count: int) -> list[Unpublished]:
    """The oldest events that no stream has acknowledged."""
    return [Unpublished._make(row) for row in Reading(connection.connection).rows(_NEXT, {"count": count})]


def settle(
    connection: Connection, stream: str, ids: Sequence[int], where: Position, *, count: int
) -> list[Unpublished]:
    """Take acknowledged events off the queue, note where the relay is, and return those that come next."""
    parameters = {
        "ids": arrays.plain(ids),
        "stream": stream,
        "stream_created": where.stream_created,
        "last_seq": where.last_seq,
        "event_id": where.event_id,
        "count": count,
    }
    return [Unpublished._make(row) for row in Reading(connection.connection).rows(_SETTLE, parameters)]


def is_unpublished(connection: Connection, event_id: str) -> bool:
    """Tell whether an event is still queued."""
    statement = text("""
        select exists (select 1 from unpublished join outbox using (id) where event_id = cast(:event_id as uuid))
    """)
    return bool(connection.scalar(statement, {"event_id": event_id}))


def position(connection: Connection, stream: str) -> Position | None:
    """Where the relay last was."""
    row = connection.execute(_POSITION, {"stream": stream}).one_or_none()
    return None if row is None else Position(*row)


def refill(connection: Connection, after_event_id: str | None) -> int:
    """Queue all kept events again, or those that may have come after a known one. Returns how many."""
    # Not by id: one that was committed late has a lower id than others that were published before it.
    statement = text("""
        insert into unpublished (id)
        select id from outbox
        where created_at > coalesce((select created_at - interval '1 minute' from outbox
                                     where event_id = cast(:event_id as uuid)), '-infinity')
        on conflict do nothing
    """)
    return connection.execute(statement, {"event_id": after_event_id}).rowcount


def note_seen(tx: Transaction, consumer: str, event_ids: Sequence[str]) -> set[str]:
    """Write the ids into the inbox and return those that were not there."""
    statement = text("""
        insert into inbox (consumer, event_id)
        select :consumer, unnest(cast(:event_ids as uuid[])) on conflict do nothing returning event_id
    """)
    rows = tx.execute(statement, {"consumer": consumer, "event_ids": list(event_ids)})
    return {str(event_id) for event_id in rows.scalars()}


def parked_aggregates(tx: Transaction, consumer: str, aggregate_ids: Sequence[str]) -> set[str]:
    """Those of the aggregates that have events waiting for another try."""
    statement = text("""
        select distinct aggregate_id from parked
        where consumer = :consumer and not is_dead and aggregate_id = any(:aggregate_ids)
    """)
    rows = tx.execute(statement, {"consumer": consumer, "aggregate_ids": list(aggregate_ids)})
    return set(rows.scalars())


def park(
    tx: Transaction, consumer: str, aggregate_id: str, event_id: str, subject: str, envelope: bytes, error: str
) -> None:
    """Put an event behind the others of its aggregate that wait for another try."""
    statement = text("""
        insert into parked (consumer, aggregate_id, event_id, subject, envelope, error, next_try)
        values (:consumer, :aggregate_id, :event_id, :subject, :envelope, :error, now() + interval '1 second')
    """)
    tx.execute(
        statement,
        {
            "consumer": consumer,
            "aggregate_id": aggregate_id,
            "event_id": event_id,
            "subject": subject,
            "envelope": envelope,
            "error": error,
        },
    )


def next_parked(tx: Transaction, consumer: str, source: str) -> Parked | None:
    """The first waiting event of the aggregate that has waited longest for its time, or nothing.

    Of one source only: whoever leads another source's consumer would try, and count, the same event.
    """
    statement = text("""
        select p.aggregate_id, p.n, p.event_id, p.subject, p.envelope, p.tries from parked p
        where p.consumer = :consumer and not p.is_dead and p.next_try <= now()
          and starts_with(p.subject, :prefix)
          and not exists (select 1 from parked q where q.consumer = p.consumer and q.aggregate_id = p.aggregate_id
                          and not q.is_dead and q.n < p.n)
        order by p.next_try limit 1
    """)
    parameters = {"consumer": consumer, "prefix": f"messaging.{source}."}
    row = tx.execute(statement, parameters).one_or_none()
    if row is None:
        return None
    return Parked(row.aggregate_id, row.n, str(row.event_id), row.subject, bytes(row.envelope), row.tries)


def unpark(tx: Transaction, consumer: str, aggregate_id: str, n: int) -> None:
    """Forget a parked event that was handled."""
    statement = text("delete from parked where consumer = :consumer and aggregate_id = :aggregate_id and n = :n")
    tx.execute(statement, {"consumer": consumer, "aggregate_id": aggregate_id, "n": n})


def note_failed(
    tx: Transaction, consumer: str, aggregate_id: str, n: int, *, delay: float, error: str, is_dead: bool
) -> None:
    """Count a failed try of a parked event; a dead one no longer holds up its aggregate."""
    statement = text("""
        update parked set tries = tries + 1, next_try = now() + make_interval(secs => :delay), error = :error,
                          is_dead = :is_dead
        where consumer = :consumer and aggregate_id = :aggregate_id and n = :n
    """)
    tx.execute(
        statement,
        {
            "consumer": consumer,
            "aggregate_id": aggregate_id,
            "n": n,
            "delay": delay,
            "error": error,
            "is_dead": is_dead,
        },
    )


def dead(connection: Connection) -> Sequence[Dead]:
    """All events that were given up, the first one first."""
    statement = text("select n, consumer, subject, event_id::text, error from parked where is_dead order by n")
    return [Dead(*row) for row in connection.execute(statement)]


def revive(connection: Connection, numbers: Sequence[int]) -> set[int]:
    """Have dead events tried again, in their order within each aggregate. Returns those that were dead."""
    statement = text("""
        update parked set is_dead = false, tries = 0, next_try = now()
        where is_dead and n = any(:numbers) returning n
    """)
    return set(connection.execute(statement, {"numbers": list(numbers)}).scalars())
