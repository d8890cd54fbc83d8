"""The OpenAPI document is complete enough to generate clients from."""

from typing import Any

import pytest
import yaml

import gateway
from gateway.app import ROUTERS
from gateway.openapi import Document
from gateway.rest.route import Route, SignedInRoute
from tests.support.openapi import operations, resolve
from tests.support.tree import REPOSITORY

DOCUMENT = Document([route for router in ROUTERS for route in router.routes])
OPERATIONS = operations(DOCUMENT.value)
NAMES = [operation["operationId"] for _, _, operation in OPERATIONS]
HEADERS = {"X-Request-ID", "X-Request-Duration", "X-Database-Queries", "X-Query-Time", "Server-Timing", "RateLimit"}


def test_the_version_is_the_project_s() -> None:
    assert f'version = "{gateway.__version__}"' in (REPOSITORY / "pyproject.toml").read_text()


def test_every_public_route_is_documented_and_every_documented_one_exists() -> None:
    routes = {
        (method.lower(), route.path_format)
        for router in ROUTERS
        for route in router.routes
        if isinstance(route, Route) and route.include_in_schema
        for method in route.methods
    }

    assert {(method, path) for method, path, _ in OPERATIONS} == routes


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS, ids=NAMES)
def test_an_operation_says_everything(method: str, path: str, operation: dict[str, Any]) -> None:
    document = DOCUMENT.value
    assert operation["summary"]
    assert operation["description"]
    assert operation["tags"]
    responses = {status: resolve(document, response) for status, response in operation["responses"].items()}
    assert {"400", "422", "500", "503"} <= responses.keys()
    assert any(status.startswith("2") for status in responses)
    for status, response in responses.items():
        assert response["description"] not in {"", "Successful Response"}
        assert response["headers"].keys() >= HEADERS, status
        for media_type, content in response.get("content", {}).items():
            assert content["schema"], (status, media_type)
            if status >= "4" and media_type == "application/problem+json":
                codes = {name: resolve(document, shown)["value"] for name, shown in content["examples"].items()}
                assert all(value["code"] == code and value["status"] == int(status) for code, value in codes.items())
    for parameter in operation.get("parameters", []):
        assert parameter.get("description"), parameter["name"]


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS, ids=NAMES)
def test_what_needs_a_token_says_so(method: str, path: str, operation: dict[str, Any]) -> None:
    route = next(
        route
        for router in ROUTERS
        for route in router.routes
        if isinstance(route, Route) and route.path_format == path and method.upper() in route.methods
    )

    assert ("security" in operation) == isinstance(route, SignedInRoute)
    assert ("401" in operation["responses"]) >= ("security" in operation)


def test_only_these_posts_ignore_idempotency_keys() -> None:
    ignoring = {path for method, path, operation in OPERATIONS if method == "post" and "x-idempotency-key" in operation}

    assert ignoring == {
        # Secrets are answered, or asked with.
        "/api/v1/auth/token/",
        "/api/v1/auth/token/refresh/",
        "/api/v1/auth/token/verify/",
        "/api/v1/auth/register/",
        "/api/v1/users/",
        "/api/v1/auth/email/verify/",
        "/api/v1/auth/ws-ticket/",
        # Repeating changes nothing.
        "/api/v1/users/search/",
        "/api/v1/conversations/{conversation_id}/read/",
        "/api/v1/conversations/{conversation_id}/delivered/",
        "/api/v1/conversations/{conversation_id}/typing/",
        "/api/v1/messages/{message_id}/thread/read/",
    }


def test_every_reference_leads_somewhere() -> None:
    def references(value: Any) -> list[str]:
        if isinstance(value, dict):
            own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
            return own + [found for item in value.values() for found in references(item)]
        return [found for item in value for found in references(item)] if isinstance(value, list) else []

    for reference in set(references(DOCUMENT.value)):
        assert resolve(DOCUMENT.value, {"$ref": reference})


def test_every_field_of_every_model_has_a_type() -> None:
    for name, schema in DOCUMENT.value["components"]["schemas"].items():
        assert schema.get("description"), name
        for field, declared in schema["properties"].items():
            assert declared.keys() & {"type", "anyOf", "$ref", "enum", "const", "allOf"}, (name, field)


def test_requests_refuse_what_they_do_not_know() -> None:
    for _, path, operation in OPERATIONS:
        if "requestBody" in operation:
            content = operation["requestBody"]["content"]["application/json"]
            assert resolve(DOCUMENT.value, content["schema"])["additionalProperties"] is False, path


def test_the_yaml_says_the_same() -> None:
    assert yaml.safe_load(DOCUMENT.yaml) == DOCUMENT.value
