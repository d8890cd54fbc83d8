"""The OpenAPI document: what FastAPI reads from the endpoints, completed with what the layers around them do."""

from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import orjson
import yaml
from fastapi.openapi.utils import get_openapi
from starlette.routing import BaseRoute

import gateway
from gateway.errors import MEDIA_TYPE, catalogue
from gateway.rest.models import Problem
from gateway.rest.problems import example, problems

_DESCRIPTION = """\
A messaging platform that teams host themselves.

* Errors are [RFC 9457 problems](/api/v1/docs/errors/) with a stable `code`.
* Lists are paged by cursor: follow `next` until it is null.
* `Idempotency-Key` makes a repeated POST answer what the first one answered, for 30 days.
* Unknown fields and parameters are refused.
* What happens is told at once over the WebSocket at `/api/v1/ws/`.
"""
_TAGS = {
    "Authentication": "Registering, logging in, sessions, keys.",
    "Users": "Profiles, search, presence, privacy, blocks, contacts.",
    "Conversations": "Groups and direct conversations, and what changed in them.",
    "Participants": "Who takes part, and as what.",
    "Messages": "Sending, reading, editing, deleting.",
    "Receipts": "Who has read what, and who is typing.",
    "Notifications": "The inbox.",
    "Admin": "For moderators and admins.",
    "System": "Health, versions, problems.",
}
# Every endpoint may answer these, those with a body the second list as well.
_COMMON = ("host_refused", "bad_request", "invalid_request", "internal", "overloaded", "dependency_unavailable",
           "database_unavailable", "contention", "deadline_required")  # fmt: skip
_WITH_BODY = ("body_timeout", "body_too_large", "media_type_unsupported")
_SIGNED_IN = ("authentication_required", "token_invalid")

_HEADERS: dict[str, tuple[str, str | int]] = {
    "X-Request-ID": ("The request's id, the client's own when it sent a well-formed one", "5b0e2f6a8c11"),
    "X-Request-Duration": ("Time that the answer took", "0.012s"),
    "X-Database-Queries": ("Database statements, over all services that took part", 3),
    "X-Query-Time": ("Time that they took", "0.004s"),
    "Server-Timing": ("The same for a browser's developer tools", "total;dur=12.3, db;dur=4.0"),
    "RateLimit-Policy": ("How many messages one may send in which time", '"sends";q=60;w=6'),
    "RateLimit": ("How many are left, and in how many seconds all are", '"sends";r=59;t=1'),
    "ETag": ("The version, for `If-Match`", '"7"'),
    "Location": ("Address of what was created", "/api/v1/conversations/01981f3c-7a5e-7c43-9d1f-5b0e2f6a8c11/"),
    "Retry-After": ("Seconds to wait before trying again", 1),
    "WWW-Authenticate": ("How to authenticate", 'Bearer realm="messaging"'),
    "Idempotent-Replayed": ("`true` when this is the answer to an earlier request with the same key", "true"),
}
_EVERYWHERE = tuple(_HEADERS)[:7]
_HEADERS_OF: dict[tuple[str, str], tuple[str, ...]] = {
    ("post", "/api/v1/auth/register/"): ("Location",),
    ("post", "/api/v1/users/"): ("Location",),
    ("post", "/api/v1/conversations/"): ("Location", "ETag"),
    **{
        (method, path): ("ETag",)
        for method in ("get", "patch")
        for path in (
            "/api/v1/users/me/",
            "/api/v1/users/{user_id}/",
            "/api/v1/conversations/{conversation_id}/",
            "/api/v1/messages/{message_id}/",
        )
    },
}

Object = dict[str, Any]


class Document:
    """Made once, when it is asked for first."""

    def __init__(self, routes: Sequence[BaseRoute]) -> None:
        """Take what is served."""
        self._routes = routes

    @cached_property
    def value(self) -> Object:
        """As Python values."""
        document = get_openapi(
            title="Messaging platform",
            version=gateway.__version__,
            description=_DESCRIPTION,
            routes=self._routes,
            tags=[{"name": name, "description": text} for name, text in _TAGS.items()],
            servers=[{"url": "/"}],
            license_info={"name": "MIT", "identifier": "MIT"},
        )
        components = document["components"]
        components["schemas"] = {
            name: schema
            for name, schema in components["schemas"].items()
            if name not in {"HTTPValidationError", "ValidationError"}
        } | _problem_schemas()
        components["headers"] = {name: _header(*shown) for name, shown in _HEADERS.items()}
        components["securitySchemes"] = {
            "bearer": {
                "type": "http",
                "scheme": "bearer",
                "bearerFormat": "JWT",
                "description": "The access token from `/api/v1/auth/token/`, good for 5 minutes",
            }
        }
        components["examples"] = {code: {"value": example(code)} for code in catalogue()}
        for path, operations in document["paths"].items():
            for method, operation in operations.items():
                _complete(document, path, method, operation)
        _share(document)
        return document

    @cached_property
    def json(self) -> bytes:
        """As JSON."""
        return orjson.dumps(self.value)

    @cached_property
    def yaml(self) -> bytes:
        """As YAML."""
        return yaml.safe_dump(self.value, sort_keys=False, allow_unicode=True, encoding="utf-8")


def names(operation: Object) -> set[str]:
    """The names of an operation's parameters."""
    return {parameter["name"] for parameter in operation.get("parameters", [])}


def _complete(document: Object, path: str, method: str, operation: Object) -> None:
    responses: Object = operation["responses"]
    if method == "post" and "Idempotency-Key" not in names(operation):
        # It repeats harmlessly, or answers a secret that must not be kept.
        operation["x-idempotency-key"] = "ignored"
    if MEDIA_TYPE not in responses.get("422", {}).get("content", {MEDIA_TYPE: None}):
        # FastAPI's own, in a shape that is never answered.
        del responses["422"]
    is_signed_in, has_body = "security" in operation, method != "get"
    for status, response in problems(*_COMMON, *_WITH_BODY * has_body, *_SIGNED_IN * is_signed_in).items():
        responses[str(status)] = _merge(responses.get(str(status)), response)
    for status, response in responses.items():
        named = _headers(status)
        if status in {"200", "201", "204"}:
            named += _HEADERS_OF.get((method, path), ())
            named += ("Idempotent-Replayed",) * ("Idempotency-Key" in names(operation))
        if response["description"] == "Successful Response":
            response["description"] = _described(document, response)
        response["headers"] = {name: _reference("headers", name) for name in named}
        for shown in response.get("content", {}).get(MEDIA_TYPE, {}).get("examples", {}).items():
            shown[1].clear()
            shown[1].update(_reference("examples", shown[0]))
    operation["responses"] = dict(sorted(responses.items()))


def _described(document: Object, response: Object) -> str:
    """What an answer is: the description of its model."""
    schema: Object = response.get("content", {}).get("application/json", {}).get("schema", {})
    name = schema.get("$ref", "").rpartition("/")[2]
    described: str = document["components"]["schemas"].get(name, {}).get("description", "Done.")
    return described


def _share(document: Object) -> None:
    """Move answers that many operations give in the same words to the components."""
    counted = Counter(
        orjson.dumps(response)
        for operations in document["paths"].values()
        for operation in operations.values()
        for response in operation["responses"].values()
        if MEDIA_TYPE in response.get("content", {})
    )
    shared = document["components"]["responses"] = {}
    for operations in document["paths"].values():
        for operation in operations.values():
            for status, response in operation["responses"].items():
                if counted[orjson.dumps(response)] > 1:
                    name = "-or-".join(response["content"][MEDIA_TYPE]["examples"])
                    shared[name] = response
                    operation["responses"][status] = _reference("responses", name)


def _headers(status: str) -> tuple[str, ...]:
    return (
        *_EVERYWHERE,
        *("Retry-After",) * (status in {"429", "503"}),
        *("WWW-Authenticate",) * (status == "401"),
    )


def _merge(known: Object | None, added: Object) -> Object:
    if known is None:
        return added
    content = known.setdefault("content", {})
    if MEDIA_TYPE not in content:
        content[MEDIA_TYPE] = added["content"][MEDIA_TYPE]
        return known
    content[MEDIA_TYPE]["examples"] |= added["content"][MEDIA_TYPE]["examples"]
    known["description"] = f"{known['description']} {added['description']}"
    return known


def _problem_schemas() -> dict[str, Object]:
    schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    nested = schema.pop("$defs")
    schema["properties"]["code"]["enum"] = sorted(catalogue())
    return {"Problem": schema, **nested}


def _header(description: str, example: str | int) -> Object:
    kind = "integer" if isinstance(example, int) else "string"
    return {"description": description, "schema": {"type": kind}, "example": example}


def _reference(kind: str, name: str) -> dict[str, str]:
    return {"$ref": f"#/components/{kind}/{name}"}
