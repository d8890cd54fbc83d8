"""The headers of every answer: what the request cost, what is left of a limit, and what browsers must not do."""

import time

from gateway.admission import SendBudget
from gateway.exchange import Exchange

Headers = list[tuple[bytes, bytes]]

_DENIED = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'"
# Pages of the documentation: their own scripts and styles, nothing written into the page itself. The hash is that of
# nothing: ReDoc makes empty style elements and fills them rule by rule, which no policy forbids.
_PAGES = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='; "
    "img-src 'self' data:; font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; object-src 'none'"
)
_SECURITY: Headers = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"x-xss-protection", b"1; mode=block"),
    (b"referrer-policy", b"strict-origin-when-cross-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    (b"cross-origin-opener-policy", b"same-origin"),
]
_HSTS = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")
_PRIVATE = (b"cache-control", b"no-store")

EXPOSED = (
    "ETag, Idempotent-Replayed, Location, RateLimit, RateLimit-Policy, Retry-After, Server-Timing, "
    "X-Database-Queries, X-Query-Time, X-Request-Duration, X-Request-ID"
)
_ALLOWED = "Authorization, Content-Type, Idempotency-Key, If-Match, X-Request-ID, traceparent"


class HeaderWriter:
    """Adds the headers that every answer carries to those that it has."""

    def __init__(self, budget: SendBudget, origins: tuple[str, ...]) -> None:
        """Take whose limits are told, and the origins that browsers may call from."""
        self._budget = budget
        self._origins = frozenset(origin.encode() for origin in origins)

    def is_allowed(self, origin: bytes) -> bool:
        """Tell whether pages of this origin may read answers."""
        return origin in self._origins or b"*" in self._origins

    def add(self, headers: Headers, exchange: Exchange) -> None:
        """Complete the headers of an answer that is about to leave."""
        seconds = time.perf_counter() - exchange.started
        meter, principal = exchange.meter, exchange.principal
        headers += _SECURITY
        headers += [
            (b"x-request-id", exchange.request_id.encode()),
            (b"x-request-duration", b"%.3fs" % seconds),
            (b"x-database-queries", b"%d" % meter.queries),
            (b"x-query-time", b"%.3fs" % meter.query_seconds),
            (b"server-timing", b"total;dur=%.1f, db;dur=%.1f" % (seconds * 1000, meter.query_seconds * 1000)),
            (b"ratelimit-policy", self._budget.policy),
            (b"ratelimit", self._budget.header(principal.user_id if principal is not None else None)),
        ]
        is_page = is_cached = False
        for name, value in headers:
            if name == b"content-type":
                is_page = value.startswith(b"text/html")
            elif name == b"cache-control":
                is_cached = True
        headers.append((b"content-security-policy", (_PAGES if is_page else _DENIED).encode()))
        if not is_cached:
            headers.append(_PRIVATE)
        if exchange.is_https:
            headers.append(_HSTS)
        if self._origins:
            self._add_cors(headers, exchange.headers.get(b"origin"))

    def _add_cors(self, headers: Headers, origin: bytes | None) -> None:
        headers.append((b"vary", b"Origin"))
        if origin is not None and self.is_allowed(origin):
            headers.append((b"access-control-allow-origin", origin))
            headers.append((b"access-control-expose-headers", EXPOSED.encode()))

    def preflight(self) -> Headers:
        """What a browser asks for before it calls."""
        return [
            (b"access-control-allow-methods", b"DELETE, GET, PATCH, POST, PUT"),
            (b"access-control-allow-headers", _ALLOWED.encode()),
            (b"access-control-max-age", b"600"),
        ]
