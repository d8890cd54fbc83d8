"""Proving that an account's e-mail address is its own."""

import hashlib
import secrets

from chassis.database import Transaction
from services.auth.model.accounts import Account, AccountId, State
from services.auth.model.errors import AccountNotFound, TokenInvalid
from services.auth.model.events import EmailVerified, VerificationRequested
from services.auth.model.mail_tokens import LIFETIMES, Letter, Purpose
from services.auth.store import accounts, mail_tokens


def request(tx: Transaction, *, account_id: AccountId) -> None:
    """Ask for another mail, unless there is nothing left to confirm. Emits: VerificationRequested."""
    if not accounts.get(tx, account_id).is_email_verified:
        tx.emit(VerificationRequested(account_id))
        tx.audit("account.verification_requested", "account", account_id)


def issue_token(tx: Transaction, *, account_id: AccountId, purpose: Purpose) -> Letter:
    """Make the secret of a mail that is about to be sent; the one of an earlier mail stops working.

    Raises: AccountNotFound, also for an account that has nothing left to confirm or is suspended.
    """
    account = accounts.lock(tx, account_id)
    if account.is_email_verified or account.state is not State.ACTIVE:
        raise AccountNotFound()
    token = secrets.token_urlsafe(32)
    expires_at = tx.now + LIFETIMES[purpose]
    mail_tokens.put(tx, account_id, purpose, digest=_digest(token), expires_at=expires_at)
    return Letter(token, account.email, account.first_name, account.locale, expires_at)


def verify(tx: Transaction, *, token: str) -> Account:
    """Confirm the address that a mail was sent to; again and again while the token lives.

    Raises: TokenInvalid. Emits: EmailVerified, once.
    """
    account_id = mail_tokens.find_account(tx, Purpose.VERIFY_EMAIL, digest=_digest(token))
    if account_id is None:
        raise TokenInvalid()
    account = accounts.lock(tx, account_id)
    if account.is_email_verified:
        return account
    accounts.save_verified(tx, account_id)
    tx.emit(EmailVerified(account_id))
    tx.audit("account.email_verified", "account", account_id, after={"email": account.email})
    return accounts.get(tx, account_id)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
