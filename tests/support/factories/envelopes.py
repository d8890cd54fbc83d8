"""Events as they come from a stream."""

from datetime import UTC, datetime

from google.protobuf.message import Message

from chassis.ids import uuid7
from messaging.chassis.v1.envelope_pb2 import Envelope


def envelope(
    kind: str, aggregate_id: str, payload: Message | bytes, *, occurred_at: datetime | None = None
) -> Envelope:
    """Wrap an event of which nothing else matters."""
    made = Envelope(event_id=uuid7(), kind=kind, aggregate_id=aggregate_id)
    made.payload = payload if isinstance(payload, bytes) else payload.SerializeToString()
    made.occurred_time.FromDatetime(occurred_at or datetime.now(UTC))
    return made
