"""What other services' events do here: they keep the projection of people."""

from chassis.consumer import Handler
from chassis.database import Transaction
from messaging.auth.v1.events_pb2 import AccountRegistered, AccountRestored, AccountSuspended
from messaging.chassis.v1.envelope_pb2 import Envelope
from messaging.users.v1.events_pb2 import ContactAdded, ContactRemoved, PrivacyChanged, UserBlocked, UserUnblocked
from services.conversations.model.ids import UserId
from services.conversations.model.people import Audience
from services.conversations.store import people


def _registered(tx: Transaction, envelope: Envelope) -> None:
    event = AccountRegistered.FromString(envelope.payload)
    people.meet(tx, {UserId(event.account_id): event.username})


def _suspended(tx: Transaction, envelope: Envelope) -> None:
    people.set_active(tx, UserId(AccountSuspended.FromString(envelope.payload).account_id), is_active=False)


def _restored(tx: Transaction, envelope: Envelope) -> None:
    people.set_active(tx, UserId(AccountRestored.FromString(envelope.payload).account_id), is_active=True)


def _blocked(tx: Transaction, envelope: Envelope) -> None:
    event = UserBlocked.FromString(envelope.payload)
    people.block(tx, UserId(event.user_id), UserId(event.blocked_user_id))


def _unblocked(tx: Transaction, envelope: Envelope) -> None:
    event = UserUnblocked.FromString(envelope.payload)
    people.unblock(tx, UserId(event.user_id), UserId(event.blocked_user_id))


def _contact_added(tx: Transaction, envelope: Envelope) -> None:
    event = ContactAdded.FromString(envelope.payload)
    people.add_contact(tx, UserId(event.user_id), UserId(event.contact_id))


def _contact_removed(tx: Transaction, envelope: Envelope) -> None:
    event = ContactRemoved.FromString(envelope.payload)
    people.remove_contact(tx, UserId(event.user_id), UserId(event.contact_id))


def _privacy_changed(tx: Transaction, envelope: Envelope) -> None:
    event = PrivacyChanged.FromString(envelope.payload)
    people.set_privacy(
        tx,
        UserId(event.user_id),
        is_receipt_shared=event.read_receipts,
        is_typing_shared=event.typing_indicators,
        who_can_message=Audience(event.who_can_message),
    )


HANDLERS: dict[str, Handler] = {
    "messaging.auth.v1.account_registered": _registered,
    "messaging.auth.v1.account_suspended": _suspended,
    "messaging.auth.v1.account_restored": _restored,
    "messaging.users.v1.user_blocked": _blocked,
    "messaging.users.v1.user_unblocked": _unblocked,
    "messaging.users.v1.contact_added": _contact_added,
    "messaging.users.v1.contact_removed": _contact_removed,
    "messaging.users.v1.privacy_changed": _privacy_changed,
}
