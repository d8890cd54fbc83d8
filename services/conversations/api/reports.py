"""The Reports service."""

from chassis.call import caller
from chassis.database import Database, Once
from chassis.paging import Pager, size
from chassis.rpc.interceptor import Context
from messaging.conversations.v1 import reports_pb2 as pb
from messaging.conversations.v1 import reports_pb2_grpc as rpc
from services.conversations.api import convert
from services.conversations.domain import reports
from services.conversations.model.ids import UserId
from services.conversations.model.reports import Report, ReportReason, ReportState


class ReportsServicer(rpc.ReportsServicer):
    """Members report, moderators of the platform decide."""

    def __init__(self, database: Database, pager: Pager) -> None:
        self._database = database
        self._pager = pager

    async def ReportMessage(self, request: pb.ReportMessageRequest, context: Context) -> pb.ReportMessageResponse:
        """Refuses messages that the caller cannot see, deleted ones, and too many open reports."""
        return await self._database.run(
            reports.report,
            message_id=convert.message_id(request.message_id),
            reporter_id=UserId(caller().user_id),
            reason=ReportReason(request.reason),
            comment=request.comment,
            once=Once.of(request, encode=_reported, answer=pb.ReportMessageResponse),
        )

    async def ListReports(self, request: pb.ListReportsRequest, context: Context) -> pb.ListReportsResponse:
        """Refuses everybody but moderators and admins, and page tokens of other lists."""
        state = ReportState(request.state or ReportState.OPEN)
        filters = {"list": "reports", "state": state}
        page = await self._database.run(
            reports.list_reports,
            roles=caller().roles,
            state=state,
            cursor=self._pager.decode(request.page_token, filters),
            size=size(request.page_size),
        )
        return pb.ListReportsResponse(
            reports=map(convert.report, page.rows),
            next_page_token=self._pager.encode(page.next, filters),
            previous_page_token=self._pager.encode(page.previous, filters),
        )

    async def GetReport(self, request: pb.GetReportRequest, context: Context) -> pb.GetReportResponse:
        """Refuses everybody but moderators and admins."""
        found = await self._database.run(
            reports.get, roles=caller().roles, report_id=convert.report_id(request.report_id)
        )
        return pb.GetReportResponse(report=convert.report(found))

    async def DecideReport(self, request: pb.DecideReportRequest, context: Context) -> pb.DecideReportResponse:
        """Refuses everybody but moderators and admins, and reports that were decided otherwise."""
        return await self._database.run(
            reports.decide,
            roles=caller().roles,
            actor_id=UserId(caller().user_id),
            report_id=convert.report_id(request.report_id),
            state=ReportState(request.state),
            resolution=request.resolution,
            once=Once.of(request, encode=_decided, answer=pb.DecideReportResponse),
        )


def _reported(_: None) -> pb.ReportMessageResponse:
    return pb.ReportMessageResponse()


def _decided(report: Report) -> pb.DecideReportResponse:
    return pb.DecideReportResponse(report=convert.report(report))
