"""JSON bodies, read more strictly than the standard library does: what could mean two things is refused."""

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any, NoReturn

from chassis.errors import InvalidRequest, Violation
from gateway.errors import MediaTypeUnsupported
from gateway.exchange import Exchange
from gateway.violations import MAX_SHOWN

# Of a client's own field names, no more than this is repeated in an answer.
_SHOWN_LENGTH = 64


def parse(exchange: Exchange) -> Any:
    """Return the body's value. Raises: MediaTypeUnsupported, InvalidRequest."""
    media_type = exchange.headers.get(b"content-type", b"").split(b";", 1)[0].strip().lower()
    if media_type != b"application/json":
        # Forms and plain text are what a foreign page can send without asking first.
        raise MediaTypeUnsupported()
    try:
        text = exchange.body.decode("utf-8")
        value = _DECODER.decode(text)
        violations = list(islice(_unstorable(value, ""), MAX_SHOWN)) if "\\u" in text else []
    except (ValueError, RecursionError) as error:
        raise InvalidRequest(fields=[Violation("", "json_invalid", "The body is not valid JSON.")]) from error
    if violations:
        raise InvalidRequest(fields=violations)
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        # Two readers of such an object may disagree on which value counts.
        raise ValueError("a field occurs twice")
    return found


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_refuse)


def _unstorable(value: Any, path: str) -> Iterator[Violation]:
    """Find NUL characters and halves of surrogate pairs: valid in JSON, but no text that can be stored."""
    if isinstance(value, str):
        if "\x00" in value:
            yield Violation(path, "nul_character", "must not contain NUL characters")
        elif any("\ud800" <= sign <= "\udfff" for sign in value):
            yield Violation(path, "lone_surrogate", "must not contain halves of surrogate pairs")
    elif isinstance(value, dict):
        for key, item in value.items():
            unnamed = list(_unstorable(key, ""))
            yield from unnamed or _unstorable(item, f"{path}.{key}".strip(".")[:_SHOWN_LENGTH])
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _unstorable(item, f"{path}.{index}"[:_SHOWN_LENGTH])
