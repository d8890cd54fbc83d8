"""Sessions: opened by a password, continued by refresh tokens, ended by whoever may."""

from chassis.database import Transaction
from chassis.errors import Contention
from chassis.ids import uuid7
from services.auth.domain.tokens import Mint
from services.auth.model.accounts import AccountId, Proof
from services.auth.model.errors import SessionNotFound, TokenInvalid
from services.auth.model.events import SessionRevoked
from services.auth.model.sessions import Exchange, RefreshToken, Session, SessionId, Tokens, Verdict
from services.auth.store import accounts, mail_tokens, revocations
from services.auth.store import sessions as store

# Sessions that are deleted at once, when they expired.
_BATCH = 500


def begin(tx: Transaction, *, proof: Proof, device: str, ip: str, mint: Mint) -> Tokens:
    """Open a session for somebody whose password was checked before, outside of any transaction.

    Raises: AccountSuspended, Contention when the stored hash has changed meanwhile, so that the check is worth nothing.
    """
    account_id = proof.credentials.account_id
    # Ending all sessions takes the same lock: no session slips through while that happens.
    account = accounts.lock(tx, account_id)
    if accounts.find_credentials(tx, account.email.lower()) != proof.credentials:
        raise Contention()
    account.require_active()
    if proof.rehashed is not None:
        accounts.save_hash(tx, account_id, proof.rehashed)
    token = RefreshToken.new()
    session = Session.begin(SessionId(uuid7()), account_id, token, device=device, ip=ip, at=tx.now)
    store.add(tx, session)
    tx.audit("session.begun", "session", session.session_id, after={"account_id": account_id, "device": device})
    # While this waited for the lock, everything issued until then may have been revoked.
    revoked_until = revocations.newest_of_all_sessions(tx, account_id)
    return mint.tokens(tx, account, session, token, issued_at=max(tx.now, revoked_until or tx.now))


def refresh(tx: Transaction, *, text: str, rotation_id: str, ip: str, mint: Mint) -> Tokens | None:
    """Exchange a refresh token for its successor, the same one for the client who repeats its rotation_id in time.

    Answers nothing when the token was used before: then its session is ended, which must be committed before anybody
    is refused. Raises: TokenInvalid. Emits: SessionRevoked after such a reuse.
    """
    token = RefreshToken.parse(text)
    session = store.find_family(tx, token.family_digest, is_locked=True)
    if session is None:
        raise TokenInvalid()
    session.require_open(tx.now)
    exchange = session.exchange
    if token.digest == session.token_digest:
        exchange = Exchange.of(token, rotation_id=rotation_id, at=tx.now)
        session = session.exchanged(token, exchange, ip=ip)
        store.save_exchange(tx, session, exchange)
    elif exchange is None or not exchange.is_repeated(token, rotation_id, tx.now):
        store.end(tx, session.account_id, session.session_id)
        _revoke(tx, session.account_id, session.session_id)
        tx.audit("session.refresh_reused", "session", session.session_id, after={"ip": ip})
        return None
    account = accounts.get(tx, session.account_id)
    return mint.tokens(tx, account, session, token.successor(exchange.nonce), issued_at=tx.now)


def verify(tx: Transaction, *, token: str, mint: Mint) -> Verdict:
    """Say what a token of either type stands for, if it is good at this moment. Raises: TokenInvalid."""
    if "." in token:
        claims = mint.read(tx, token)
        session = store.find(tx, claims.session_id)
        if session is None or session.account_id != claims.account_id:
            raise TokenInvalid()
        session.require_open(tx.now)
        return Verdict(session.account_id, session.session_id, "access", claims.expires_at)
    refresh_token = RefreshToken.parse(token)
    session = store.find_family(tx, refresh_token.family_digest)
    if session is None or session.token_digest != refresh_token.digest:
        raise TokenInvalid()
    session.require_open(tx.now)
    return Verdict(session.account_id, session.session_id, "refresh", session.expires_at)


def end(tx: Transaction, *, account_id: AccountId, session_id: SessionId) -> None:
    """End one session of an account. Raises: SessionNotFound. Emits: SessionRevoked."""
    if not store.end(tx, account_id, session_id):
        raise SessionNotFound()
    _revoke(tx, account_id, session_id)
    tx.audit("session.ended", "session", session_id)


def end_all(tx: Transaction, *, account_id: AccountId) -> int:
    """End all sessions of an account. Returns how many were open. Emits: SessionRevoked."""
    accounts.lock(tx, account_id)
    return revoke_all(tx, account_id)


def revoke_all(tx: Transaction, account_id: AccountId) -> int:
    """End all sessions of an account whose lock is held. Returns how many were open. Emits: SessionRevoked."""
    ended = store.end_all(tx, account_id)
    _revoke(tx, account_id)
    tx.audit("session.all_ended", "account", account_id, after={"ended": ended})
    return ended


def forget_expired(tx: Transaction) -> None:
    """Delete what no token can refer to any more: revocations, mail tokens, some of the sessions."""
    revocations.forget_old(tx)
    mail_tokens.forget_expired(tx)
    store.forget_expired(tx, _BATCH)


def _revoke(tx: Transaction, account_id: AccountId, session_id: SessionId | None = None) -> None:
    tx.emit(SessionRevoked(revocations.add(tx, account_id, session_id)))
