"""Promises of mails, kept by the worker."""

from collections.abc import Callable
from functools import partial

from chassis.database import Transaction, jobs
from services.notifications.model.ids import UserId
from services.notifications.model.mails import VERIFICATION

Tell = Callable[[str, str], None]


def request_verification(tx: Transaction, account_id: UserId, tell: Tell) -> None:
    """Promise the mail by which somebody confirms their address; workers are told once this is committed."""
    job_id = jobs.add(tx, VERIFICATION, {"account_id": account_id})
    tx.after_commit(partial(tell, VERIFICATION, job_id))
