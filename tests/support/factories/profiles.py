"""Profiles, and what registration sends to create them."""

import itertools
import uuid
from datetime import UTC, datetime
from typing import Any

from messaging.auth.v1.events_pb2 import AccountRegistered
from messaging.users.v1.profiles_pb2 import EnsureProfileRequest
from services.users.model.profiles import Profile, UserId

_numbers = itertools.count(1)
_RUN = uuid.uuid4().hex[:6]


def user_id() -> UserId:
    return UserId(str(uuid.uuid4()))


def username(stem: str = "person") -> str:
    """A name that nobody else has, in this run or another."""
    return f"{stem}{next(_numbers)}-{_RUN}"


def profile(**fields: Any) -> Profile:
    """A profile as the store returns it."""
    now = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
    defaults: dict[str, Any] = {
        "user_id": user_id(),
        "username": username(),
        "display_name": "Ada Lovelace",
        "first_name": "Ada",
        "last_name": "Lovelace",
        "bio": "",
        "is_verified": False,
        "is_bot": False,
        "is_suspended": False,
        "created_at": now,
        "updated_at": now,
        "version": 1,
    }
    return Profile(**{**defaults, **fields})


def ensure_request(**fields: str) -> EnsureProfileRequest:
    """What the gateway sends after a registration."""
    defaults = {"user_id": user_id(), "username": username(), "first_name": "Ada", "last_name": "Lovelace"}
    return EnsureProfileRequest(**{**defaults, **fields})


def registered(**fields: str) -> AccountRegistered:
    """What auth announces after a registration."""
    defaults = {"account_id": user_id(), "username": username(), "first_name": "Ada", "last_name": "Lovelace"}
    return AccountRegistered(**{**defaults, "locale": "en", **fields})
