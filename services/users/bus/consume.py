"""Events in: what auth says about accounts changes their profiles."""

from collections.abc import Mapping
from datetime import UTC

from chassis.consumer import Handler
from chassis.database import Transaction
from messaging.auth.v1 import events_pb2 as auth
from messaging.chassis.v1.envelope_pb2 import Envelope
from services.users.domain import profiles
from services.users.model.profiles import UserId


def create_profile(tx: Transaction, envelope: Envelope) -> None:
    """Heal a crash between the registration and EnsureProfile."""
    event = auth.AccountRegistered.FromString(envelope.payload)
    profiles.ensure(
        tx,
        user_id=UserId(event.account_id),
        username=event.username,
        first_name=event.first_name,
        last_name=event.last_name,
        registered_at=envelope.occurred_time.ToDatetime(UTC),
    )


def verify_profile(tx: Transaction, envelope: Envelope) -> None:
    """Show that the e-mail address was confirmed."""
    profiles.verify(tx, UserId(auth.EmailVerified.FromString(envelope.payload).account_id))


def suspend_profile(tx: Transaction, envelope: Envelope) -> None:
    """Hide the person."""
    profiles.suspend(tx, UserId(auth.AccountSuspended.FromString(envelope.payload).account_id))


def restore_profile(tx: Transaction, envelope: Envelope) -> None:
    """Show the person again."""
    profiles.restore(tx, UserId(auth.AccountRestored.FromString(envelope.payload).account_id))


HANDLERS: Mapping[str, Handler] = {
    "messaging.auth.v1.account_registered": create_profile,
    "messaging.auth.v1.email_verified": verify_profile,
    "messaging.auth.v1.account_suspended": suspend_profile,
    "messaging.auth.v1.account_restored": restore_profile,
}
