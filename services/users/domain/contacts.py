"""Whom people know: a list of their own, to which nobody has to agree."""

from chassis.database import Transaction
from services.users import store
from services.users.model.events import ContactAdded, ContactRemoved, SightChanged
from services.users.model.profiles import UserId
from services.users.model.relations import Relation, require_other


def add(tx: Transaction, *, user_id: UserId, contact_id: UserId) -> None:
    """Add somebody to a person's contacts.

    Raises: NotYourself, UserNotFound. Emits: ContactAdded, when that is news, and SightChanged.
    """
    require_other(user_id, contact_id)
    # One list's changes are announced in the order in which they happen.
    profile = store.profiles.lock(tx, user_id)
    store.profiles.require(tx, contact_id)
    if store.relations.add(tx, user_id, Relation.CONTACT, contact_id):
        tx.emit(ContactAdded(user_id, contact_id))
        if profile.privacy.is_presence_for_contacts:
            tx.emit(SightChanged(user_id, contact_id))


def remove(tx: Transaction, *, user_id: UserId, contact_id: UserId) -> None:
    """Undo `add`. Raises: UserNotFound. Emits: ContactRemoved, when that is news, and SightChanged."""
    profile = store.profiles.lock(tx, user_id)
    if store.relations.remove(tx, user_id, Relation.CONTACT, contact_id):
        tx.emit(ContactRemoved(user_id, contact_id))
        if profile.privacy.is_presence_for_contacts:
            tx.emit(SightChanged(user_id, contact_id))
    else:
        store.profiles.require(tx, contact_id)
