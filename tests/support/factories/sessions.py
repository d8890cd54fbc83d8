"""Sessions with the token that their client holds."""

import uuid
from datetime import UTC, datetime

from services.auth.model.accounts import AccountId
from services.auth.model.sessions import RefreshToken, Session, SessionId

BEGUN = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)


def session(*, at: datetime = BEGUN) -> tuple[Session, RefreshToken]:
    """A session that began at a time, and its first token."""
    token = RefreshToken.new()
    session_id, account_id = SessionId(str(uuid.uuid4())), AccountId(str(uuid.uuid4()))
    return Session.begin(session_id, account_id, token, device="a test", ip="192.0.2.1", at=at), token
