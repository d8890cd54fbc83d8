"""Calls to a service by somebody who has time: what a machine does beside a test decides nothing."""

import asyncio
from collections.abc import Callable
from typing import Any

from google.protobuf.message import Message

from chassis.call import Call, Caller, Meter, serving
from chassis.rpc.client import Channel
from chassis.rpc.status import RemoteFailure
from tests.support.people import PATIENCE

# The end of one pool's or one lock's patience: nothing was done, and clients repeat it.
BUSY = {"OVERLOADED", "CONTENTION"}


async def bill(
    channel: Channel,
    rpc: Callable[..., Any],
    request: Message,
    *,
    caller: Caller | None = None,
    request_id: str = "",
    retries: int = 0,
) -> tuple[Any, Meter]:
    """Call until the service has room for it; returns the answer and what it cost."""
    while True:
        try:
            with serving(Call(caller=caller, request_id=request_id)) as call:
                return await channel.call(rpc, request, timeout=PATIENCE, retries=retries), call.meter
        except RemoteFailure as failure:
            if failure.reason not in BUSY:
                raise
        await asyncio.sleep(0.05)
