"""Which problems an endpoint may answer with, for the documentation."""

from typing import Any

from gateway.errors import MEDIA_TYPE, catalogue, problem_type
from gateway.rest.models import EXAMPLE_ID

Responses = dict[int | str, dict[str, Any]]


def problems(*codes: str) -> Responses:
    """Return the responses for the named problems, one per status, with an example for each code."""
    by_status: dict[int, list[str]] = {}
    for code in codes:
        by_status.setdefault(catalogue()[code].status, []).append(code)
    return {
        status: {
            "description": " ".join(catalogue()[code].text for code in named),
            "content": {
                MEDIA_TYPE: {
                    "schema": {"$ref": "#/components/schemas/Problem"},
                    "examples": {code: {"value": example(code)} for code in named},
                }
            },
        }
        for status, named in by_status.items()
    }


def example(code: str) -> dict[str, object]:
    """A problem with this code."""
    entry = catalogue()[code]
    shown: dict[str, object] = {
        "type": problem_type(code),
        "title": entry.title,
        "status": entry.status,
        "detail": entry.text,
        "code": code,
        "retryable": entry.is_retryable,
        "request_id": EXAMPLE_ID,
    }
    if entry.status == 422:
        shown["errors"] = []
    return shown
