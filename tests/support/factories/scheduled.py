"""Messages to be."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from chassis.ids import uuid7
from messaging.conversations.v1 import scheduled_pb2 as pb
from services.conversations.model.ids import ScheduledId
from services.conversations.model.scheduled import Scheduled
from tests.support.factories.messages import draft

HOUR = timedelta(hours=1)
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def scheduled(**fields: Any) -> Scheduled:
    """One that waits, as the store returns it, with some fields of its own."""
    return replace(Scheduled.new(ScheduledId(uuid7()), draft(), send_at=NOW + HOUR, at=NOW), **fields)


def moment(after: timedelta = HOUR) -> Timestamp:
    """So long after now."""
    stamp = Timestamp()
    stamp.FromDatetime(datetime.now(UTC) + after)
    return stamp


def schedule_request(
    conversation_id: str, content: str = "Good morning", *, after: timedelta = HOUR, **fields: Any
) -> pb.ScheduleMessageRequest:
    """For a message that is sent so long after now."""
    return pb.ScheduleMessageRequest(
        conversation_id=conversation_id, content=content, send_time=moment(after), **fields
    )
