"""Bringing messages to the attention of the platform's moderators."""

import asyncio
import json
from typing import Any

import pytest
from google.protobuf.message import Message

from chassis.ids import uuid7
from chassis.rpc.status import RemoteFailure
from messaging.chassis.v1.envelope_pb2 import AuditRecorded, Envelope
from messaging.conversations.v1 import reports_pb2 as pb
from tests.integration.conversations.conftest import Service
from tests.integration.conversations.marks import Marks

OPEN, RESOLVED, DISMISSED = pb.REPORT_STATE_OPEN, pb.REPORT_STATE_RESOLVED, pb.REPORT_STATE_DISMISSED


@pytest.fixture(autouse=True)
async def empty_queue(service: Service) -> None:
    """Begin without reports of other tests."""
    await service.rows("delete from reports")


async def queue(marks: Marks, state: pb.ReportState.ValueType = OPEN, **fields: Any) -> list[pb.Report]:
    """What a moderator sees on the first page."""
    request = pb.ListReportsRequest(state=state, **fields)
    return list((await marks.ask(request, by=uuid7(), role="moderator")).reports)


async def records(service: Service, report_id: str) -> list[AuditRecorded]:
    """What the audit trail will hold of a report."""
    statement = "select envelope from outbox where aggregate_id = :id and kind = 'audit_recorded' order by id"
    found = [Envelope.FromString(bytes(row[0])) for row in await service.rows(statement, id=report_id)]
    return [AuditRecorded.FromString(envelope.payload) for envelope in found]


async def test_a_report_reaches_the_moderators_and_nobody_else(
    service: Service, marks: Marks, pair: tuple[str, str], direct: str
) -> None:
    message = await service.say(pair[0], direct, "Buy my watches")
    await marks.report(message.message_id, by=pair[1], comment="Third time today")

    [report] = await queue(marks)
    assert (report.message_id, report.conversation_id, report.sender_id) == (message.message_id, direct, pair[0])
    assert (report.reporter_id, report.reason, report.comment) == (pair[1], pb.REPORT_REASON_SPAM, "Third time today")
    assert (report.state, report.resolver_id, report.HasField("content")) == (OPEN, "", False)
    assert (await service.get(direct, by=pair[0])).rev == message.rev
    assert [event.kind for event in await service.emitted(direct)][-1] == "message_sent"


async def test_the_text_of_then_is_kept(service: Service, marks: Marks, pair: tuple[str, str], direct: str) -> None:
    message = await service.say(pair[0], direct, "Something bad")
    await marks.report(message.message_id, by=pair[1])
    await service.edit(message.message_id, "Something nice", by=pair[0])
    await service.delete(message.message_id, by=pair[0])

    [report] = await queue(marks)
    found = await marks.ask(pb.GetReportRequest(report_id=report.report_id), by=uuid7(), role="admin")
    assert found.report.content == "Something bad"
    assert (
        await marks.refusal(
            pb.ReportMessageRequest(message_id=message.message_id, reason=pb.REPORT_REASON_SPAM), by=pair[0]
        )
    ) == ("MESSAGE_DELETED")


async def test_a_person_reports_a_message_once(
    service: Service, marks: Marks, pair: tuple[str, str], group: str
) -> None:
    message_id = (await service.say(pair[0], group)).message_id
    await asyncio.gather(*(marks.report(message_id, by=pair[1], comment="one") for _ in range(3)))
    await marks.report(message_id, by=pair[1], reason=pb.REPORT_REASON_ABUSE, comment="two")
    await marks.report(message_id, by=pair[0])

    assert [(report.reporter_id, report.comment) for report in await queue(marks)] == [(pair[1], "one"), (pair[0], "")]


@pytest.mark.parametrize("fields", [{}, {"reason": 9}, {"reason": 1, "comment": "x" * 2001}])
async def test_a_report_has_a_reason(
    service: Service, marks: Marks, pair: tuple[str, str], group: str, fields: dict[str, Any]
) -> None:
    message_id = (await service.say(pair[0], group)).message_id

    asked = pb.ReportMessageRequest(message_id=message_id, **fields)
    assert await marks.refusal(asked, by=pair[1]) == "INVALID_REQUEST"


async def test_a_hundred_reports_of_one_person_wait(
    service: Service, marks: Marks, pair: tuple[str, str], group: str
) -> None:
    sent = [(await service.say(pair[0], group)).message_id for _ in range(3)]
    fill = """
        insert into reports (id, message_id, conversation_id, reporter_id, reason, comment, content, created_at, state)
        select gen_random_uuid(), gen_random_uuid(), :id, :user_id, 1, '', '', now(), case when n > 99 then 2 else 1 end
        from generate_series(1, 120) as n
    """
    await service.rows(fill, id=group, user_id=pair[1])

    async def add(message_id: str) -> str:
        try:
            await marks.report(message_id, by=pair[1])
        except RemoteFailure as failure:
            return failure.reason
        return ""

    assert sorted(await asyncio.gather(*map(add, sent))) == ["", "REPORT_LIMIT", "REPORT_LIMIT"]
    await marks.report(sent[0], by=pair[0])


@pytest.mark.parametrize("role", ["", "user"])
async def test_the_queue_is_for_moderators_and_admins(
    service: Service, marks: Marks, pair: tuple[str, str], group: str, role: str
) -> None:
    await marks.report((await service.say(pair[0], group)).message_id, by=pair[1])
    [report] = await queue(marks)
    requests: list[Message] = [
        pb.ListReportsRequest(),
        pb.GetReportRequest(report_id=report.report_id),
        pb.GetReportRequest(report_id=uuid7()),
        pb.DecideReportRequest(report_id=report.report_id, state=RESOLVED),
    ]

    # The owner of the group is nobody special on the platform.
    for request in requests:
        assert await marks.refusal(request, by=pair[0], role=role) == "PLATFORM_ROLE_INSUFFICIENT"
    assert await records(service, report.report_id) == []


async def test_the_oldest_report_comes_first_page_by_page(
    service: Service, marks: Marks, pair: tuple[str, str], group: str
) -> None:
    sent = [(await service.say(pair[0], group)).message_id for _ in range(5)]
    for message_id in sent:
        await marks.report(message_id, by=pair[1])

    found, token = [], ""
    while True:
        page = await marks.ask(pb.ListReportsRequest(page_size=2, page_token=token), by=uuid7(), role="admin")
        found += [report.message_id for report in page.reports]
        token = page.next_page_token
        if not token:
            break
    assert found == sent


async def test_reading_a_report_is_put_on_record(
    service: Service, marks: Marks, pair: tuple[str, str], direct: str
) -> None:
    message = await service.say(pair[0], direct, "Between us")
    await marks.report(message.message_id, by=pair[1])
    [report] = await queue(marks)
    assert await records(service, report.report_id) == []
    await marks.ask(pb.GetReportRequest(report_id=report.report_id), by=uuid7(), role="moderator")

    [record] = await records(service, report.report_id)
    assert (record.action, record.target_kind) == ("report.read", "report")
    assert json.loads(record.after_json) == {"message_id": message.message_id, "conversation_id": direct}
    assert b"Between us" not in record.SerializeToString()


async def test_a_report_is_decided_once(service: Service, marks: Marks, pair: tuple[str, str], group: str) -> None:
    await marks.report((await service.say(pair[0], group)).message_id, by=pair[1])
    [report] = await queue(marks)
    judge = uuid7()
    resolve = pb.DecideReportRequest(report_id=report.report_id, state=RESOLVED, resolution="Warned")
    decided = (await marks.ask(resolve, by=judge, role="moderator")).report

    assert (decided.state, decided.resolver_id, decided.resolution) == (RESOLVED, judge, "Warned")
    assert decided.HasField("resolve_time")
    assert not decided.HasField("content")
    assert (await marks.ask(resolve, by=uuid7(), role="admin")).report == decided
    dismiss = pb.DecideReportRequest(report_id=report.report_id, state=DISMISSED)
    assert await marks.refusal(dismiss, by=judge, role="moderator") == "REPORT_DECIDED"
    assert await queue(marks) == []
    assert await queue(marks, RESOLVED) == [decided]
    [record] = await records(service, report.report_id)
    assert (record.action, json.loads(record.before_json)) == ("report.decided", {"state": "open"})
    assert json.loads(record.after_json) == {"state": "resolved", "resolution": "Warned"}


async def test_of_two_decisions_at_once_one_counts(
    service: Service, marks: Marks, pair: tuple[str, str], group: str
) -> None:
    await marks.report((await service.say(pair[0], group)).message_id, by=pair[1])
    [report] = await queue(marks)

    async def decide(state: pb.ReportState.ValueType) -> str:
        try:
            request = pb.DecideReportRequest(report_id=report.report_id, state=state)
            await marks.ask(request, by=uuid7(), role="moderator")
        except RemoteFailure as failure:
            return failure.reason
        return ""

    assert sorted(await asyncio.gather(decide(RESOLVED), decide(DISMISSED))) == ["", "REPORT_DECIDED"]


async def test_a_decision_is_a_decision(marks: Marks) -> None:
    for state in (pb.REPORT_STATE_UNSPECIFIED, OPEN):
        asked = pb.DecideReportRequest(report_id=uuid7(), state=state)
        assert await marks.refusal(asked, by=uuid7(), role="admin") == "INVALID_REQUEST"
    asked = pb.DecideReportRequest(report_id=uuid7(), state=RESOLVED)
    assert await marks.refusal(asked, by=uuid7(), role="admin") == "REPORT_NOT_FOUND"
