"""How people decide what others see of them and may do."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from chassis.database import Transaction
from services.users import store
from services.users.model.events import PrivacyChanged, SightChanged
from services.users.model.privacy import Privacy
from services.users.model.profiles import UserId


def get(tx: Transaction, *, user_id: UserId) -> Privacy:
    """Raises: UserNotFound."""
    return store.profiles.get(tx, user_id).privacy


def update(tx: Transaction, *, user_id: UserId, values: Mapping[str, Any]) -> Privacy:
    """Change the given fields of somebody's privacy.

    Raises: UserNotFound. Emits: PrivacyChanged, when that is news, and SightChanged.
    """
    profile = store.profiles.lock(tx, user_id)
    privacy = replace(profile.privacy, **values)
    if privacy != profile.privacy:
        store.profiles.save(tx, replace(profile, privacy=privacy))
        tx.emit(PrivacyChanged(user_id, privacy))
        if not privacy.shows_presence_like(profile.privacy):
            tx.emit(SightChanged(user_id))
        tx.audit("privacy.updated", "profile", user_id, before=asdict(profile.privacy), after=asdict(privacy))
    return privacy
