"""Promises of mails, kept by the worker."""

from chassis.database import Transaction, jobs
from services.notifications.model.ids import UserId
from services.notifications.model.mails import VERIFICATION


def request_verification(tx: Transaction, account_id: UserId) -> None:
    """Promise the mail by which somebody confirms their address."""
    jobs.add(tx, VERIFICATION, {"account_id": account_id})
