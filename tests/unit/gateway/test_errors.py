"""Failures as problems."""

import pytest
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from chassis.errors import (
    CallerUnknown,
    Conflict,
    DatabaseUnavailable,
    EtagMismatch,
    Failure,
    InvalidRequest,
    NotFound,
    Overloaded,
    RateLimited,
    Violation,
)
from gateway.errors import (
    AuthenticationRequired,
    MethodNotAllowed,
    RouteNotFound,
    catalogue,
    failure_of,
    headers_of,
    problem,
)


class Strange(Conflict):
    """It is in a strange state."""

    reason = "STRANGE"


@pytest.mark.parametrize(
    ("failure", "status", "code", "is_retryable"),
    [
        (InvalidRequest(), 422, "invalid_request", False),
        (AuthenticationRequired(), 401, "authentication_required", False),
        (Strange(), 409, "strange", False),
        (EtagMismatch(), 412, "etag_mismatch", False),
        (RateLimited(retry_after=2), 429, "rate_limited", True),
        (Overloaded(retry_after=1), 503, "overloaded", True),
        (DatabaseUnavailable(), 503, "database_unavailable", True),
        (RouteNotFound(), 404, "not_found", False),
        (MethodNotAllowed("GET"), 405, "method_not_allowed", False),
    ],
)
def test_a_failure_becomes_a_problem(failure: Failure, status: int, code: str, is_retryable: bool) -> None:
    shown = problem(failure, "request-1")

    assert (shown["status"], shown["code"], shown["retryable"]) == (status, code, is_retryable)
    assert shown["type"] == f"/api/v1/docs/errors/{code}/"
    assert shown["request_id"] == "request-1"
    assert shown["title"] == code.replace("_", " ").capitalize()


def test_a_problem_names_the_fields_that_break_rules() -> None:
    shown = problem(InvalidRequest(fields=[Violation("content", "too_long", "is too long")]), "r")

    assert shown["errors"] == [{"field": "content", "code": "too_long", "message": "is too long"}]


def test_trouble_between_our_own_processes_is_a_defect_to_clients() -> None:
    shown = problem(CallerUnknown("gateway:secret is not known"), "r")

    assert shown["status"] == 500
    assert "secret" not in str(shown)


def test_a_problem_that_passes_says_when_to_come_back_in_whole_seconds() -> None:
    assert headers_of(RateLimited(retry_after=1.2), 429) == {"Retry-After": "2"}
    assert headers_of(RateLimited(retry_after=0.1), 429) == {"Retry-After": "1"}
    assert headers_of(Overloaded(), 503) == {"Retry-After": "1"}
    assert headers_of(NotFound(), 404) == {}


def test_a_refused_caller_is_told_how_to_authenticate() -> None:
    assert headers_of(AuthenticationRequired(), 401) == {"WWW-Authenticate": 'Bearer realm="messaging"'}


def test_what_was_not_meant_to_be_raised_is_a_defect() -> None:
    assert failure_of(KeyError("password")).code == "INTERNAL"
    assert "password" not in str(failure_of(KeyError("password")))


def test_what_the_framework_raises_has_its_problem() -> None:
    sent = RequestValidationError([{"type": "missing", "loc": ("body", "content"), "msg": "Field required"}])

    assert failure_of(sent).fields == (Violation("content", "missing", "is required"),)
    assert failure_of(HTTPException(404)).reason == "NOT_FOUND"
    assert failure_of(HTTPException(405)).reason == "METHOD_NOT_ALLOWED"
    assert failure_of(HTTPException(400)).reason == "BAD_REQUEST"


def test_the_catalogue_knows_the_reasons_of_all_services_and_of_http() -> None:
    known = catalogue()

    assert {"message_too_long", "email_taken", "user_not_found", "notification_not_found"} <= known.keys()
    assert {"not_found", "body_too_large", "authentication_required"} <= known.keys()
    assert known["message_too_long"].status == 422
    assert known["conversation_busy"].is_retryable
    assert not {"caller_unknown", "caller_refused"} & known.keys()
