"""Keys that sign access tokens, as the store returns them."""

import uuid
from datetime import datetime

from services.auth.model.keys import SigningKey


def signing_key(not_before: datetime) -> SigningKey:
    """A key of which only the time matters."""
    return SigningKey(str(uuid.uuid4()), b"public", b"sealed", not_before)
