"""The web application: every route, in the order in which they are tried, behind the one middleware."""

from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from fastapi.middleware.asyncexitstack import AsyncExitStackMiddleware
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Mount
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway import asyncapi
from gateway.access import AccessLog
from gateway.admission import Admission, SendBudget
from gateway.clients import Clients
from gateway.errors import RouteNotFound
from gateway.headers import HeaderWriter
from gateway.health import Health
from gateway.middleware import Middleware
from gateway.openapi import Document
from gateway.pages import PageLanes
from gateway.principal import KeySet, Verifier
from gateway.realtime import routes as realtime
from gateway.realtime.part import Realtime
from gateway.rest import (
    accounts,
    acknowledgements,
    admin,
    auth,
    bans,
    blocks,
    bookmarks,
    changes,
    contacts,
    conversations,
    drafts,
    forwards,
    invites,
    memberships,
    messages,
    notifications,
    pages,
    participants,
    pins,
    polls,
    privacy,
    reactions,
    receipts,
    reports,
    scheduled,
    search,
    sends,
    system,
    threads,
    users,
    versions,
)
from gateway.revocations import Revocations
from gateway.sends import SendLanes
from gateway.settings import Settings

# The ones that are asked most stand first: routes are tried in turn.
ROUTERS = (
    sends.router,
    messages.lists,
    messages.router,
    realtime.sockets,
    conversations.router,
    changes.router,
    participants.router,
    memberships.router,
    bans.router,
    invites.router,
    receipts.router,
    receipts.of_messages,
    threads.router,
    forwards.router,
    versions.router,
    reactions.router,
    acknowledgements.router,
    polls.router,
    pins.router,
    bookmarks.router,
    drafts.router,
    reports.router,
    scheduled.router,
    search.router,
    users.public,
    users.signed_in,
    privacy.router,
    blocks.router,
    contacts.router,
    notifications.router,
    accounts.public,
    accounts.signed_in,
    auth.public,
    auth.signed_in,
    auth.well_known,
    realtime.tickets,
    admin.router,
    reports.queue,
    system.router,
    system.hidden,
)


@dataclass(frozen=True)
class Gateway:
    """What endpoints work with; they find it as `app.state.gateway`."""

    settings: Settings
    clients: Clients
    keys: KeySet
    revocations: Revocations
    verifier: Verifier
    budget: SendBudget
    lanes: SendLanes
    pages: PageLanes
    realtime: Realtime
    health: Health


class Application(FastAPI):
    """FastAPI with its routes alone: what its own layers do, the middleware does in one."""

    def __init__(self, **options: Any) -> None:
        """Leave the routes to be filled in."""
        super().__init__(**options)
        self._served = AsyncExitStackMiddleware(self.router)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Find the route; exceptions are the middleware's business."""
        scope["app"] = self
        await self._served(scope, receive, send)


class Assets(StaticFiles):
    """Files of the documentation, which browsers may keep for a day."""

    def file_response(self, *arguments: Any, **options: Any) -> Response:
        """Say so."""
        response = super().file_response(*arguments, **options)
        response.headers["Cache-Control"] = "public, max-age=86400"
        return response


def build(gateway: Gateway) -> ASGIApp:
    """Put the application together; nothing is connected or started."""
    application = Application(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    routes: list[BaseRoute] = [route for router in ROUTERS for route in router.routes]
    application.router.routes = [*routes, Mount(pages.ASSETS, Assets(directory=pages.STATIC, packages=_BUNDLES))]
    application.router.default = _fallback
    application.state.gateway = gateway
    application.state.document = Document(routes)
    application.state.frames = asyncapi.Document()
    settings = gateway.settings
    return Middleware(
        application,
        settings,
        admission=Admission(settings.max_in_flight),
        headers=HeaderWriter(gateway.budget, settings.cors_allowed_origins),
        access=AccessLog(log_format=settings.log_format, is_on=settings.log_level.upper() in {"DEBUG", "INFO"}),
    )


# Swagger UI and ReDoc as the package ships them, so that no page needs another host.
_BUNDLES: list[str | tuple[str, str]] = [("fastapi_offline", "static")]


async def _fallback(scope: Scope, receive: Receive, send: Send) -> None:
    """Send whoever forgot the slash at the end to the address with it."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
        return
    path = scope["path"] + "/"
    if not any(route.matches({**scope, "path": path})[0] is not Match.NONE for route in scope["app"].router.routes):
        raise RouteNotFound()
    query = f"?{scope['query_string'].decode('latin-1')}" if scope["query_string"] else ""
    status = 307 if scope["method"] in {"GET", "HEAD"} else 308
    await Response(status_code=status, headers={"Location": f"{path}{query}"})(scope, receive, send)
