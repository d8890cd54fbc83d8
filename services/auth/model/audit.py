"""The audit trail: who did what to what, in any service."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """One change that somebody must be able to find later; the values hold no secret and no message text."""

    record_id: str
    service: str
    action: str
    actor_id: str
    target_kind: str
    target_id: str
    before_json: str
    after_json: str
    request_id: str
    client_ip: str
    occurred_at: datetime
