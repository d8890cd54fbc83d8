"""The audit trail of all services comes together here: auth's own in the transaction, the others' as events."""

from datetime import UTC, datetime

from chassis import call
from chassis.consumer import Handler
from chassis.database import Transaction
from messaging.chassis.v1.envelope_pb2 import AuditRecorded, Envelope
from services.auth.model.audit import AuditRecord
from services.auth.store import audit


def record(tx: Transaction, recorded: AuditRecorded) -> None:
    """Keep what auth itself did, in the transaction that did it."""
    acting = call.current().caller
    audit.append(tx, _record(recorded, actor_id=acting.user_id if acting else "", occurred_at=tx.now))


def keep(tx: Transaction, envelope: Envelope) -> None:
    """Keep what another service did."""
    occurred_at = envelope.occurred_time.ToDatetime(UTC)
    recorded = AuditRecorded.FromString(envelope.payload)
    audit.append(tx, _record(recorded, actor_id=envelope.actor_id, occurred_at=occurred_at))


HANDLERS: dict[str, Handler] = {
    f"messaging.{service}.v1.audit_recorded": keep for service in ("users", "conversations", "notifications")
}


def _record(recorded: AuditRecorded, *, actor_id: str, occurred_at: datetime) -> AuditRecord:
    return AuditRecord(
        record_id=recorded.record_id,
        service=recorded.service,
        action=recorded.action,
        actor_id=actor_id,
        target_kind=recorded.target_kind,
        target_id=recorded.target_id,
        before_json=recorded.before_json or "{}",
        after_json=recorded.after_json or "{}",
        request_id=recorded.request_id,
        client_ip=recorded.client_ip,
        occurred_at=occurred_at,
    )
