"""Secrets that travel in a mail's link and prove that its reader has the address."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Purpose(StrEnum):
    """What a token is good for."""

    VERIFY_EMAIL = "verify_email"


LIFETIMES = {Purpose.VERIFY_EMAIL: timedelta(hours=24)}


@dataclass(frozen=True, slots=True)
class Letter:
    """What a mail needs to know; the secret is told this once, only its digest is stored."""

    token: str
    email: str
    first_name: str
    locale: str
    expires_at: datetime
