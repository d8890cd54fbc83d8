"""Accounts and the credentials that open them."""

from typing import Any

from sqlalchemy import Row, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from chassis.database import Transaction
from services.auth.model.accounts import Account, AccountId, Applicant, Credentials, Role, State, role_names
from services.auth.model.errors import AccountNotFound
from services.auth.model.passwords import PasswordHash
from services.auth.store.tables import accounts

_COLUMNS = [column for column in accounts.c if column.name != "password_hash"]


def add(tx: Transaction, account_id: AccountId, applicant: Applicant, password_hash: PasswordHash) -> Account | None:
    """Insert an account, or nothing when its address or its username is taken."""
    statement = (
        insert(accounts)
        .values(
            account_id=account_id,
            email=applicant.email,
            username=applicant.username,
            first_name=applicant.first_name,
            last_name=applicant.last_name,
            locale=applicant.locale,
            password_hash=str(password_hash),
            state=State.ACTIVE,
            created_at=tx.now,
        )
        .on_conflict_do_nothing()
        .returning(*_COLUMNS)
    )
    row = tx.execute(statement).one_or_none()
    return None if row is None else _account(row)


def get(tx: Transaction, account_id: AccountId) -> Account:
    """Read an account. Raises: AccountNotFound."""
    row = tx.execute(select(*_COLUMNS).where(accounts.c.account_id == account_id)).one_or_none()
    if row is None:
        raise AccountNotFound()
    return _account(row)


def lock(tx: Transaction, account_id: AccountId) -> Account:
    """Read an account that nobody else changes, or opens sessions of, until the end. Raises: AccountNotFound."""
    statement = select(*_COLUMNS).where(accounts.c.account_id == account_id).with_for_update(key_share=True)
    row = tx.execute(statement).one_or_none()
    if row is None:
        raise AccountNotFound()
    return _account(row)


def find_by_address(tx: Transaction, address: str) -> Account | None:
    """Read the account with a folded address."""
    row = tx.execute(select(*_COLUMNS).where(func.lower(accounts.c.email) == address)).one_or_none()
    return None if row is None else _account(row)


def find_credentials(tx: Transaction, address: str) -> Credentials | None:
    """Read what a login with a folded address is compared with."""
    statement = select(accounts.c.account_id, accounts.c.password_hash)
    row = tx.execute(statement.where(func.lower(accounts.c.email) == address)).one_or_none()
    return None if row is None else Credentials(AccountId(row.account_id), PasswordHash.parse(row.password_hash))


def save_hash(tx: Transaction, account_id: AccountId, password_hash: PasswordHash) -> None:
    """Store a new password hash."""
    statement = update(accounts).where(accounts.c.account_id == account_id)
    tx.execute(statement.values(password_hash=str(password_hash)))


def save_verified(tx: Transaction, account_id: AccountId) -> None:
    """Note that the address is confirmed."""
    tx.execute(update(accounts).where(accounts.c.account_id == account_id).values(email_verified_at=tx.now))


def save_roles(tx: Transaction, account: Account) -> None:
    """Store an account's roles."""
    statement = update(accounts).where(accounts.c.account_id == account.account_id)
    tx.execute(statement.values(roles=role_names(account.roles)))


def save_state(tx: Transaction, account: Account) -> None:
    """Store whether an account may be used."""
    tx.execute(update(accounts).where(accounts.c.account_id == account.account_id).values(state=account.state))


def lock_admins(tx: Transaction) -> frozenset[AccountId]:
    """Return the admins who can act; until the end nobody else adds, removes or suspends one."""
    # A row lock would not do: while there is no admin there is no row, and two could become the first.
    tx.execute(text("select pg_advisory_xact_lock(hashtextextended('auth:admins', 0))"))
    statement = select(accounts.c.account_id).where(
        text("'admin' = any(roles)"), accounts.c.state == State.ACTIVE.value
    )
    return frozenset(AccountId(account_id) for account_id in tx.execute(statement).scalars())


def _account(row: Row[Any]) -> Account:
    return Account(
        account_id=AccountId(row.account_id),
        email=row.email,
        username=row.username,
        first_name=row.first_name,
        last_name=row.last_name,
        locale=row.locale,
        roles=frozenset(Role(role) for role in row.roles),
        state=State(row.state),
        is_email_verified=row.email_verified_at is not None,
        created_at=row.created_at,
    )
