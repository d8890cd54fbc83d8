"""Bringing messages to the attention of moderators, and their queue; the owning service decides who is one."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from gateway import views
from gateway.rest.answers import Json, nothing, page
from gateway.rest.backend import Backend, request_id
from gateway.rest.messages import MessageId
from gateway.rest.models import EXAMPLE_USER, Id, IdempotencyKey, Page, Paged, Sent, Shown, Time, id_in_path
from gateway.rest.problems import problems
from gateway.rest.route import SignedInRoute
from messaging.conversations.v1 import reports_pb2 as pb

router = APIRouter(prefix="/api/v1/messages", tags=["Messages"], route_class=SignedInRoute)
queue = APIRouter(prefix="/api/v1/admin/reports", tags=["Admin"], route_class=SignedInRoute)

ReportId = Annotated[str, id_in_path("Which report")]
Reason = Literal["spam", "abuse", "violence", "sexual", "other"]
State = Literal["open", "resolved", "dismissed"]
REASONS: dict[str, pb.ReportReason.ValueType] = {
    "spam": pb.REPORT_REASON_SPAM,
    "abuse": pb.REPORT_REASON_ABUSE,
    "violence": pb.REPORT_REASON_VIOLENCE,
    "sexual": pb.REPORT_REASON_SEXUAL,
    "other": pb.REPORT_REASON_OTHER,
}
STATES: dict[str, pb.ReportState.ValueType] = {
    "open": pb.REPORT_STATE_OPEN,
    "resolved": pb.REPORT_STATE_RESOLVED,
    "dismissed": pb.REPORT_STATE_DISMISSED,
}


class Complaint(Sent):
    """What is wrong with a message."""

    reason: Reason
    comment: str = Field("", max_length=2_000, description="In my own words")


class Decision(Sent):
    """What became of a report."""

    state: Literal["resolved", "dismissed"] = Field(description="Something was done, or nothing was to be done")
    resolution: str = Field("", max_length=2_000, description="In words; for other moderators and the audit trail")


class Report(Shown):
    """One person's report of one message."""

    id: Id
    message_id: Id
    conversation_id: Id
    sender_id: Id = Field(description="Who wrote the message", examples=[EXAMPLE_USER])
    reporter_id: Id = Field(examples=[EXAMPLE_USER])
    reason: Reason
    comment: str = Field(examples=["Third time today"])
    content: str | None = Field(
        description="The text when it was reported; null but where a single report is asked for", examples=[None]
    )
    state: State
    resolver_id: Id | None = Field(description="Who decided", examples=[None])
    resolution: str = Field(examples=[""])
    created_at: Time
    resolved_at: Time | None = Field(examples=[None])


class ReportFilters(Paged):
    """Which reports."""

    state: State = Field("open", description="Only those in this state")


@router.post(
    "/{message_id:id}/report/",
    summary="Report a message",
    status_code=204,
    responses=problems("message_not_found", "message_deleted", "report_limit", "idempotency_key_reused"),
)
async def report(
    message_id: MessageId, sent: Complaint, request: Request, clients: Backend, key: IdempotencyKey = None
) -> Response:
    """Keeps its text of now for the moderators; once per person, and nobody in the conversation is told.

    At most 100 reports of one person wait for a decision.
    """
    await clients.conversations.ask(
        clients.conversations.reports.ReportMessage,
        pb.ReportMessageRequest(
            message_id=message_id, reason=REASONS[sent.reason], comment=sent.comment, request_id=request_id(key)
        ),
    )
    return nothing(request)


@queue.get(
    "/",
    summary="List reports",
    response_model=Page[Report],
    responses=problems("platform_role_insufficient", "invalid_page_token"),
)
async def list_all(request: Request, filters: Annotated[ReportFilters, Query()], clients: Backend) -> Response:
    """The oldest first, without the texts; for moderators and admins."""
    answer = await clients.conversations.ask(
        clients.conversations.reports.ListReports,
        pb.ListReportsRequest(state=STATES[filters.state], page_size=filters.page_size, page_token=filters.cursor),
    )
    return page(request, [views.report(found) for found in answer.reports], answer)


@queue.get(
    "/{report_id:id}/",
    summary="Show a report",
    response_model=Report,
    responses=problems("platform_role_insufficient", "report_not_found"),
)
async def show(report_id: ReportId, clients: Backend) -> Response:
    """With the reported text; the audit trail records that it was read. For moderators and admins."""
    answer = await clients.conversations.ask(
        clients.conversations.reports.GetReport, pb.GetReportRequest(report_id=report_id)
    )
    return Json(views.report(answer.report))


@queue.patch(
    "/{report_id:id}/",
    summary="Decide a report",
    response_model=Report,
    responses=problems("platform_role_insufficient", "report_not_found", "report_decided"),
)
async def decide(report_id: ReportId, sent: Decision, clients: Backend) -> Response:
    """Only an open one; the same decision again changes nothing. For moderators and admins."""
    answer = await clients.conversations.ask(
        clients.conversations.reports.DecideReport,
        pb.DecideReportRequest(
            report_id=report_id,
            state=STATES[sent.state],
            resolution=sent.resolution,
            request_id=request_id(None),
        ),
    )
    return Json(views.report(answer.report))
