"""The socket's address, and where tickets for it come from."""

from urllib.parse import parse_qs

from fastapi import APIRouter, Request, Response, WebSocket
from pydantic import Field

from chassis.errors import Failure, Unauthenticated
from gateway import exchange as exchanges
from gateway.exchange import Exchange
from gateway.principal import Principal, Verifier
from gateway.realtime.closing import Close
from gateway.realtime.part import Realtime
from gateway.realtime.tickets import TICKET_SECONDS, Tickets
from gateway.realtime.wire import wire_of
from gateway.rest.answers import entity
from gateway.rest.models import Shown
from gateway.rest.problems import problems
from gateway.rest.route import SignedInRoute, bearer_token
from gateway.settings import Settings

tickets = APIRouter(prefix="/api/v1/auth", tags=["Authentication"], route_class=SignedInRoute)
sockets = APIRouter()


class Ticket(Shown):
    """Opens one socket."""

    ticket: str = Field(description="For `/api/v1/ws/?ticket=…`")
    expires_in: int = Field(description="Seconds", examples=[TICKET_SECONDS])


@tickets.post(
    "/ws-ticket/", summary="Get a ticket for a socket", status_code=201, response_model=Ticket,
    responses=problems("dependency_unavailable"),
)  # fmt: skip
async def issue_ticket(request: Request) -> Response:
    """For clients that can neither send a header when they open a socket nor want to send a token over it."""
    realtime: Realtime = request.app.state.gateway.realtime
    ticket = await realtime.tickets.issue(exchanges.signed_in(exchanges.of(request.scope)))
    return entity({"ticket": ticket, "expires_in": TICKET_SECONDS}, status=201)


@sockets.websocket("/api/v1/ws/")
async def serve(websocket: WebSocket) -> None:
    """One socket from handshake to end. Pages of other origins are refused, and tokens in the address."""
    gateway = websocket.app.state.gateway
    exchange = exchanges.of(websocket.scope)
    query = parse_qs(websocket.scope["query_string"].decode("latin-1"))
    if not _is_welcome(exchange, gateway.settings) or query.keys() - {"ticket"}:
        await websocket.close()
        return
    await websocket.accept()
    wire = wire_of(websocket.scope)
    realtime: Realtime = gateway.realtime
    try:
        principal = await _proven(exchange, gateway.verifier, realtime.tickets, query.get("ticket", []))
    except Failure as failure:
        is_refused = failure.code == Unauthenticated.code
        wire.shut(Close.AUTHENTICATE if is_refused else Close.UNAVAILABLE, failure.reason.lower())
        return
    session = realtime.open(wire, exchange.client_ip, principal)
    try:
        while (event := await websocket.receive())["type"] != "websocket.disconnect":
            # Text is handed to the session directly, except for what came before there was one.
            session.hear((event.get("text") or "").encode())
    finally:
        realtime.close(session)


def _is_welcome(exchange: Exchange, settings: Settings) -> bool:
    """Browsers name the page's origin: it must be this server's own, or on the list."""
    origin = exchange.headers.get(b"origin", b"").decode("latin-1")
    if not origin or origin in settings.cors_allowed_origins or "*" in settings.cors_allowed_origins:
        return True
    host = exchange.headers.get(b"host", b"").decode("latin-1")
    return origin in {settings.base_url, f"{'https' if exchange.is_https else 'http'}://{host}"}


async def _proven(exchange: Exchange, verifier: Verifier, tickets: Tickets, given: list[str]) -> Principal | None:
    """Whom the handshake proves; None leaves it to the first frame. Raises: Failure."""
    if b"authorization" in exchange.headers:
        return await verifier.verify(bearer_token(exchange.headers))
    return await tickets.redeem(given[0]) if given else None
