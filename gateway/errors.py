"""One shape for everything that goes wrong: RFC 9457 problems, from failures of services and of the gateway itself."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from math import ceil
from typing import ClassVar

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from chassis.errors import Defect, Failure, InvalidRequest, Unauthenticated
from gateway import violations

MEDIA_TYPE = "application/problem+json"
DOCUMENTATION = "/api/v1/docs/errors/"

_STATUS = {
    "INVALID_ARGUMENT": 422,
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "NOT_FOUND": 404,
    "ALREADY_EXISTS": 409,
    "FAILED_PRECONDITION": 409,
    "RESOURCE_EXHAUSTED": 503,
    "UNAVAILABLE": 503,
    "DEADLINE_EXCEEDED": 503,
    "INTERNAL": 500,
}
# Where HTTP has a finer word than gRPC.
_STATUS_OF_REASON = {"ETAG_MISMATCH": 412, "RATE_LIMITED": 429, "SLOW_MODE": 429}
_RETRYABLE = {429, 503}
# These say that a service does not know the gateway: nothing that the client did, and nothing that it could mend.
_BETWEEN_PROCESSES = {"CALLER_UNKNOWN", "CALLER_REFUSED"}


class HttpFailure(Failure):
    """Something that only an HTTP request can do wrong."""

    status: ClassVar[int] = 400
    headers: Mapping[str, str] = {}


class BadRequest(HttpFailure):
    """The request is not proper HTTP."""

    reason = "BAD_REQUEST"


class HostRefused(HttpFailure):
    """The server is not known by this host name; see ALLOWED_HOSTS."""

    reason = "HOST_REFUSED"


class RouteNotFound(HttpFailure):
    """There is nothing at this address."""

    status = 404
    reason = "NOT_FOUND"


class MethodNotAllowed(HttpFailure):
    """The address does not take this method; the header `Allow` names those that it takes."""

    status = 405
    reason = "METHOD_NOT_ALLOWED"

    def __init__(self, allowed: str) -> None:
        """Take the methods as the header lists them."""
        super().__init__()
        self.headers = {"Allow": allowed}


class BodyTimeout(HttpFailure):
    """The body did not arrive in time."""

    status = 408
    reason = "BODY_TIMEOUT"


class BodyTooLarge(HttpFailure):
    """The body is larger than 1 MiB."""

    status = 413
    reason = "BODY_TOO_LARGE"


class MediaTypeUnsupported(HttpFailure):
    """The body must be JSON and say so: Content-Type: application/json."""

    status = 415
    reason = "MEDIA_TYPE_UNSUPPORTED"


class OriginRefused(HttpFailure):
    """Pages of this origin may not use the API; see CORS_ALLOWED_ORIGINS."""

    status = 403
    reason = "ORIGIN_REFUSED"


class FrameInvalid(HttpFailure):
    """A frame is a JSON object with the texts `type` and `id`, perhaps the object `payload`, and nothing else."""

    reason = "FRAME_INVALID"

    def __init__(self, message: str = "", *, command_id: str | None = None) -> None:
        """Take the frame's id, so that the answer can carry it."""
        super().__init__(message)
        self.command_id = command_id


class UnknownCommand(HttpFailure):
    """Sockets know no command of this type."""

    reason = "UNKNOWN_COMMAND"


class AuthenticationRequired(Unauthenticated):
    """This needs an access token: Authorization: Bearer …."""

    reason = "AUTHENTICATION_REQUIRED"


@dataclass(frozen=True, slots=True)
class Entry:
    """A reason as clients and the documentation know it."""

    code: str
    status: int
    text: str

    @property
    def title(self) -> str:
        """The code in words."""
        return _title(self.code)

    @property
    def is_retryable(self) -> bool:
        """Whether the same request may succeed later."""
        return self.status in _RETRYABLE


def catalogue() -> dict[str, Entry]:
    """Every problem there is, by its code: the reasons of the services' contract and those of the gateway itself."""
    entries = list(_contract())
    own: list[type[Failure]] = [*HttpFailure.__subclasses__(), AuthenticationRequired]
    for kind in own:
        status = kind.status if issubclass(kind, HttpFailure) else status_of(kind.code, kind.reason)
        entries.append(Entry(kind.reason.lower(), status, str(kind.__doc__)))
    return {entry.code: entry for entry in sorted(entries, key=lambda entry: entry.code)}


@cache
def _contract() -> tuple[Entry, ...]:
    return tuple(
        Entry(item["reason"].lower(), status_of(item["code"], item["reason"]), _sentence(item["text"]))
        for item in json.loads((files("messaging") / "reasons.json").read_text())
        if item["reason"] not in _BETWEEN_PROCESSES
    )


def status_of(code: str, reason: str) -> int:
    """The HTTP status for a gRPC code name and a reason."""
    return _STATUS_OF_REASON.get(reason) or _STATUS.get(code, 500)


def failure_of(error: Exception) -> Failure:
    """What an exception that reached the edge means; a defect when it was not meant to be raised."""
    if isinstance(error, Failure):
        return error
    if isinstance(error, RequestValidationError):
        return InvalidRequest(fields=violations.of(error.errors()))
    if isinstance(error, HTTPException) and error.status_code < 500:
        # From Starlette, for assets alone: what our own endpoints refuse is a failure already.
        return {404: RouteNotFound(), 405: MethodNotAllowed("GET, HEAD")}.get(error.status_code, BadRequest())
    return Defect()


def presentable(failure: Failure) -> Failure:
    """What a client may be told of a failure: troubles between our own processes are ours alone."""
    if failure.reason in _BETWEEN_PROCESSES:
        return Defect()
    if failure.reason == InvalidRequest.reason and not failure.fields:
        return InvalidRequest()
    return failure


def problem(failure: Failure, request_id: str) -> dict[str, object]:
    """Write a failure as a problem, over REST and inside WebSocket frames alike."""
    failure = presentable(failure)
    code = failure.reason.lower()
    status = failure.status if isinstance(failure, HttpFailure) else status_of(failure.code, failure.reason)
    shown: dict[str, object] = {
        "type": problem_type(code),
        "title": _title(code),
        "status": status,
        "detail": str(failure),
        "code": code,
        "retryable": status in _RETRYABLE,
        "request_id": request_id,
    }
    if status == 422:
        shown["errors"] = [{"field": item.field, "code": item.code, "message": item.message} for item in failure.fields]
    return shown


def problem_type(code: str) -> str:
    """The address of the page that explains a problem; relative, because a server has as many names as roads to it."""
    return f"{DOCUMENTATION}{code}/"


def headers_of(failure: Failure, status: int) -> dict[str, str]:
    """The headers that belong to a problem: when to come back, how to authenticate, what is allowed."""
    headers = dict(failure.headers) if isinstance(failure, HttpFailure) else {}
    if status in _RETRYABLE:
        # Whole seconds, rounded up: earlier would be refused again.
        headers["Retry-After"] = str(max(1, ceil(failure.retry_after or 1.0)))
    if status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="messaging"'
    return headers


def _title(code: str) -> str:
    return code.replace("_", " ").capitalize()


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
