"""The outermost layer, around everything that the gateway serves: who may talk to it at all, and what every answer
carries. Plain ASGI and one layer: each wrapper around a request costs as much as a check.
"""

import asyncio
import re
import time
from collections.abc import Awaitable

import orjson
import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis.errors import Defect, Failure
from gateway import exchange as exchanges
from gateway import proxies
from gateway.access import IN_FLIGHT, AccessLog, Figures, path_of
from gateway.admission import Admission
from gateway.errors import (
    MEDIA_TYPE,
    BadRequest,
    BodyTimeout,
    BodyTooLarge,
    HostRefused,
    OriginRefused,
    failure_of,
    headers_of,
    problem,
)
from gateway.exchange import Exchange
from gateway.headers import HeaderWriter
from gateway.settings import Settings

log = structlog.get_logger(__name__)

MAX_BODY_BYTES = 1024 * 1024
# A body up to this size is read to its end and dropped, so that its client gets to see the refusal.
MAX_DISCARDED_BYTES = 8 * MAX_BODY_BYTES
# Seconds in which a body must have arrived whole; a slow one holds no place meanwhile.
BODY_SECONDS = 10.0
# A name or an IPv6 address in brackets, then at most a port: the whole of it ends up in the address of a redirect.
_HOST = re.compile(r"(?:\[([^\]]*)\]|([^:\[\]]*))(?::\d*)?", re.ASCII)
# Asked by address, by whoever starts and watches the process.
_PROBES = {"/livez", "/readyz"}


class Middleware:
    """Wraps the application."""

    def __init__(
        self, app: ASGIApp, settings: Settings, *, admission: Admission, headers: HeaderWriter, access: AccessLog
    ) -> None:
        """Take the application and the layer's parts."""
        self._app = app
        self._hosts = frozenset(host.lower() for host in settings.allowed_hosts)
        self._networks = settings.trusted_proxies
        self._sends_to_https = settings.secure_ssl_redirect
        self._admission = admission
        self._headers = headers
        self._access = access
        self._figures = Figures()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, one socket, or the life of the application."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        exchange = self._begin(scope)
        if scope["type"] == "websocket":
            if not self._is_host_allowed(exchange):
                await send({"type": "websocket.close", "code": 1008})
                return
            await self._app(scope, receive, send)
            return
        answer = _Answer(exchange, self._headers, send)
        try:
            await self._serve(scope, receive, answer)
        except _ClientGone:
            exchange.status = 499
        except Exception as error:
            failure = failure_of(error)
            if isinstance(failure, Defect):
                log.exception("request_failed", request_id=exchange.request_id, path=path_of(exchange))
            if answer.is_begun:
                raise
            await answer.refuse(failure)
        finally:
            seconds = time.perf_counter() - exchange.started
            route = scope.get("route")
            self._figures.count(exchange.method, getattr(route, "path", "none"), exchange.status, seconds)
            self._access.write(exchange, seconds)

    def _begin(self, scope: Scope) -> Exchange:
        headers = dict(scope["headers"])
        client = scope.get("client")
        address, scheme = proxies.origin(client[0] if client else "", scope["scheme"], scope["headers"], self._networks)
        exchange = Exchange(
            method=scope.get("method", "GET"),
            path=scope["path"],
            headers=headers,
            client_ip=address,
            is_https=scheme in {"https", "wss"},
            request_id=exchanges.request_id(headers.get(b"x-request-id")),
            traceparent=exchanges.traceparent(headers.get(b"traceparent")),
        )
        exchanges.attach(scope, exchange)
        return exchange

    async def _serve(self, scope: Scope, receive: Receive, answer: "_Answer") -> None:
        exchange = answer.exchange
        if not self._is_host_allowed(exchange):
            raise HostRefused()
        if self._sends_to_https and not exchange.is_https and exchange.path not in _PROBES:
            host = exchange.headers.get(b"host", b"").decode("latin-1")
            query = f"?{scope['query_string'].decode('latin-1')}" if scope["query_string"] else ""
            await answer.redirect(f"https://{host}{scope['raw_path'].decode('latin-1')}{query}")
            return
        if exchange.method == "OPTIONS" and b"access-control-request-method" in exchange.headers:
            await self._answer_preflight(answer)
            return
        exchange.body = await _body(exchange, receive)
        is_send = exchange.method == "POST" and exchange.path.endswith(("/messages/", "/reply/"))
        is_probe = exchange.path in _PROBES
        if not is_probe:
            self._admission.enter(is_send=is_send)
        IN_FLIGHT.inc()
        try:
            await self._app(scope, _replay(exchange.body, receive), answer)
        finally:
            IN_FLIGHT.dec()
            if not is_probe:
                self._admission.leave()

    def _is_host_allowed(self, exchange: Exchange) -> bool:
        if "*" in self._hosts or exchange.path in _PROBES:
            return True
        match = _HOST.fullmatch(exchange.headers.get(b"host", b"").decode("latin-1").lower())
        return match is not None and (match[1] or match[2]) in self._hosts

    async def _answer_preflight(self, answer: "_Answer") -> None:
        if not self._headers.is_allowed(answer.exchange.headers.get(b"origin", b"")):
            raise OriginRefused()
        headers = [(b"content-length", b"0"), *self._headers.preflight()]
        await answer({"type": "http.response.start", "status": 204, "headers": headers})
        await answer({"type": "http.response.body", "body": b""})


class _ClientGone(Exception):
    """The client went away before its request had arrived; there is nobody to answer."""


class _Answer:
    """The `send` of the application: completes the headers of whatever leaves."""

    __slots__ = ("_headers", "_send", "exchange", "is_begun")

    def __init__(self, exchange: Exchange, headers: HeaderWriter, send: Send) -> None:
        self.exchange = exchange
        self.is_begun = False
        self._headers = headers
        self._send = send

    def __call__(self, message: Message) -> Awaitable[None]:
        if message["type"] == "http.response.start":
            self.is_begun = True
            self.exchange.status = message["status"]
            message["headers"] = headers = list(message["headers"])
            self._headers.add(headers, self.exchange)
        return self._send(message)

    async def refuse(self, failure: Failure) -> None:
        """Answer with a problem."""
        shown = problem(failure, self.exchange.request_id)
        body = orjson.dumps(shown)
        status = int(str(shown["status"]))
        headers = [(b"content-type", MEDIA_TYPE.encode()), (b"content-length", b"%d" % len(body))]
        headers += [(name.lower().encode(), value.encode()) for name, value in headers_of(failure, status).items()]
        if isinstance(failure, (BodyTooLarge, BodyTimeout)):
            # The rest of the body may still be on its way; nothing after it could be told from it.
            headers.append((b"connection", b"close"))
        await self({"type": "http.response.start", "status": status, "headers": headers})
        await self({"type": "http.response.body", "body": body})

    async def redirect(self, location: str) -> None:
        """Send the client elsewhere, with the same method and body."""
        headers = [(b"location", location.encode("latin-1")), (b"content-length", b"0")]
        await self({"type": "http.response.start", "status": 308, "headers": headers})
        await self({"type": "http.response.body", "body": b""})


async def _body(exchange: Exchange, receive: Receive) -> bytes:
    """Read the whole body, before the request takes a place. Raises: BodyTooLarge, BodyTimeout."""
    length = exchange.headers.get(b"content-length")
    if length is None and b"transfer-encoding" not in exchange.headers:
        return b""
    if length is not None:
        if not length.isdigit():
            raise BadRequest()
        if int(length) > MAX_DISCARDED_BYTES:
            raise BodyTooLarge()
    parts, size = [], 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise _ClientGone()
                part = message.get("body", b"")
                size += len(part)
                if size > MAX_DISCARDED_BYTES:
                    raise BodyTooLarge()
                if size <= MAX_BODY_BYTES:
                    parts.append(part)
                if not message.get("more_body", False):
                    break
    except TimeoutError as error:
        raise BodyTimeout() from error
    if size > MAX_BODY_BYTES:
        raise BodyTooLarge()
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _replay(body: bytes, receive: Receive) -> Receive:
    """Hand the application the body that was read; afterwards it hears only of the client going away."""
    if not body:
        return receive
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def hand_out() -> Message:
        return waiting.pop() if waiting else await receive()

    return hand_out
