"""Reading an OpenAPI document, and holding answers against it."""

from collections.abc import Iterable
from typing import Any

import httpx2
from fastapi.routing import APIRoute
from pydantic import TypeAdapter
from starlette.routing import BaseRoute

from gateway.errors import MEDIA_TYPE
from gateway.rest.models import Problem

Operation = tuple[str, str, dict[str, Any]]


def operations(document: dict[str, Any]) -> list[Operation]:
    """Every operation with its method, in lower case, and its path."""
    return [
        (method, path, operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method in {"get", "put", "post", "delete", "patch"}
    ]


def resolve(document: dict[str, Any], value: dict[str, Any]) -> dict[str, Any]:
    """Follow references until there is none."""
    while "$ref" in value:
        found: Any = document
        for part in value["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        value = found
    return value


class Conformance:
    """Holds answers against the document: for the `response` hook of an HTTP client."""

    def __init__(self, routes: Iterable[BaseRoute], document: dict[str, Any]) -> None:
        self._routes = [route for route in routes if isinstance(route, APIRoute) and route.include_in_schema]
        self._document = document

    async def check(self, response: httpx2.Response) -> None:
        """Fail when an answer has a status, a code or a shape that is not documented."""
        method, path = response.request.method, response.request.url.path
        for route in self._routes:
            if route.path_regex.match(path) and method in (route.methods or ()):
                await response.aread()
                self._compare(route, method.lower(), response)

    def _compare(self, route: APIRoute, method: str, response: httpx2.Response) -> None:
        responses = self._document["paths"][route.path_format][method]["responses"]
        said = f"{method} {route.path_format} {response.status_code} {response.text[:500]}"
        assert str(response.status_code) in responses, f"undocumented status: {said}"
        documented = resolve(self._document, responses[str(response.status_code)])
        media_type = response.headers.get("content-type", "").split(";")[0]
        assert set(documented.get("headers", {})) >= {"X-Request-ID"}, said
        if media_type == MEDIA_TYPE:
            assert response.json()["code"] in documented["content"][MEDIA_TYPE]["examples"], (
                f"undocumented code: {said}"
            )
            TypeAdapter(Problem).validate_json(response.content, strict=True)
        elif response.content and media_type == "application/json":
            model = self._model(route, response.status_code)
            TypeAdapter(model).validate_json(response.content, strict=True)

    @staticmethod
    def _model(route: APIRoute, status: int) -> Any:
        return route.responses.get(status, {}).get("model") or route.response_model
