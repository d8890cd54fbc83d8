"""One log line and the figures for every request.

The line has the same keys as those of chassis.logs, but is written by hand and in small bundles: through the
logging machinery it would cost a fifth of a whole send.
"""

import asyncio
import os
import sys
import time

import orjson
from prometheus_client import Counter, Gauge, Histogram

from gateway.exchange import Exchange
from gateway.views import to_the_second

REQUESTS = Counter("messaging_http_requests_total", "HTTP requests served", ["method", "route", "status"])
SECONDS = Histogram(
    "messaging_http_request_seconds",
    "Time to serve an HTTP request",
    ["method", "route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
)
IN_FLIGHT = Gauge("messaging_http_in_flight", "HTTP requests under way", multiprocess_mode="livesum")

_FLUSH_SECONDS = 0.1
# What follows is a secret: whoever knows it may come in. An ellipsis stands for it.
_CODES = "/api/v1/invites/"
_PROCESS = os.getpid()


class AccessLog:
    """Writes lines to standard output, at the latest a tenth of a second after the answer."""

    def __init__(self, *, log_format: str, is_on: bool) -> None:
        """Take the format, as in LOG_FORMAT, and whether lines of level info are wanted."""
        self._write = _json if log_format == "json" else _text
        self._is_on = is_on
        self._lines: list[str] = []

    def write(self, exchange: Exchange, seconds: float) -> None:
        """Note an answered request; the query is left out, it may hold what people search for."""
        if self._is_on:
            if not self._lines:
                asyncio.get_running_loop().call_later(_FLUSH_SECONDS, self.flush)
            self._lines.append(self._write(exchange, seconds))

    def flush(self) -> None:
        """Write what is held back."""
        if self._lines:
            sys.stdout.write("".join(self._lines))
            sys.stdout.flush()
            self._lines.clear()


def _json(exchange: Exchange, seconds: float) -> str:
    # All but the path is made of safe characters: ours, or checked before.
    meter, principal = exchange.meter, exchange.principal
    user = f'"{principal.user_id}"' if principal is not None else "null"
    return (
        f'{{"timestamp":"{_now()}","level":"info","service":"gateway","logger":"{__name__}","event":"request",'
        f'"method":"{exchange.method}","path":{orjson.dumps(path_of(exchange)).decode()},"status":{exchange.status},'
        f'"milliseconds":{seconds * 1000:.2f},"queries":{meter.queries},'
        f'"query_milliseconds":{meter.query_seconds * 1000:.2f},"user_id":{user},'
        f'"client_ip":"{exchange.client_ip}","request_id":"{exchange.request_id}",'
        f'"trace_id":"{exchange.traceparent[3:35]}","module":"access","process":{_PROCESS},'
        '"thread_name":"MainThread"}\n'
    )


def _text(exchange: Exchange, seconds: float) -> str:
    # The path is the client's: its control characters must not reach a terminal.
    path = "".join(sign if sign.isprintable() else "?" for sign in path_of(exchange))
    return (
        f"{_now()} [info     ] {exchange.method} {path} [{__name__}] status={exchange.status} "
        f"milliseconds={seconds * 1000:.2f} queries={exchange.meter.queries} client_ip={exchange.client_ip} "
        f"request_id={exchange.request_id} module=access process={_PROCESS} thread_name=MainThread\n"
    )


def path_of(exchange: Exchange) -> str:
    """The path as logs may show it."""
    if not exchange.path.startswith(_CODES):
        return exchange.path
    _, slash, rest = exchange.path.removeprefix(_CODES).partition("/")
    return f"{_CODES}…{slash}{rest}"


def _now() -> str:
    seconds, rest = divmod(time.time_ns(), 1_000_000_000)
    return f"{to_the_second(seconds)}.{rest // 1000:06d}Z"


class Figures:
    """Counts requests; remembers the labelled children, because looking them up costs more than counting."""

    def __init__(self) -> None:
        """Begin with none."""
        self._children: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one request; `route` is the template, so that there are few of them."""
        children = self._children.get((method, route, status))
        if children is None:
            children = (REQUESTS.labels(method, route, status), SECONDS.labels(method, route))
            self._children[method, route, status] = children
        children[0].inc()
        children[1].observe(seconds)
