"""Bringing messages to the attention of the platform's moderators, and what these decide."""

from collections.abc import Set
from dataclasses import replace

from chassis.database import Transaction
from chassis.paging import Cursor, Page
from services.conversations.model.errors import MessageDeleted, ReportDecided, ReportLimit
from services.conversations.model.ids import MessageId, ReportId, UserId
from services.conversations.model.reports import (
    MAX_OPEN_REPORTS,
    Report,
    ReportReason,
    ReportState,
    require_moderator,
)
from services.conversations.store import messages, reports


def report(tx: Transaction, *, message_id: MessageId, reporter_id: UserId, reason: ReportReason, comment: str) -> None:
    """Keep a message's text of now for the moderators; what this person has reported before stays as it was.

    Raises: MessageNotFound, MessageDeleted, ReportLimit.
    """
    message = messages.get(tx, message_id, member_id=reporter_id)
    if reports.is_known(tx, message, reporter_id):
        return
    if message.deleted_at is not None:
        raise MessageDeleted()
    if reports.count_open(tx, reporter_id) >= MAX_OPEN_REPORTS:
        raise ReportLimit(limit=str(MAX_OPEN_REPORTS))
    reports.add(tx, message, reporter_id, reason, comment)


def list_reports(
    tx: Transaction, *, roles: Set[str], state: ReportState, cursor: Cursor | None, size: int
) -> Page[Report]:
    """A page of those in a state, the oldest first, without texts. Raises: PlatformRoleInsufficient."""
    require_moderator(roles)
    return reports.page(tx, state, cursor=cursor, size=size)


def get(tx: Transaction, *, roles: Set[str], report_id: ReportId) -> Report:
    """One report with the text, which is put on record: it may come from a private conversation.

    Raises: PlatformRoleInsufficient, ReportNotFound.
    """
    require_moderator(roles)
    found = reports.get(tx, report_id)
    read = {"message_id": found.message_id, "conversation_id": found.conversation_id}
    tx.audit("report.read", "report", report_id, after=read)
    return found


def decide(
    tx: Transaction,
    *,
    roles: Set[str],
    actor_id: UserId,
    report_id: ReportId,
    state: ReportState,
    resolution: str,
) -> Report:
    """Decide an open report; the same decision again changes nothing.

    Raises: PlatformRoleInsufficient, ReportNotFound, ReportDecided.
    """
    require_moderator(roles)
    found = reports.lock(tx, report_id)
    if found.state is not ReportState.OPEN:
        if (found.state, found.resolution) != (state, resolution):
            raise ReportDecided()
        return found
    decided = replace(found, state=state, resolver_id=actor_id, resolution=resolution, resolved_at=tx.now)
    reports.save(tx, decided)
    tx.audit(
        "report.decided",
        "report",
        report_id,
        before={"state": found.state.name.lower()},
        after={"state": state.name.lower(), "resolution": resolution},
    )
    return decided
