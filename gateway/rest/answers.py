"""How endpoints answer: encoded once, with the headers that belong to the content."""

from typing import Protocol
from urllib.parse import parse_qsl, urlencode

import orjson
from fastapi import Request, Response

from gateway import exchange as exchanges
from gateway.views import View


class Listing(Protocol):
    """A service's answer that is a page of a list."""

    next_page_token: str
    previous_page_token: str


class Json(Response):
    """A value as JSON; times and enums are text in it already."""

    media_type = "application/json"

    def render(self, content: object) -> bytes:
        """Encode, unless it is encoded."""
        return content if isinstance(content, bytes) else orjson.dumps(content)


def entity(view: View, *, status: int = 200, etag: str = "", location: str = "") -> Json:
    """One thing, with its version where it has one."""
    headers = {}
    if etag:
        headers["ETag"] = f'"{etag}"'
    if location:
        headers["Location"] = location
    return Json(view, status, headers)


def settled(request: Request, view: View, *, status: int = 200, etag: str = "", location: str = "") -> Json:
    """One thing that a repeatable request made or changed; says whether this is the answer to an earlier one."""
    answer = entity(view, status=status, etag=etag, location=location)
    if exchanges.of(request.scope).meter.is_replayed:
        answer.headers["Idempotent-Replayed"] = "true"
    return answer


def nothing(request: Request | None = None) -> Response:
    """Done, and nothing more to say but, where that is told, whether it was done by an earlier request."""
    answer = Response(status_code=204)
    if request is not None and exchanges.of(request.scope).meter.is_replayed:
        answer.headers["Idempotent-Replayed"] = "true"
    return answer


def page(
    request: Request, results: list[View], answer: Listing | None = None, *, status: int = 200, **more: object
) -> Json:
    """A page of a list, with the addresses of its neighbours, and what else is to be said of it."""
    return Json(
        {
            "results": results,
            "next": _address(request, answer.next_page_token) if answer is not None else None,
            "previous": _address(request, answer.previous_page_token) if answer is not None else None,
            **more,
        },
        status,
    )


def _address(request: Request, token: str) -> str | None:
    if not token:
        return None
    asked = parse_qsl(request.scope["query_string"].decode("latin-1"), keep_blank_values=True)
    query = urlencode([*((name, value) for name, value in asked if name != "cursor"), ("cursor", token)])
    return f"{request.app.state.gateway.settings.base_url}{request.scope['path']}?{query}"


def version(if_match: str | None) -> str:
    """The etag inside `If-Match`; empty when any version will do."""
    return "" if if_match is None or if_match == "*" else if_match[1:-1]
