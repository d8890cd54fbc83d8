"""What pydantic finds wrong with a request, in our words: never with what the client sent."""

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from chassis.errors import Violation

# Enough to mend a request by: what breaks thousands of rules is not answered with megabytes.
MAX_SHOWN = 20
_SHOWN_LENGTH = 64
_PLACES = {"body", "query", "path", "header"}
# Pydantic's own sentence for these repeats a part of the input.
_SENTENCES = {
    "uuid_parsing": "must be a UUID",
    "datetime_from_date_parsing": "must be a time like 2026-01-31T12:00:00Z",
    "datetime_parsing": "must be a time like 2026-01-31T12:00:00Z",
    "timezone_aware": "must be a time with a zone, like 2026-01-31T12:00:00Z",
    "date_from_datetime_parsing": "must be a date like 2026-01-31",
    "date_parsing": "must be a date like 2026-01-31",
    "extra_forbidden": "is not known here",
    "missing": "is required",
    "string_unicode": "must not contain halves of surrogate pairs",
}


def of(errors: Iterable[Mapping[str, Any]]) -> list[Violation]:
    """Turn pydantic's list of errors into violations, the first ones of very many."""
    shown = islice(errors, MAX_SHOWN)
    return [Violation(_field(error["loc"]), error["type"], _sentence(error)) for error in shown]


def _field(location: tuple[str | int, ...]) -> str:
    parts = location[1:] if location and location[0] in _PLACES else location
    return ".".join(str(part) for part in parts)[:_SHOWN_LENGTH]


def _sentence(error: Mapping[str, Any]) -> str:
    own = _SENTENCES.get(error["type"])
    return own or str(error["msg"]).removeprefix("Value error, ")
