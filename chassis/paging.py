"""Keyset paging: a page token holds where the page ended and a digest of the list it belongs to, signed.

A token grants nothing: every page is read with the caller's own rights.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import orjson

from chassis.errors import InvalidPageToken

DEFAULT_PAGE_SIZE = 50
MAX_PAGE_SIZE = 200
Row = TypeVar("Row")
# A page ends here even when it is shorter than asked, so that an answer stays below the gRPC limit of 2 MiB.
MAX_PAGE_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page begins: behind the row with these key values, reading forward or backward."""

    key: tuple[Any, ...]
    is_backward: bool = False


class Pager:
    """Writes and reads the tokens of one process."""

    def __init__(self, secret_key: str) -> None:
        """Derive the signing key from the process's root key."""
        self._key = hashlib.sha256(b"paging:" + secret_key.encode()).digest()

    def encode(self, cursor: Cursor | None, filters: Mapping[str, Any]) -> str:
        """Return the token for a cursor of the list with these filters; no cursor, no token."""
        if cursor is None:
            return ""
        body = orjson.dumps([list(cursor.key), cursor.is_backward])
        return base64.urlsafe_b64encode(self._sign(body, filters) + body).decode().rstrip("=")

    def decode(self, token: str, filters: Mapping[str, Any]) -> Cursor | None:
        """Return the cursor in a token, or none for an empty one. Raises: InvalidPageToken."""
        if not token:
            return None
        try:
            raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        except ValueError as error:
            raise InvalidPageToken() from error
        signature, body = raw[:16], raw[16:]
        if not hmac.compare_digest(signature, self._sign(body, filters)):
            raise InvalidPageToken()
        key, is_backward = orjson.loads(body)
        return Cursor(tuple(key), is_backward)

    def _sign(self, body: bytes, filters: Mapping[str, Any]) -> bytes:
        scope = orjson.dumps(filters, option=orjson.OPT_SORT_KEYS)
        return hmac.digest(self._key, scope + b"\x00" + body, "sha256")[:16]


def size(asked: int) -> int:
    """How many rows a page has: the default for 0, never more than the maximum."""
    return min(asked or DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE)


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Rows of a list with the cursors to its neighbours."""

    rows: list[Row]
    next: Cursor | None
    previous: Cursor | None

    @classmethod
    def cut(
        cls,
        rows: Sequence[Row],
        *,
        size: int,
        cursor: Cursor | None,
        key: Callable[[Row], tuple[Any, ...]],
        weigh: Callable[[Row], int] = lambda _: 0,
    ) -> "Page[Row]":
        """Make a page of what a query found that read one row more than `size`, in the cursor's direction.

        `weigh` estimates a row's bytes; the page ends at MAX_PAGE_BYTES even when it could hold more rows.
        """
        kept: list[Row] = []
        weight = 0
        for row in rows[:size]:
            weight += weigh(row)
            if kept and weight > MAX_PAGE_BYTES:
                break
            kept.append(row)
        has_previous, has_next = cursor is not None, len(rows) > len(kept)
        if cursor is not None and cursor.is_backward:
            kept.reverse()
            has_previous, has_next = has_next, has_previous
        return cls(
            kept,
            Cursor(key(kept[-1])) if kept and has_next else None,
            Cursor(key(kept[0]), is_backward=True) if kept and has_previous else None,
        )
