from datetime import UTC, datetime

import pytest
from google.protobuf.message import Message

from messaging.auth.v1 import accounts_pb2, events_pb2
from services.auth.bus import audit, publish
from services.auth.model import events
from services.auth.model.accounts import Role
from services.auth.model.sessions import Revocation, SessionId
from tests.support.factories.accounts import account

ADA = account(Role.MODERATOR, Role.ADMIN)
WHO = ADA.account_id
AT = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)


def revoked(session_id: str = "") -> events_pb2.SessionRevoked:
    message = events_pb2.SessionRevoked(account_id=WHO, session_id=session_id)
    message.not_before_time.FromDatetime(AT)
    return message


@pytest.mark.parametrize(
    ("event", "kind", "payload"),
    [
        (
            events.AccountRegistered(ADA),
            "account_registered",
            events_pb2.AccountRegistered(
                account_id=WHO, username="ada", first_name="Ada", last_name="Lovelace", locale="en"
            ),
        ),
        (
            events.VerificationRequested(WHO),
            "verification_requested",
            events_pb2.VerificationRequested(account_id=WHO),
        ),
        (events.EmailVerified(WHO), "email_verified", events_pb2.EmailVerified(account_id=WHO)),
        (events.AccountSuspended(WHO), "account_suspended", events_pb2.AccountSuspended(account_id=WHO)),
        (events.AccountRestored(WHO), "account_restored", events_pb2.AccountRestored(account_id=WHO)),
        (
            events.RoleChanged(ADA),
            "role_changed",
            events_pb2.RoleChanged(
                account_id=WHO,
                roles=[accounts_pb2.PLATFORM_ROLE_MODERATOR, accounts_pb2.PLATFORM_ROLE_ADMIN],
            ),
        ),
        (events.SessionRevoked(Revocation(WHO, None, AT)), "session_revoked", revoked()),
        (events.SessionRevoked(Revocation(WHO, SessionId("s"), AT)), "session_revoked", revoked("s")),
    ],
)
def test_an_event_says_what_the_contract_says(event: object, kind: str, payload: Message) -> None:
    outgoing = publish.encode(event)

    assert (outgoing.kind, outgoing.aggregate_id, outgoing.aggregate_rev) == (kind, WHO, 0)
    assert type(payload).FromString(outgoing.payload) == payload
    assert ADA.email.encode() not in outgoing.payload


def test_what_is_no_event_is_refused() -> None:
    with pytest.raises(TypeError):
        publish.encode("account_registered")


def test_the_trail_of_every_other_service_is_heard() -> None:
    others = ("users", "conversations", "notifications")

    assert set(audit.HANDLERS) == {f"messaging.{service}.v1.audit_recorded" for service in others}
