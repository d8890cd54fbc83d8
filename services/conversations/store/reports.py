"""Reports and what became of them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert

from chassis.database import Transaction
from chassis.ids import uuid7
from chassis.paging import Cursor, Page
from services.conversations.model.errors import ReportNotFound
from services.conversations.model.ids import ReportId, UserId
from services.conversations.model.messages import Message
from services.conversations.model.reports import Report, ReportReason, ReportState
from services.conversations.store import pages
from services.conversations.store.marks import reports as table

# A message never goes, not even a deleted one.
_SELECT = """
    select r.id, r.message_id, r.conversation_id, m.sender_id, r.reporter_id, r.reason, r.comment, {content}, r.state,
           r.resolver_id, r.resolution, r.created_at, r.resolved_at
    from reports r join messages m on m.id = r.message_id
    where {condition}
"""
_GET = text(_SELECT.format(content="r.content", condition="r.id = :report_id"))
_LOCK = text(_SELECT.format(content="null", condition="r.id = :report_id") + " for update of r")
_IN_STATE = _SELECT.format(content="null", condition="r.state = :state")
_IS_KNOWN = text("select exists (select from reports where message_id = :message_id and reporter_id = :reporter_id)")
# So that of two that are made at once each counts the other.
_LOCK_OF = text("select pg_advisory_xact_lock(hashtextextended('reports ' || :reporter_id, 0))")
_COUNT_OPEN = text("select count(*) from reports where reporter_id = :reporter_id and state = 1")


def is_known(tx: Transaction, message: Message, reporter_id: UserId) -> bool:
    """Tell whether somebody has reported a message."""
    parameters = {"message_id": message.message_id, "reporter_id": reporter_id}
    return bool(tx.execute(_IS_KNOWN, parameters).scalar_one())


def count_open(tx: Transaction, reporter_id: UserId) -> int:
    """How many of somebody's reports nobody has decided; they add none until the commit."""
    tx.execute(_LOCK_OF, {"reporter_id": reporter_id})
    return int(tx.execute(_COUNT_OPEN, {"reporter_id": reporter_id}).scalar_one())


def add(tx: Transaction, message: Message, reporter_id: UserId, reason: ReportReason, comment: str) -> None:
    """Insert a report of a message as it is, unless this person has reported it."""
    row = {
        "id": uuid7(),
        "message_id": message.message_id,
        "conversation_id": message.conversation_id,
        "reporter_id": reporter_id,
        "reason": reason,
        "comment": comment,
        "content": message.content,
        "created_at": tx.now,
    }
    tx.execute(insert(table).values(row).on_conflict_do_nothing(constraint="reports_once"))


def get(tx: Transaction, report_id: ReportId) -> Report:
    """With its text. Raises: ReportNotFound."""
    return _one(tx.execute(_GET, {"report_id": report_id}).one_or_none())


def lock(tx: Transaction, report_id: ReportId) -> Report:
    """For a decision, without its text. Raises: ReportNotFound."""
    return _one(tx.execute(_LOCK, {"report_id": report_id}).one_or_none())


def save(tx: Transaction, report: Report) -> None:
    """Write the decision on a locked report."""
    values = {
        "state": report.state,
        "resolver_id": report.resolver_id,
        "resolution": report.resolution,
        "resolved_at": report.resolved_at,
    }
    tx.execute(table.update().where(table.c.id == report.report_id).values(values))


def page(tx: Transaction, state: ReportState, *, cursor: Cursor | None, size: int) -> Page[Report]:
    """A page of those in a state, the oldest first, without their texts."""
    rows = pages.read(tx, _IN_STATE, {"state": state}, place=("r.created_at", "r.id"), cursor=cursor, size=size)
    return Page.cut([_of_row(row) for row in rows], size=size, cursor=cursor, key=_place, weigh=_size_of)


def _one(row: Sequence[Any] | None) -> Report:
    if row is None:
        raise ReportNotFound()
    return _of_row(row)


def _of_row(row: Sequence[Any]) -> Report:
    report_id, message_id, conversation_id, sender_id, reporter_id, reason, comment, content, state, *others = row
    return Report(
        report_id,
        message_id,
        conversation_id,
        sender_id,
        reporter_id,
        ReportReason(reason),
        comment,
        content,
        ReportState(state),
        *others,
    )


def _place(report: Report) -> tuple[datetime, ReportId]:
    return report.created_at, report.report_id


def _size_of(report: Report) -> int:
    return 500 + len(report.comment.encode()) + len(report.resolution.encode())
