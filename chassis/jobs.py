"""Background work. The row in the owner's `jobs` table is the promise; Celery says that it is there, and a sweep finds
what nobody was told of. A job may run more than once: its effect must bear that, or be bounded by its tries.
"""

import asyncio
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from socket import gethostname
from typing import Any

import structlog
from celery import Celery
from celery.exceptions import SecurityWarning
from celery.signals import setup_logging, worker_process_init, worker_process_shutdown, worker_ready
from kombu.exceptions import OperationalError

from chassis import metrics
from chassis.call import Call, serving
from chassis.database import Database, jobs
from chassis.database.jobs import Job
from chassis.errors import Failure

log = structlog.get_logger(__name__)

# A job has to end in time for its lease, and the lease for the broker's own redelivery.
_SOFT_LIMIT = 60
_HARD_LIMIT = 90
_LEASE_SECONDS = 120.0
_VISIBILITY_SECONDS = 300
_TRANSACTION_SECONDS = 5.0
_FIRST_DELAY = 5.0
_LONGEST_DELAY = 3600.0
# Behind the rounds, which are short and whose time is now: many slow jobs do not keep them waiting. 0 comes first.
_JOB_PRIORITY = 3
# How many jobs one sweep wakes, and how many the bell holds while the broker is slow.
_SWEPT = 100
_HELD = 256

Work = Callable[[Job], None]
Round = Callable[[], None]


class Hopeless(Exception):
    """No further try of this job can succeed."""


def celery_app(service: str, broker_url: str, result_backend: str = "") -> Celery:
    """Return the Celery app by which a service's processes speak to its workers; the queue is named after it."""
    app = Celery(service, broker=broker_url, backend=result_backend or None)
    app.conf.update(
        task_default_queue=service,
        task_serializer="json",
        result_serializer="json",
        accept_content=["json"],
        task_ignore_result=True,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_soft_time_limit=_SOFT_LIMIT,
        task_time_limit=_HARD_LIMIT,
        worker_prefetch_multiplier=1,
        worker_enable_remote_control=False,
        worker_redirect_stdouts=False,
        worker_cancel_long_running_tasks_on_connection_loss=True,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options={
            "visibility_timeout": _VISIBILITY_SECONDS,
            "socket_connect_timeout": 2,
            "socket_timeout": 10,
            "max_retries": 1,
        },
    )
    return app


class Bell:
    """Tells the workers of new jobs. A broker that is down costs the caller nothing: the sweep finds the jobs."""

    def __init__(self, app: Celery) -> None:
        """Take the app of the service whose jobs these are."""
        self._app = app
        self._loop = asyncio.get_running_loop()
        self._held: asyncio.Queue[tuple[str, str]] = asyncio.Queue(_HELD)

    def ring(self, kind: str, job_id: str) -> None:
        """Have the workers told soon; may be called from any thread, once the job is committed."""
        self._loop.call_soon_threadsafe(self._hold, kind, job_id)

    def _hold(self, kind: str, job_id: str) -> None:
        if not self._held.full():
            self._held.put_nowait((kind, job_id))

    async def run(self) -> None:
        """Tell until cancelled."""
        while True:
            kind, job_id = await self._held.get()
            try:
                await asyncio.to_thread(wake, self._app, kind, job_id)
            except OperationalError as error:
                log.warning("workers_untold", kind=kind, job_id=job_id, error=str(error))


def wake(app: Celery, kind: str, job_id: str) -> None:
    """Put the task of a job into the queue. Raises: kombu's OperationalError while the broker is down."""
    app.send_task(f"{app.main}.{kind}", [job_id], retry=False, ignore_result=True, priority=_JOB_PRIORITY)


@dataclass(frozen=True)
class Workshop:
    """What a child of a worker needs to work: made after the fork, since connections do not survive one."""

    database: Database
    works: Mapping[str, Work]
    close: Callable[[], None]
    # What beat asks for again and again, without a job: each does what is due by then.
    rounds: Mapping[str, Round] = field(default_factory=dict)


class JobWorker:
    """Does a service's jobs in the children of a Celery worker: a task for each kind and each round, and the sweep."""

    def __init__(
        self, app: Celery, kinds: Iterable[str], open_workshop: Callable[[], Workshop], *, rounds: Iterable[str] = ()
    ) -> None:
        """Register `<service>.<kind>`, `<service>.<round>` and `<service>.sweep`; nothing is opened in this process."""
        self._app = app
        self._open = open_workshop
        self._workshop: Workshop | None = None
        for kind in kinds:
            app.task(name=f"{app.main}.{kind}")(self.do)
        tasks = {"sweep": self.sweep, **{name: self._round(name) for name in rounds}}
        # What beat has to ask for; jobs are told of.
        self.rounds = frozenset(f"{app.main}.{name}" for name in tasks)
        for name, task in tasks.items():
            app.task(name=f"{app.main}.{name}")(task)

    def serve(self, *, concurrency: int, metrics_listen: str, configure_logs: Callable[[], None]) -> int:
        """Work in `concurrency` children until SIGTERM, and let them finish. Returns the process's exit code."""
        # Root may be fooled by pickles from the broker; JSON alone is taken.
        warnings.simplefilter("ignore", SecurityWarning)
        setup_logging.connect(lambda **_: configure_logs(), weak=False)
        if metrics_listen:
            # Once the children were forked: a fork takes no thread along.
            worker_ready.connect(lambda **_: metrics.serve(metrics_listen), weak=False)
        worker_process_init.connect(lambda **_: self._shop(), weak=False)
        worker_process_shutdown.connect(self._end, weak=False)
        worker = self._app.Worker(
            pool="prefork",
            concurrency=concurrency,
            queues=[self._app.main],
            hostname=f"{self._app.main}@{gethostname()}",
            without_gossip=True,
            without_mingle=True,
            without_heartbeat=True,
            quiet=True,
        )
        worker.start()
        return int(worker.exitcode or 0)

    def _end(self, **_: Any) -> None:
        if self._workshop is not None:
            self._workshop.close()

    def do(self, job_id: str) -> None:
        """Do one job, if it is there to be done at this moment, and note what became of it."""
        shop = self._shop()
        with shop.database.transaction(_TRANSACTION_SECONDS) as tx:
            job = jobs.claim(tx, job_id, lease=_LEASE_SECONDS)
        if job is None:
            return
        with serving(Call(method=f"{self._app.main}.{job.kind}", request_id=job_id)):
            try:
                shop.works[job.kind](job)
            except Hopeless as error:
                self._fail(job, error, is_hopeless=True)
            except (Failure, OSError) as error:
                # The world is not ready for it; that is no defect.
                self._fail(job, error)
            except Exception as error:
                self._fail(job, error)
                raise
            else:
                with shop.database.transaction(_TRANSACTION_SECONDS) as tx:
                    jobs.finish(tx, job)
                log.info("job_done", kind=job.kind, job_id=job_id, tries=job.tries)

    def sweep(self) -> None:
        """Wake the jobs whose time has come: those that nobody was told of, and those that failed before."""
        with self._shop().database.transaction(_TRANSACTION_SECONDS) as tx:
            waiting = jobs.due(tx, _SWEPT)
        for job_id, kind in waiting:
            wake(self._app, kind, job_id)

    def go_round(self, name: str) -> None:
        """Do what is due. What an outage keeps from being done is due at the next time, too."""
        with serving(Call(method=f"{self._app.main}.{name}")):
            try:
                self._shop().rounds[name]()
            except (Failure, OSError) as error:
                log.warning("round_interrupted", round=name, error=f"{type(error).__name__}: {error}")

    def _round(self, name: str) -> Round:
        def task() -> None:
            self.go_round(name)

        return task

    def _shop(self) -> Workshop:
        if self._workshop is None:
            self._workshop = self._open()
            self._workshop.database.on_job = self._tell
        return self._workshop

    def _tell(self, kind: str, job_id: str) -> None:
        """A job that another one or a round has promised."""
        try:
            wake(self._app, kind, job_id)
        except OperationalError as error:
            log.warning("workers_untold", kind=kind, job_id=job_id, error=str(error))

    def _fail(self, job: Job, error: Exception, *, is_hopeless: bool = False) -> None:
        reason = f"{type(error).__name__}: {error}"[:500]
        delay = min(_FIRST_DELAY * 2.0 ** (job.tries - 1), _LONGEST_DELAY)
        log.warning("job_failed", kind=job.kind, job_id=job.job_id, tries=job.tries, error=reason, hopeless=is_hopeless)
        with self._shop().database.transaction(_TRANSACTION_SECONDS) as tx:
            jobs.fail(tx, job, error=reason, delay=delay, is_hopeless=is_hopeless)
