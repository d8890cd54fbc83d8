"""The one way to the database: a synchronous verb, in a worker thread, in one transaction."""

import asyncio
import contextvars
import functools
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Concatenate, ParamSpec, TypeVar, overload

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from chassis import call, failpoints
from chassis.database.engine import DriverError, make_engine, raise_failure
from chassis.database.once import Answer, Once
from chassis.database.reading import Prepared, Reading
from chassis.database.transaction import Encode, Recorder, Transaction
from chassis.errors import DeadlineRequired, Overloaded

P = ParamSpec("P")
R = TypeVar("R")

# Without a deadline of the caller a transaction may take this long, in seconds.
DEFAULT_TIMEOUT = 5.0
_EPOCH = datetime.fromtimestamp(0, UTC)
# How long a request waits for a free connection before it is refused.
_WAIT_FOR_SLOT = 0.5
_LOCK_TIMEOUT = "2000"
_BEGIN = Prepared("""
    select now(), set_config('statement_timeout', :statement, true), set_config('lock_timeout', :lock, true)
""")


class Database:
    """A service's own database; every use of it goes through `run` or, for parts with a thread, `transaction`."""

    def __init__(
        self,
        url: str,
        *,
        service: str,
        encode: Encode,
        record: Recorder | None = None,
        pool_size: int = 8,
        on_commit: Callable[[], None] | None = None,
        on_job: Callable[[str, str], None] | None = None,
    ) -> None:
        """Open nothing yet.

        `encode` turns an emitted event into its outgoing form; `record` stores audit rows where the service keeps
        the trail itself; `on_commit` is called from the worker thread after a commit that emitted events, `on_job`
        with the kind and id of each job that was committed.
        """
        self.service = service
        self.on_commit = on_commit
        self.on_job = on_job
        self.url = url
        self._encode = encode
        self._record = record
        self._pool_size = pool_size
        self._engine = make_engine(url, pool_size=pool_size, process=service)
        self._threads = ThreadPoolExecutor(pool_size, thread_name_prefix="database")
        self._slots = asyncio.Semaphore(pool_size)

    @overload
    async def run(
        self, verb: Callable[Concatenate[Transaction, P], R], *, once: Once[Answer], **arguments: Any
    ) -> Answer: ...

    @overload
    async def run(
        self, verb: Callable[Concatenate[Transaction, P], R], *, once: None = None, **arguments: Any
    ) -> R: ...

    async def run(self, verb: Callable[..., Any], *, once: Once[Any] | None = None, **arguments: Any) -> Any:
        """Run `verb(tx, **arguments)` and commit; with `once` the answer is the encoded or the stored response.

        Raises: what the verb raises, Overloaded when no connection gets free in time, DeadlineRequired when the
        caller's deadline has passed, DatabaseUnavailable, Contention, IdempotencyKeyReused.
        """
        return await self._in_thread(functools.partial(self._work, verb, once, arguments))

    async def read(self, query: Callable[Concatenate[Reading, P], R], **arguments: Any) -> R:
        """Run `query(reading, **arguments)`, which writes nothing and needs neither locks nor `now`.

        That takes one round trip for each statement, where a transaction adds three. Raises: as `run`.
        """
        return await self._in_thread(functools.partial(self._look, query, arguments))

    async def _in_thread(self, work: Callable[[], R]) -> R:
        if self._slots.locked():
            try:
                async with asyncio.timeout(_WAIT_FOR_SLOT):
                    await self._slots.acquire()
            except TimeoutError as error:
                raise Overloaded(retry_after=1.0) from error
        else:
            await self._slots.acquire()
        context = contextvars.copy_context()
        future = asyncio.get_running_loop().run_in_executor(self._threads, context.run, work)
        # The slot belongs to the thread, not to the waiter: a cancelled caller leaves the thread at work.
        future.add_done_callback(self._free)
        return await asyncio.shield(future)

    def _free(self, done: asyncio.Future[Any]) -> None:
        self._slots.release()
        # Looked at, so that a failure which nobody waits for any more is no warning at exit.
        if not done.cancelled():
            done.exception()

    def _work(self, verb: Callable[..., Any], once: Once[Any] | None, arguments: dict[str, Any]) -> Any:
        with self.transaction() as tx:
            return verb(tx, **arguments) if once is None else once.run(tx, verb, arguments)

    def _look(self, query: Callable[..., Any], arguments: dict[str, Any]) -> Any:
        try:
            with self._reading() as reading:
                return query(reading, **arguments)
        except DriverError:
            # No connection could be opened.
            pass
        except DBAPIError as error:
            if not error.connection_invalidated:
                raise_failure(error)
            # It died, most likely while it was idle.
        # A transaction begins on a connection that lives, or says why there is none.
        with self.transaction() as tx:
            return query(tx, **arguments)

    @contextmanager
    def _reading(self) -> Iterator[Reading]:
        active = call.current()
        remaining = active.remaining(DEFAULT_TIMEOUT)
        if remaining <= 0:
            raise DeadlineRequired()
        try:
            link = self._engine.raw_connection()
        except PoolTimeout as error:
            raise Overloaded(retry_after=1.0) from error
        reading = Reading(link, before=f"set local statement_timeout = {max(1, int(remaining * 1000))}; ")
        driver: Any = link.dbapi_connection
        # Without it, psycopg2 would begin a transaction block.
        driver.autocommit = True
        try:
            yield reading
        finally:
            active.meter.add(reading.queries, reading.query_seconds)
            if not driver.closed:
                driver.autocommit = False
            link.close()

    @contextmanager
    def transaction(self, timeout: float | None = None) -> Iterator[Transaction]:
        """Open a transaction in the calling thread; commits at the end of the block, rolls back on an exception."""
        remaining = call.current().remaining(DEFAULT_TIMEOUT) if timeout is None else timeout
        if remaining <= 0:
            raise DeadlineRequired()
        tx: Transaction | None = None
        failpoints.reached("before_begin")
        try:
            connection, tx = self._begin(remaining)
            try:
                yield tx
                tx.flush()
                failpoints.reached("before_commit")
                connection.commit()
                failpoints.reached("after_commit")
            except BaseException:
                connection.rollback()
                raise
            finally:
                connection.close()
        except PoolTimeout as error:
            raise Overloaded(retry_after=1.0) from error
        except DBAPIError as error:
            raise_failure(error)
        finally:
            if tx is not None:
                call.current().meter.add(tx.queries, tx.query_seconds)
        if tx.has_events and self.on_commit is not None:
            self.on_commit()
        if self.on_job is not None:
            for kind, job_id in tx.promised:
                self.on_job(kind, job_id)
        tx.committed()

    def _begin(self, remaining: float) -> tuple[Connection, Transaction]:
        parameters = {"statement": str(max(1, int(remaining * 1000))), "lock": _LOCK_TIMEOUT}
        # Any pooled connection may have died while idle; nothing was done on it yet, so another one is safe.
        for is_last in (*[False] * self._pool_size, True):
            connection = self._engine.connect()
            tx = Transaction(connection, _EPOCH, service=self.service, encode=self._encode, record=self._record)
            try:
                connection.begin()
                tx.now = tx.rows(_BEGIN, parameters)[0][0]
            except DBAPIError as error:
                connection.close()
                if is_last or not error.connection_invalidated:
                    raise
            except BaseException:
                connection.close()
                raise
            else:
                return connection, tx
        raise AssertionError("unreachable")

    async def ping(self) -> None:
        """Reach the database. Raises: Failure."""
        await self.run(lambda tx: tx.now)

    async def close(self) -> None:
        """Finish what runs and close all connections."""
        await asyncio.get_running_loop().run_in_executor(None, self._threads.shutdown)
        self._engine.dispose()
