"""Events on their way out: which kind, about which account, in which form."""

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from chassis.events import Outgoing
from messaging.auth.v1 import accounts_pb2, events_pb2
from services.auth.model import events
from services.auth.model.accounts import AccountId, Role

_ROLES = {Role.MODERATOR: accounts_pb2.PLATFORM_ROLE_MODERATOR, Role.ADMIN: accounts_pb2.PLATFORM_ROLE_ADMIN}


def encode(event: object) -> Outgoing:
    """Write an event for the outbox; all are about an account, and none numbers its changes."""
    match event:
        case events.AccountRegistered(account):
            return _of(
                "account_registered",
                account.account_id,
                events_pb2.AccountRegistered(
                    account_id=account.account_id,
                    username=account.username,
                    first_name=account.first_name,
                    last_name=account.last_name,
                    locale=account.locale,
                ),
            )
        case events.VerificationRequested(account_id):
            return _of("verification_requested", account_id, events_pb2.VerificationRequested(account_id=account_id))
        case events.EmailVerified(account_id):
            return _of("email_verified", account_id, events_pb2.EmailVerified(account_id=account_id))
        case events.AccountSuspended(account_id):
            return _of("account_suspended", account_id, events_pb2.AccountSuspended(account_id=account_id))
        case events.AccountRestored(account_id):
            return _of("account_restored", account_id, events_pb2.AccountRestored(account_id=account_id))
        case events.RoleChanged(account):
            roles = sorted(_ROLES[role] for role in account.roles)
            changed = events_pb2.RoleChanged(account_id=account.account_id, roles=roles)
            return _of("role_changed", account.account_id, changed)
        case events.SessionRevoked(revocation):
            not_before = Timestamp()
            not_before.FromDatetime(revocation.not_before)
            return _of(
                "session_revoked",
                revocation.account_id,
                events_pb2.SessionRevoked(
                    account_id=revocation.account_id,
                    session_id=revocation.session_id or "",
                    not_before_time=not_before,
                ),
            )
    raise TypeError(f"no event of auth: {type(event).__name__}")


def _of(kind: str, account_id: AccountId, message: Message) -> Outgoing:
    return Outgoing(kind, account_id, message.SerializeToString())
