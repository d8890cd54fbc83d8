"""The audit trail; the serving role may add to it and read it, nothing else."""

from sqlalchemy import Text, cast, literal
from sqlalchemy.dialects.postgresql import JSONB, insert

from chassis.database import Transaction
from services.auth.model.audit import AuditRecord
from services.auth.store.tables import audit_records


def append(tx: Transaction, record: AuditRecord) -> None:
    """Add a record, once however often it is delivered."""
    statement = insert(audit_records).values(
        record_id=record.record_id,
        service=record.service,
        action=record.action,
        actor_id=record.actor_id,
        target_kind=record.target_kind,
        target_id=record.target_id,
        before=cast(literal(record.before_json, Text()), JSONB),
        after=cast(literal(record.after_json, Text()), JSONB),
        request_id=record.request_id,
        client_ip=record.client_ip,
        occurred_at=record.occurred_at,
    )
    tx.execute(statement.on_conflict_do_nothing())
