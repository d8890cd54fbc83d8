"""Between the contract's messages and the model."""

from collections.abc import Iterable
from datetime import datetime

from google.protobuf.timestamp_pb2 import Timestamp

from messaging.auth.v1 import accounts_pb2, sessions_pb2
from services.auth.model.accounts import Account, AccountId, Role, State
from services.auth.model.mail_tokens import Letter, Purpose
from services.auth.model.sessions import Revocation, Session, SessionId, Tokens, Verdict

_ROLES = {
    Role.MODERATOR: accounts_pb2.PLATFORM_ROLE_MODERATOR,
    Role.ADMIN: accounts_pb2.PLATFORM_ROLE_ADMIN,
}
_ROLES_BACK = {number: role for role, number in _ROLES.items()}
_STATES = {
    State.ACTIVE: accounts_pb2.ACCOUNT_STATE_ACTIVE,
    State.SUSPENDED: accounts_pb2.ACCOUNT_STATE_SUSPENDED,
}
PURPOSES = {accounts_pb2.MAIL_PURPOSE_VERIFY_EMAIL: Purpose.VERIFY_EMAIL}


def time(moment: datetime) -> Timestamp:
    """Write a time."""
    stamp = Timestamp()
    stamp.FromDatetime(moment)
    return stamp


def account_id(text: str) -> AccountId:
    """Read an id in whatever case; events carry the canonical one."""
    return AccountId(text.lower())


def session_id(text: str) -> SessionId:
    """Read an id in whatever case; events carry the canonical one."""
    return SessionId(text.lower())


def roles(numbers: "Iterable[accounts_pb2.PlatformRole.ValueType]") -> frozenset[Role]:
    """Read roles."""
    return frozenset(_ROLES_BACK[number] for number in numbers)


def role_numbers(held: frozenset[Role]) -> "list[accounts_pb2.PlatformRole.ValueType]":
    """Write roles, in the order of the enum."""
    return sorted(_ROLES[role] for role in held)


def account(item: Account) -> accounts_pb2.Account:
    """Write an account."""
    return accounts_pb2.Account(
        account_id=item.account_id,
        email=item.email,
        username=item.username,
        roles=role_numbers(item.roles),
        state=_STATES[item.state],
        is_email_verified=item.is_email_verified,
        create_time=time(item.created_at),
        first_name=item.first_name,
        last_name=item.last_name,
        locale=item.locale,
    )


def letter(item: Letter) -> accounts_pb2.IssueMailTokenResponse:
    """Write what a mail needs."""
    return accounts_pb2.IssueMailTokenResponse(
        token=item.token,
        email=item.email,
        first_name=item.first_name,
        locale=item.locale,
        expire_time=time(item.expires_at),
    )


def tokens(item: Tokens) -> sessions_pb2.Tokens:
    """Write what a client is given."""
    return sessions_pb2.Tokens(
        access=item.access,
        refresh=item.refresh,
        access_expire_time=time(item.access_expires_at),
        refresh_expire_time=time(item.session.expires_at),
        session_id=item.session.session_id,
        user_id=item.session.account_id,
    )


def verdict(item: Verdict) -> sessions_pb2.VerifyTokenResponse:
    """Write what a token stands for."""
    return sessions_pb2.VerifyTokenResponse(
        user_id=item.account_id,
        session_id=item.session_id,
        token_type=item.token_type,
        expire_time=time(item.expires_at),
    )


def session(item: Session, *, current_id: str) -> sessions_pb2.Session:
    """Write a session as its owner sees it."""
    return sessions_pb2.Session(
        session_id=item.session_id,
        device=item.device,
        ip=item.ip,
        create_time=time(item.created_at),
        use_time=time(item.used_at),
        is_current=item.session_id == current_id,
    )


def revocation(item: Revocation) -> sessions_pb2.Revocation:
    """Write a revocation."""
    return sessions_pb2.Revocation(
        user_id=item.account_id, session_id=item.session_id or "", not_before_time=time(item.not_before)
    )
