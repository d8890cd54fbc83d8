"""One log line and the figures for every request.

The line has the same keys as those of chassis.logs, but is written by hand and in small bundles: through the
logging machinery it would cost a fifth of a whole send.
"""

import asyncio
import os
import sys
import time
from datetime import UTC, datetime

import orjson
from prometheus_client import Counter, Gauge, Histogram

from gateway.exchange import Exchange

REQUESTS = Counter("messaging_http_requests_total", "HTTP requests served", ["method", "route", "status"])
SECONDS = Histogram(
    "messaging_http_request_seconds",
    "Time to serve an HTTP request",
    ["method", "route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
)
IN_FLIGHT = Gauge("messaging_http_in_flight", "HTTP requests under way", multiprocess_mode="livesum")

_FLUSH_SECONDS = 0.1


class AccessLog:
    """Writes lines to standard output, at the latest a tenth of a second after the answer."""

    def __init__(self, *, log_format: str, is_on: bool) -> None:
        """Take the format, as in LOG_FORMAT, and whether lines of level info are wanted."""
        self._is_json = log_format == "json"
        self._is_on = is_on
        self._lines: list[bytes] = []
        self._process = os.getpid()

    def write(self, exchange: Exchange, seconds: float) -> None:
        """Note an answered request; the query is left out, it may hold what people search for."""
        if not self._is_on:
            return
        entry: dict[str, object] = {
            "timestamp": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "level": "info",
            "service": "gateway",
            "logger": __name__,
            "event": "request",
            "method": exchange.method,
            "path": exchange.path,
            "status": exchange.status,
            "milliseconds": round(seconds * 1000, 2),
            "queries": exchange.meter.queries,
            "query_milliseconds": round(exchange.meter.query_seconds * 1000, 2),
            "user_id": exchange.principal.user_id if exchange.principal is not None else None,
            "client_ip": exchange.client_ip,
            "request_id": exchange.request_id,
            "trace_id": exchange.traceparent[3:35],
            "module": "access",
            "process": self._process,
            "thread_name": "MainThread",
        }
        if not self._lines:
            asyncio.get_running_loop().call_later(_FLUSH_SECONDS, self.flush)
        self._lines.append(orjson.dumps(entry) if self._is_json else _text(entry))

    def flush(self) -> None:
        """Write what is held back."""
        if self._lines:
            self._lines.append(b"")
            bundle = b"\n".join(self._lines)
            self._lines = []
            sys.stdout.buffer.write(bundle)
            sys.stdout.buffer.flush()


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


def _text(entry: dict[str, object]) -> bytes:
    stamp = time.strftime("%H:%M:%S")
    # The path is the client's: its control characters must not reach a terminal.
    path = "".join(sign if sign.isprintable() else "?" for sign in str(entry["path"]))
    return (
        f"{stamp} [info] {entry['method']} {path} {entry['status']} {entry['milliseconds']} ms "
        f"{entry['queries']} queries request_id={entry['request_id']} process={entry['process']}"
    ).encode()
