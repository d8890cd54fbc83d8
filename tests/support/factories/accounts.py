"""Accounts, and what is asked to create them."""

import itertools
import uuid
from datetime import UTC, datetime
from typing import Any

from messaging.auth.v1.accounts_pb2 import RegisterRequest
from services.auth.model.accounts import Account, AccountId, Role, State

PASSWORD = "securepassword123"
_numbers = itertools.count(1)
_RUN = uuid.uuid4().hex[:6]


def username(stem: str = "person") -> str:
    """A name that nobody else has, in this run or another."""
    return f"{stem}{next(_numbers)}-{_RUN}"


def register_request(**fields: str) -> RegisterRequest:
    """What the gateway sends for somebody who registers; the address is made of the username."""
    name = fields.get("username", username())
    defaults = {
        "email": f"{name}@example.org",
        "username": name,
        "password": PASSWORD,
        "first_name": "Ada",
        "last_name": "Lovelace",
        "ip": "192.0.2.1",
    }
    return RegisterRequest(**{**defaults, **fields})


def account(*roles: Role, **fields: Any) -> Account:
    """An account as the store returns it."""
    defaults: dict[str, Any] = {
        "account_id": AccountId(str(uuid.uuid4())),
        "email": "Ada@example.org",
        "username": "ada",
        "first_name": "Ada",
        "last_name": "Lovelace",
        "locale": "en",
        "roles": frozenset(roles),
        "state": State.ACTIVE,
        "is_email_verified": False,
        "created_at": datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC),
    }
    return Account(**{**defaults, **fields})
