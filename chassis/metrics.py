"""Prometheus figures that every process gives; business figures live with their service."""

import asyncio
from threading import Thread
from wsgiref.simple_server import WSGIServer

from prometheus_client import Counter, Histogram, start_http_server

RPCS = Counter("messaging_rpc_total", "RPCs served", ["method", "code"])
RPC_SECONDS = Histogram(
    "messaging_rpc_seconds",
    "Time to serve an RPC",
    ["method"],
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5),
)
EVENTS_PUBLISHED = Counter("messaging_events_published_total", "Events that the relay published", ["service"])
EVENTS_HANDLED = Counter("messaging_events_handled_total", "Events that a consumer handled", ["consumer", "outcome"])


def serve(listen: str) -> tuple[WSGIServer, Thread]:
    """Serve /metrics on `host:port` in a thread, for processes without a loop."""
    host, _, port = listen.rpartition(":")
    return start_http_server(int(port), addr=host)


class MetricsServer:
    """Serves /metrics on an address of its own, never on the public port."""

    def __init__(self, listen: str) -> None:
        """Take `host:port`; an empty text means that nothing is served."""
        self._listen = listen

    async def run(self) -> None:
        """Serve until cancelled."""
        if not self._listen:
            await asyncio.Event().wait()
        server, thread = serve(self._listen)
        try:
            await asyncio.Event().wait()
        finally:
            server.shutdown()
            server.server_close()
            thread.join()
