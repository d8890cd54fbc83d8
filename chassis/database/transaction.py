"""One database transaction: the visible block in which a verb happens, with the events that it makes true."""

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

import orjson
import psycopg2
from google.protobuf.timestamp_pb2 import Timestamp
from sqlalchemy import Connection, CursorResult, Executable

from chassis import call
from chassis.database import arrays
from chassis.database.reading import Prepared, Reading
from chassis.events import Outgoing
from chassis.ids import uuid7
from messaging.chassis.v1.envelope_pb2 import AuditRecorded, Envelope

Encode = Callable[[Any], Outgoing]
Recorder = Callable[["Transaction", AuditRecorded], None]
Item = TypeVar("Item")

# So that no statement outlasts its timeout, however much one transaction has to tell.
_APPENDED_AT_ONCE = 5000

# The identity is given in the order of the arrays, which is the order of emission.
_APPEND = Prepared("""
    with added as (
        insert into outbox (event_id, kind, aggregate_id, aggregate_rev, user_id, envelope)
        select event_id, kind, aggregate_id, aggregate_rev, user_id, envelope
        from unnest(cast(:event_ids as uuid[]), cast(:kinds as text[]), cast(:aggregate_ids as text[]),
                    cast(:aggregate_revs as bigint[]), cast(:user_ids as text[]), cast(:envelopes as bytea[]))
             with ordinality as events(event_id, kind, aggregate_id, aggregate_rev, user_id, envelope, n)
        order by n
        returning id)
    insert into unpublished (id) select id from added
""")


class Transaction(Reading):
    """What domain verbs and store queries are given; made by Database only."""

    def __init__(
        self, connection: Connection, now: datetime, *, service: str, encode: Encode, record: Recorder | None
    ) -> None:
        """Wrap an open connection; `now` is the database's own time of this transaction."""
        super().__init__(connection.connection)
        self.connection = connection
        self.now = now
        self._service = service
        self._encode = encode
        self._record = record
        self._outgoing: list[tuple[Outgoing, str, str]] = []
        self._callbacks: list[Callable[[], None]] = []
        # Kind and id of each job that was added.
        self.promised: list[tuple[str, str]] = []
        self._gathered: dict[Callable[[Transaction, list[Any]], None], list[Any]] = {}

    def execute(
        self, statement: Executable, parameters: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None
    ) -> CursorResult[*tuple[Any, ...]]:
        """Run one statement, counted and timed for the caller's headers."""
        begun = time.perf_counter()
        try:
            return self.connection.execute(statement, parameters)
        finally:
            self._count(statement, begun)

    def _forget(self, error: psycopg2.Error) -> None:
        # The driver's connection behind it goes with it, and the rollback to come has nothing to do.
        self.connection.invalidate(error)

    def emit(self, event: object, *, actor_id: str | None = None, traceparent: str | None = None) -> None:
        """Announce a fact: it reaches the outbox in this transaction, in the order of the calls.

        Actor and trace come from the current call unless given, as in a batch of many people's requests.
        """
        active = call.current()
        acting = active.caller.user_id if active.caller else ""
        self._outgoing.append(
            (
                event if isinstance(event, Outgoing) else self._encode(event),
                acting if actor_id is None else actor_id,
                active.traceparent if traceparent is None else traceparent,
            )
        )

    def audit(
        self,
        action: str,
        target_kind: str,
        target_id: str,
        *,
        before: Mapping[str, Any] | None = None,
        after: Mapping[str, Any] | None = None,
    ) -> None:
        """Record who did what to what, in this transaction; the values must hold no secret and no message text."""
        active = call.current()
        record = AuditRecorded(
            record_id=uuid7(),
            action=action,
            target_kind=target_kind,
            target_id=target_id,
            before_json=orjson.dumps(before or {}).decode(),
            after_json=orjson.dumps(after or {}).decode(),
            service=self._service,
            request_id=active.request_id,
            client_ip=active.caller.client_ip if active.caller else "",
        )
        if self._record is not None:
            self._record(self, record)
        else:
            self.emit(Outgoing("audit_recorded", target_id, record.SerializeToString()))

    def gather(self, work: "Callable[[Transaction, list[Item]], None]", item: Item) -> None:
        """Have one piece of work done for all items that are gathered until `settle` or the commit."""
        self._gathered.setdefault(work, []).append(item)

    def settle(self) -> None:
        """Do what was gathered: what comes next must see it."""
        while self._gathered:
            work = next(iter(self._gathered))
            work(self, self._gathered.pop(work))

    def after_commit(self, callback: Callable[[], None]) -> None:
        """Do something once the transaction is committed; it must not raise, and may be lost in a crash."""
        self._callbacks.append(callback)

    @property
    def has_events(self) -> bool:
        """Whether anything was emitted."""
        return bool(self._outgoing)

    def flush(self) -> None:
        """Append what was emitted to the outbox; Database calls it last, while the verb's locks are still held."""
        self.settle()
        for start in range(0, len(self._outgoing), _APPENDED_AT_ONCE):
            self._append(self._outgoing[start : start + _APPENDED_AT_ONCE])

    def _append(self, outgoing: Sequence[tuple[Outgoing, str, str]]) -> None:
        ids = [uuid7() for _ in outgoing]
        events = [event for event, _, _ in outgoing]
        at = Timestamp(seconds=int(self.now.timestamp()), nanos=self.now.microsecond * 1000)
        self.rows(
            _APPEND,
            {
                "event_ids": arrays.plain(ids),
                "kinds": arrays.texts([event.kind for event in events]),
                "aggregate_ids": arrays.texts([event.aggregate_id for event in events]),
                "aggregate_revs": arrays.plain([event.aggregate_rev for event in events]),
                "user_ids": arrays.texts([event.user_id for event in events]),
                "envelopes": [_envelope(at, event_id, *each) for event_id, each in zip(ids, outgoing, strict=True)],
            },
        )

    def committed(self) -> None:
        """Run what waits for the commit; Database calls it."""
        for callback in self._callbacks:
            callback()


def _envelope(at: Timestamp, event_id: str, event: Outgoing, actor_id: str, traceparent: str) -> bytes:
    return Envelope(
        event_id=event_id,
        kind=event.kind,
        aggregate_id=event.aggregate_id,
        aggregate_rev=event.aggregate_rev,
        user_id=event.user_id,
        occurred_time=at,
        actor_id=actor_id,
        traceparent=traceparent,
        payload=event.payload,
    ).SerializeToString()
