"""Calls to other services: each with a deadline, this process's proof, and on whose behalf it is made."""

import asyncio
import math
import random
from collections.abc import Callable
from typing import Any, TypeVar

import grpc
from google.protobuf.message import Message

from chassis import call
from chassis.call import Call
from chassis.errors import Unavailable
from chassis.rpc import metadata
from chassis.rpc.status import of_rpc_error

Stub = TypeVar("Stub")
Request = TypeVar("Request", bound=Message)
Answer = TypeVar("Answer", bound=Message)

# What a call may take when neither the caller's deadline nor the call itself says so, in seconds.
DEFAULT_TIMEOUT = 3.0
# Kept back from the caller's deadline for the way home.
_RESERVE = 0.05
_OPTIONS = (
    ("grpc.max_receive_message_length", 2 * 1024 * 1024),
    ("grpc.max_send_message_length", 2 * 1024 * 1024),
    ("grpc.keepalive_time_ms", 20_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.lb_policy_name", "round_robin"),
    ("grpc.dns_min_time_between_resolutions_ms", 5_000),
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 2_000),
    # Retries are ours: gRPC's own would repeat calls whose answer says not to.
    ("grpc.enable_retries", 0),
)


class Channel:
    """A connection to one service; create it after any fork."""

    def __init__(self, target: str, credential: str) -> None:
        """Take `host:port` or a resolver address, and this process's credential."""
        self._channel = grpc.aio.insecure_channel(target, options=_OPTIONS)
        self._credential = credential

    def stub(self, factory: Callable[[grpc.aio.Channel], Stub]) -> Stub:
        """Make a generated stub; call its RPCs through `call`, which adds what a bare stub lacks."""
        return factory(self._channel)

    async def call(
        self,
        rpc: Callable[..., Any],
        request: Request,
        *,
        timeout: float | None = None,
        retries: int = 0,
        is_billed: bool = True,
    ) -> Any:
        """Make one call on behalf of the current one and add its cost to the current meter.

        `retries` repeats it after UNAVAILABLE, which is safe by contract, with full jitter. Raises: Failure.
        """
        active = call.current()
        for attempt in range(retries + 1):
            limit = min(timeout or DEFAULT_TIMEOUT, active.remaining(math.inf) - _RESERVE)
            try:
                pending = rpc(request, timeout=max(limit, 0.001), metadata=self._metadata(active))
                answer = await pending
                if is_billed:
                    metadata.add_cost(active.meter, await pending.trailing_metadata())
                return answer
            except grpc.aio.AioRpcError as error:
                metadata.add_cost(active.meter, error.trailing_metadata() or ())
                failure = of_rpc_error(error)
                if attempt == retries or failure.code != Unavailable.code:
                    raise failure from error
            await asyncio.sleep(random.uniform(0.05, 0.2 * 2**attempt))  # noqa: S311 - jitter, no secret
        raise AssertionError("unreachable")

    async def ready(self) -> None:
        """Wait until the service can be reached."""
        await self._channel.channel_ready()

    async def close(self) -> None:
        """End calls under way after a moment, and the connection."""
        await self._channel.close(1.0)

    def _metadata(self, active: Call) -> metadata.Metadata:
        sent: metadata.Metadata = ((metadata.CREDENTIAL, self._credential), (metadata.REQUEST_ID, active.request_id))
        if active.caller is not None:
            sent = (*sent, (metadata.CALLER, metadata.encode_caller(active.caller)))
        return (*sent, (metadata.TRACEPARENT, active.traceparent)) if active.traceparent else sent
