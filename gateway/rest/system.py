"""What the platform says about itself: whether it works, what it serves, what its errors mean."""

import asyncio
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import Field

import gateway
from chassis.errors import DependencyUnavailable
from gateway.errors import RouteNotFound, catalogue
from gateway.rest import pages
from gateway.rest.answers import Json
from gateway.rest.models import Shown
from gateway.rest.problems import problems
from gateway.rest.route import Route

router = APIRouter(tags=["System"], route_class=Route)
# Pages and probes: for people and for whoever watches the process, not a part of the API.
hidden = APIRouter(route_class=Route, include_in_schema=False)

ROOT = {
    "name": "Messaging platform",
    "version": gateway.__version__,
    "docs": "/api/v1/docs/",
    "schema": "/api/v1/schema/",
    "health": "/api/v1/health/",
    "resources": {
        "auth": "/api/v1/auth/",
        "users": "/api/v1/users/",
        "conversations": "/api/v1/conversations/",
        "messages": "/api/v1/messages/",
        "notifications": "/api/v1/notifications/",
        "admin": "/api/v1/admin/",
        "socket": "/api/v1/ws/",
        "asyncapi": "/api/v1/asyncapi/",
    },
}


class Root(Shown):
    """Where to go from here."""

    name: str
    version: str
    docs: str
    schema_: str = Field(alias="schema")
    health: str
    resources: dict[str, str]


class Version(Shown):
    """A major version of the API."""

    version: str = Field(examples=["v1"])
    status: Literal["current", "deprecated"]
    url: str = Field(examples=["/api/v1/"])


class Versions(Shown):
    """All that are served."""

    versions: list[Version]


class Status(Shown):
    """Whether the gateway works."""

    status: Literal["ok"]


class PartState(Shown):
    """How one part is."""

    status: Literal["ok", "down", "unknown"]
    latency_ms: float | None = Field(examples=[1.3])


class DetailedStatus(Shown):
    """How every part is."""

    status: Literal["ok", "degraded", "down"] = Field(description="`degraded`: messages can be sent all the same")
    checks: dict[str, PartState] = Field(description="Each service, its database, NATS and Redis")


@router.get("/api/v1/", summary="Show where to begin", response_model=Root)
async def root() -> Response:
    """Name, version, documentation and resources."""
    return Json(ROOT)


@router.get("/api/versions/", summary="List versions", response_model=Versions)
async def versions() -> Response:
    """Major versions that are served; within one, changes only add."""
    return Json({"versions": [{"version": "v1", "status": "current", "url": "/api/v1/"}]})


@router.get("/api/v1/health/", summary="Show health", response_model=Status)
async def health() -> Response:
    """Whether the gateway answers."""
    return Json({"status": "ok"})


@router.get(
    "/api/v1/health/detailed/",
    summary="Show the health of every part",
    response_model=DetailedStatus,
    responses={503: {"model": DetailedStatus, "description": "Something that sending messages needs is down."}},
)
async def detailed_health(request: Request) -> Response:
    """Asks every part; the answer is two seconds old at the most."""
    report, is_able = await request.app.state.gateway.health.report()
    return Json(report) if is_able else Json(report, 503, {"Retry-After": "5"})


@router.get(
    "/api/v1/docs/errors/{code}/",
    summary="Explain a problem",
    response_class=HTMLResponse,
    responses=problems("not_found"),
)
async def explain(
    code: Annotated[str, Path(description="As in problems", max_length=64, examples=["rate_limited"])],
) -> Response:
    """The page that a problem's `type` names."""
    entry = catalogue().get(code)
    if entry is None:
        raise RouteNotFound()
    return HTMLResponse(pages.error(entry), headers=pages.CACHED)


@hidden.get("/api/v1/docs/errors/")
async def explain_all() -> Response:
    """Every problem on one page."""
    return HTMLResponse(pages.errors(catalogue().values()), headers=pages.CACHED)


@hidden.get("/")
async def home() -> Response:
    """A small page for browsers."""
    return HTMLResponse(pages.HOME, headers=pages.CACHED)


@hidden.get("/api/v1/docs/")
async def swagger() -> Response:
    """The API to try out."""
    return HTMLResponse(pages.SWAGGER, headers=pages.CACHED)


@hidden.get("/api/v1/redoc/")
async def redoc() -> Response:
    """The API to read."""
    return HTMLResponse(pages.REDOC, headers=pages.CACHED)


@hidden.get("/favicon.ico")
async def favicon() -> Response:
    """Browsers ask for it."""
    return RedirectResponse(f"{pages.ASSETS}/favicon.png", 308)


@hidden.get("/api/v1/schema/")
async def schema(request: Request) -> Response:
    """The OpenAPI document."""
    # Made when it is asked for first, which takes longer than others should wait.
    document = await asyncio.to_thread(getattr, request.app.state.document, "json")
    return Response(document, media_type="application/json", headers=pages.CACHED)


@hidden.get("/api/v1/schema.yaml")
async def schema_yaml(request: Request) -> Response:
    """The OpenAPI document for people."""
    document = await asyncio.to_thread(getattr, request.app.state.document, "yaml")
    return Response(document, media_type="application/yaml", headers=pages.CACHED)


@hidden.get("/api/v1/asyncapi/")
async def asyncapi(request: Request) -> Response:
    """The AsyncAPI document: every frame of the socket."""
    document = await asyncio.to_thread(getattr, request.app.state.frames, "json")
    return Response(document, media_type="application/json", headers=pages.CACHED)


@hidden.get("/livez")
async def live() -> Response:
    """The process runs."""
    return Json({"status": "ok"})


@hidden.get("/readyz")
async def ready(request: Request) -> Response:
    """The process can tell who is asking, and is not about to end."""
    own = request.app.state.gateway
    if not (own.keys.loaded.is_set() and own.revocations.loaded.is_set()):
        raise DependencyUnavailable("Keys and revocations are not loaded yet.", retry_after=1.0)
    if own.realtime.is_draining:
        raise DependencyUnavailable("The process is about to stop.", retry_after=1.0)
    return Json({"status": "ok"})
