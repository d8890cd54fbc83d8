"""Sessions: opened, used, listed, ended."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, insert, literal, select, tuple_, update
from sqlalchemy.sql.elements import ColumnElement

from chassis.database import Transaction
from chassis.paging import Cursor, Page
from services.auth.model.accounts import AccountId
from services.auth.model.sessions import Exchange, Session, SessionId
from services.auth.store.tables import sessions


def add(tx: Transaction, session: Session) -> None:
    """Store a new session."""
    tx.execute(
        insert(sessions).values(
            session_id=session.session_id,
            account_id=session.account_id,
            device=session.device,
            ip=session.ip,
            created_at=session.created_at,
            used_at=session.used_at,
            expires_at=session.expires_at,
            family_digest=session.family_digest,
            token_digest=session.token_digest,
        )
    )


def find(tx: Transaction, session_id: SessionId) -> Session | None:
    """Read a session, ended or not."""
    row = tx.execute(select(sessions).where(sessions.c.session_id == session_id)).one_or_none()
    return None if row is None else _session(row)


def find_family(tx: Transaction, family_digest: bytes, *, is_locked: bool = False) -> Session | None:
    """Read the session of a family of tokens; locked, one of all who exchange the same token goes first."""
    statement = select(sessions).where(sessions.c.family_digest == family_digest)
    row = tx.execute(statement.with_for_update() if is_locked else statement).one_or_none()
    return None if row is None else _session(row)


def save_exchange(tx: Transaction, session: Session, exchange: Exchange) -> None:
    """Store the newest token of a session, whose lock is held, and what it was exchanged for."""
    tx.execute(
        update(sessions)
        .where(sessions.c.session_id == session.session_id)
        .values(
            ip=session.ip,
            used_at=session.used_at,
            expires_at=session.expires_at,
            token_digest=session.token_digest,
            exchanged_digest=exchange.digest,
            exchanged_at=exchange.at,
            rotation_id=exchange.rotation_id,
            nonce=exchange.nonce,
        )
    )


def end(tx: Transaction, account_id: AccountId, session_id: SessionId) -> bool:
    """End an open session of an account. Returns whether there was one."""
    statement = update(sessions).where(*_open(tx, account_id), sessions.c.session_id == session_id)
    return tx.execute(statement.values(ended_at=tx.now)).rowcount == 1


def end_all(tx: Transaction, account_id: AccountId) -> int:
    """End the open sessions of an account, whose lock is held. Returns how many there were."""
    return tx.execute(update(sessions).where(*_open(tx, account_id)).values(ended_at=tx.now)).rowcount


def page(tx: Transaction, account_id: AccountId, *, cursor: Cursor | None, size: int) -> Page[Session]:
    """List the open sessions of an account, the most recently used first."""
    columns = (sessions.c.used_at, sessions.c.session_id)
    statement = select(sessions).where(*_open(tx, account_id)).limit(size + 1)
    is_backward = cursor is not None and cursor.is_backward
    if cursor is not None:
        used_at, session_id = cursor.key
        edge = tuple_(literal(datetime.fromisoformat(used_at)), literal(session_id, sessions.c.session_id.type))
        statement = statement.where(tuple_(*columns) > edge if is_backward else tuple_(*columns) < edge)
    order = [column.asc() if is_backward else column.desc() for column in columns]
    rows = [_session(row) for row in tx.execute(statement.order_by(*order))]
    return Page.cut(rows, size=size, cursor=cursor, key=lambda session: (session.used_at, session.session_id))


def forget_expired(tx: Transaction, count: int) -> int:
    """Delete some of the sessions whose time is over. Returns how many."""
    expired = select(sessions.c.session_id).where(sessions.c.expires_at <= tx.now).limit(count)
    return tx.execute(delete(sessions).where(sessions.c.session_id.in_(expired))).rowcount


def _open(tx: Transaction, account_id: AccountId) -> tuple[ColumnElement[bool], ...]:
    return (
        sessions.c.account_id == account_id,
        sessions.c.ended_at.is_(None),
        sessions.c.expires_at > tx.now,
    )


def _session(row: Row[Any]) -> Session:
    exchange = None
    if row.exchanged_at is not None:
        exchange = Exchange(bytes(row.exchanged_digest), row.rotation_id, bytes(row.nonce), row.exchanged_at)
    return Session(
        session_id=SessionId(row.session_id),
        account_id=AccountId(row.account_id),
        device=row.device,
        ip=row.ip,
        created_at=row.created_at,
        used_at=row.used_at,
        expires_at=row.expires_at,
        family_digest=bytes(row.family_digest),
        token_digest=bytes(row.token_digest),
        exchange=exchange,
        is_ended=row.ended_at is not None,
    )
