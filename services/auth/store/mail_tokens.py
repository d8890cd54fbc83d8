"""The digests of tokens in mails."""

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from chassis.database import Transaction
from services.auth.model.accounts import AccountId
from services.auth.model.mail_tokens import Purpose
from services.auth.store.tables import mail_tokens


def put(tx: Transaction, account_id: AccountId, purpose: Purpose, *, digest: bytes, expires_at: datetime) -> None:
    """Store the token of the newest mail in place of the one before."""
    values = {"digest": digest, "expires_at": expires_at}
    statement = insert(mail_tokens).values(account_id=account_id, purpose=purpose.value, **values)
    tx.execute(statement.on_conflict_do_update(index_elements=["account_id", "purpose"], set_=values))


def find_account(tx: Transaction, purpose: Purpose, *, digest: bytes) -> AccountId | None:
    """Whose unexpired token this is, if it is one."""
    statement = select(mail_tokens.c.account_id).where(
        mail_tokens.c.digest == digest, mail_tokens.c.purpose == purpose.value, mail_tokens.c.expires_at > tx.now
    )
    account_id = tx.execute(statement).scalar_one_or_none()
    return None if account_id is None else AccountId(account_id)


def forget_expired(tx: Transaction) -> int:
    """Delete what no longer works. Returns how many."""
    return tx.execute(delete(mail_tokens).where(mail_tokens.c.expires_at <= tx.now)).rowcount
