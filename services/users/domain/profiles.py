"""How profiles come into being and change."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from chassis.crypto import Box
from chassis.database import Transaction
from services.users import store
from services.users.domain import private
from services.users.model.events import ProfileUpdated
from services.users.model.profiles import (
    PRIVATE_FIELDS,
    Profile,
    UserId,
    checked,
    initial_display_name,
    tidy_name,
)


def ensure(
    tx: Transaction,
    *,
    user_id: UserId,
    username: str,
    first_name: str,
    last_name: str,
    registered_at: datetime | None = None,
) -> Profile:
    """Create the profile of a new account, or return the one that exists as it is now.

    Emits: ProfileUpdated, once.
    """
    first_name, last_name = tidy_name(first_name), tidy_name(last_name)
    profile = Profile(
        user_id=user_id,
        username=username,
        display_name=initial_display_name(username, first_name, last_name),
        first_name=first_name,
        last_name=last_name,
        bio="",
        is_verified=False,
        is_bot=False,
        is_suspended=False,
        created_at=registered_at or tx.now,
        updated_at=tx.now,
        version=1,
    )
    if not store.profiles.add(tx, profile):
        return store.profiles.get(tx, user_id)
    tx.emit(ProfileUpdated(profile))
    return profile


def update(
    tx: Transaction,
    *,
    box: Box,
    editor_id: UserId,
    is_admin: bool,
    user_id: UserId,
    values: Mapping[str, str],
    etag: str,
) -> Profile:
    """Change the given fields of a profile; values that are there already change nothing.

    Raises: UserNotFound, NotYourProfile, EtagMismatch, ProfileInvalid.
    Emits: ProfileUpdated; the audit trail names changed private fields without their values.
    """
    profile = store.profiles.lock(tx, user_id)
    profile.require_editable_by(editor_id, is_admin=is_admin)
    profile.require_etag(etag)
    new = checked(values, today=tx.now.date())
    old = {
        field: private.reveal(box, user_id, field, value) if field in PRIVATE_FIELDS else value
        for field, value in ((field, getattr(profile, field)) for field in new)
    }
    changed = [field for field in new if new[field] != old[field]]
    if not changed:
        return profile
    stored: dict[str, Any] = {
        field: private.seal(box, user_id, field, new[field]) if field in PRIVATE_FIELDS else new[field]
        for field in changed
    }
    edited = replace(profile, **stored, version=profile.version + 1, updated_at=tx.now)
    store.profiles.save(tx, edited)
    tx.emit(ProfileUpdated(edited))
    tx.audit(
        "profile.updated",
        "profile",
        user_id,
        before={field: old[field] for field in changed if field not in PRIVATE_FIELDS},
        after={field: "changed" if field in PRIVATE_FIELDS else new[field] for field in changed},
    )
    return edited


def verify(tx: Transaction, user_id: UserId) -> None:
    """Note that the person's e-mail address was confirmed.

    Raises: UserNotFound. Emits: ProfileUpdated, when that is news.
    """
    profile = store.profiles.lock(tx, user_id)
    if not profile.is_verified:
        _save(tx, replace(profile, is_verified=True, version=profile.version + 1, updated_at=tx.now))


def suspend(tx: Transaction, user_id: UserId) -> None:
    """Take the person out of lists and search; the profile itself stays readable below what they wrote.

    Raises: UserNotFound. Emits: ProfileUpdated, when that is news.
    """
    profile = store.profiles.lock(tx, user_id)
    if not profile.is_suspended:
        _save(tx, replace(profile, is_suspended=True))


def restore(tx: Transaction, user_id: UserId) -> None:
    """Undo `suspend`. Raises: UserNotFound. Emits: ProfileUpdated, when that is news."""
    profile = store.profiles.lock(tx, user_id)
    if profile.is_suspended:
        _save(tx, replace(profile, is_suspended=False))


def _save(tx: Transaction, profile: Profile) -> None:
    store.profiles.save(tx, profile)
    tx.emit(ProfileUpdated(profile))
