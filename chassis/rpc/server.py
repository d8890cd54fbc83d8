"""The gRPC server of a service: health, reflection when debugging, limits, and draining when it is told to stop."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import grpc
import structlog
from google.protobuf.descriptor import FileDescriptor
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1._async import HealthServicer
from grpc_reflection.v1alpha import reflection

from chassis.rpc.interceptor import CallInterceptor
from chassis.rpc.rules import rules_of

log = structlog.get_logger(__name__)

MAX_MESSAGE_BYTES = 2 * 1024 * 1024
# Seconds that calls under way get to finish once the process is told to stop.
DRAIN_SECONDS = 15.0
_OPTIONS = (
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_metadata_size", 16 * 1024),
    ("grpc.max_concurrent_streams", 1024),
    ("grpc.keepalive_permit_without_calls", 1),
    # Below the clients' keepalive: whoever pings more often is sent away.
    ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
    # So that clients look addresses up again and find new replicas.
    ("grpc.max_connection_age_ms", 120_000),
    ("grpc.max_connection_age_grace_ms", 30_000),
    ("grpc.so_reuseport", 0),
)


@dataclass(frozen=True)
class Binding:
    """One proto service: grpcio's generated registration, our servicer, and the file that defines it."""

    add: Callable[[Any, grpc.aio.Server], None]
    servicer: Any
    file: FileDescriptor


class GrpcServer:
    """Serves bindings until cancelled, then refuses new calls and lets those under way finish."""

    def __init__(
        self,
        listen: str,
        bindings: Sequence[Binding],
        *,
        callers: Mapping[str, str],
        is_reflected: bool = False,
        health: "HealthServicer | None" = None,
    ) -> None:
        """Take the address, what to serve, and the callers by credential digest; bind nothing yet."""
        self._listen = listen
        self._bindings = bindings
        self._callers = callers
        self._is_reflected = is_reflected
        self._health = health or HealthServicer()
        self.port: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def run(self) -> None:
        """Serve until cancelled."""
        rules = rules_of(*(binding.file for binding in self._bindings))
        server = grpc.aio.server(interceptors=[CallInterceptor(rules, self._callers)], options=_OPTIONS)
        for binding in self._bindings:
            binding.add(binding.servicer, server)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, server)
        if self._is_reflected:
            names = [name.full_name for binding in self._bindings for name in binding.file.services_by_name.values()]
            reflection.enable_server_reflection([*names, reflection.SERVICE_NAME], server)
        port = server.add_insecure_port(self._listen)
        await server.start()
        await self._health.set("", health_pb2.HealthCheckResponse.SERVING)
        self.port.set_result(port)
        log.info("serving", listen=self._listen, port=port)
        try:
            # Not wait_for_termination: cancelling it spoils what `stop` waits for, and nothing would be drained.
            await asyncio.Event().wait()
        finally:
            await self._health.set("", health_pb2.HealthCheckResponse.NOT_SERVING)
            await server.stop(DRAIN_SECONDS)
            log.info("drained")
