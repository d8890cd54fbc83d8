"""What was revoked while access tokens issued before may still be unexpired."""

from datetime import datetime

from sqlalchemy import delete, func, insert, select

from chassis.database import Transaction
from services.auth.model.accounts import AccountId
from services.auth.model.sessions import REVOCATION_LIFETIME, Revocation, SessionId
from services.auth.store.tables import revocations


def add(tx: Transaction, account_id: AccountId, session_id: SessionId | None = None) -> Revocation:
    """Revoke what was issued until now, after the sessions were ended."""
    # Not the transaction's time: a refresh that began later may have gone first, and its token must not survive.
    statement = insert(revocations).values(
        account_id=account_id, session_id=session_id, not_before=func.clock_timestamp()
    )
    not_before = tx.execute(statement.returning(revocations.c.not_before)).scalar_one()
    return Revocation(account_id, session_id, not_before)


def newest_of_all_sessions(tx: Transaction, account_id: AccountId) -> datetime | None:
    """The time before which no token of the account counts, when it is recent enough to matter."""
    statement = select(func.max(revocations.c.not_before)).where(
        revocations.c.account_id == account_id, revocations.c.session_id.is_(None)
    )
    newest: datetime | None = tx.execute(statement).scalar_one()
    return newest


def recent(tx: Transaction) -> list[Revocation]:
    """All that an unexpired access token can be affected by."""
    statement = select(revocations).where(revocations.c.not_before > tx.now - REVOCATION_LIFETIME)
    return [
        Revocation(AccountId(row.account_id), SessionId(row.session_id) if row.session_id else None, row.not_before)
        for row in tx.execute(statement.order_by(revocations.c.id))
    ]


def forget_old(tx: Transaction) -> int:
    """Delete what no unexpired token can be affected by. Returns how many."""
    return tx.execute(delete(revocations).where(revocations.c.not_before <= tx.now - REVOCATION_LIFETIME)).rowcount
