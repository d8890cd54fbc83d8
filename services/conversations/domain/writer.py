"""The one writer of a process: what arrives while a transaction is under way is stored together in the next one.

A thread and a connection of its own, outside the pool: sends neither wait for other requests nor starve them. There is
no timer, so a lone send leaves at once, and the cost of each falls as load grows.
"""

import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from queue import Empty, SimpleQueue

import structlog
from prometheus_client import Histogram

from chassis import call
from chassis.call import Call, Meter, serving
from chassis.database import Database
from chassis.errors import Defect, Unavailable
from services.conversations.domain import sends
from services.conversations.domain.sends import Outcome
from services.conversations.model.limits import Limits
from services.conversations.model.messages import Draft

log = structlog.get_logger(__name__)

MAX_MESSAGES = 128
MAX_CHARACTERS = 1024 * 1024
TRANSACTION_SECONDS = 2.0
BATCH_DRAFTS = Histogram(
    "messaging_send_transaction_drafts", "Sends in one transaction", buckets=(1, 2, 4, 8, 16, 32, 64, 128)
)


@dataclass(frozen=True, slots=True)
class _Submission:
    """The drafts of one caller, which stay together."""

    drafts: Sequence[Draft]
    characters: int
    meter: Meter
    future: "Future[Sequence[Outcome]]"


class Writer:
    """Stores drafts in the order in which they are handed in."""

    def __init__(self, database: Database, limits: Limits) -> None:
        """Take a database that nobody else uses."""
        self._database = database
        self._limits = limits
        self._arrivals: SimpleQueue[_Submission | None] = SimpleQueue()
        self._held: _Submission | None = None
        self._thread = threading.Thread(target=self._work, name="writer", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """Store what was handed in, and end."""
        self._arrivals.put(None)
        self._thread.join()

    def submit(self, drafts: Sequence[Draft]) -> "Future[Sequence[Outcome]]":
        """Hand in up to MAX_MESSAGES drafts of the current call; its meter pays for the transactions they take part in.

        The future fails only with what is safe to repeat: Unavailable.
        """
        characters = sum(len(draft.content) for draft in drafts)
        submission = _Submission(drafts, characters, call.current().meter, Future())
        self._arrivals.put(submission)
        return submission.future

    def _work(self) -> None:
        while batch := self._take():
            self._store(batch)

    def _take(self) -> list[_Submission]:
        """Wait for a submission and add those that wait behind it, as many as fit; nothing once it is over."""
        first, self._held = self._held or self._arrivals.get(), None
        if first is None:
            return []
        batch, count, characters = [first], len(first.drafts), first.characters
        while count < MAX_MESSAGES:
            try:
                following = self._arrivals.get_nowait()
            except Empty:
                break
            if following is None:
                self._arrivals.put(None)
                break
            count, characters = count + len(following.drafts), characters + following.characters
            if count > MAX_MESSAGES or characters > MAX_CHARACTERS:
                self._held = following
                break
            batch.append(following)
        return batch

    def _store(self, batch: Sequence[_Submission]) -> None:
        awaited = [submission for submission in batch if submission.future.set_running_or_notify_cancel()]
        if not awaited:
            return
        drafts = [draft for submission in awaited for draft in submission.drafts]
        BATCH_DRAFTS.observe(len(drafts))
        meter = Meter()
        try:
            outcomes = iter(self._together_or_alone(drafts, meter))
        except Unavailable as failure:
            for submission in awaited:
                submission.future.set_exception(failure)
            return
        for submission in awaited:
            submission.meter.add(meter.queries, meter.query_seconds)
            submission.future.set_result([next(outcomes) for _ in submission.drafts])

    def _together_or_alone(self, drafts: Sequence[Draft], meter: Meter) -> Sequence[Outcome]:
        try:
            return self._transact(drafts, meter)
        except Unavailable:
            # Nothing is wrong with the drafts: who hands them in again finds those that were stored after all.
            raise
        except Exception:
            log.exception("batch_failed", drafts=len(drafts))
        return [self._alone(draft, meter) for draft in drafts]

    def _alone(self, draft: Draft, meter: Meter) -> Outcome:
        try:
            [outcome] = self._transact([draft], meter)
            return outcome
        except Unavailable:
            raise
        except Exception:
            log.exception("send_failed", conversation_id=draft.conversation_id)
            return Defect()

    def _transact(self, drafts: Sequence[Draft], meter: Meter) -> Sequence[Outcome]:
        deadline = time.monotonic() + TRANSACTION_SECONDS
        with (
            serving(Call(method="Messages.SendMessages", deadline=deadline, meter=meter)),
            self._database.transaction() as tx,
        ):
            return sends.send(tx, drafts=drafts, limits=self._limits)
