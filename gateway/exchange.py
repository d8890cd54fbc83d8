"""One HTTP request on its way through the gateway: what the layers learn about it, in one place."""

import os
import re
import time
from dataclasses import dataclass, field
from typing import cast

from starlette.types import Scope

from chassis.call import Call, Caller, Meter
from chassis.errors import CallerUnknown
from chassis.ids import uuid7
from gateway.principal import Principal

# What the work for one request may take altogether, in seconds.
DEADLINE_SECONDS = 10.0
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._:-]{1,64}")
_TRACEPARENT = re.compile(rb"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
_KEY = "messaging.exchange"


@dataclass(slots=True)
class Exchange:
    """Made by the middleware when a request arrives, filled while it is served."""

    method: str
    path: str
    headers: dict[bytes, bytes]
    client_ip: str
    is_https: bool
    request_id: str
    traceparent: str
    started: float = field(default_factory=time.perf_counter)
    deadline: float = field(default_factory=lambda: time.monotonic() + DEADLINE_SECONDS)
    meter: Meter = field(default_factory=Meter)
    principal: Principal | None = None
    body: bytes = b""
    status: int = 0

    def call(self, caller: Caller | None) -> Call:
        """The call that services are asked on behalf of."""
        return Call(
            method=self.path,
            peer="gateway",
            caller=caller,
            request_id=self.request_id,
            traceparent=self.traceparent,
            deadline=self.deadline,
            meter=self.meter,
        )


def attach(scope: Scope, exchange: Exchange) -> None:
    """Keep the exchange with its request."""
    scope[_KEY] = exchange


def of(scope: Scope) -> Exchange:
    """The exchange of a request or a socket."""
    return cast("Exchange", scope[_KEY])


def request_id(sent: bytes | None) -> str:
    """Take the client's own id when it is well-formed, else make one."""
    return sent.decode() if sent is not None and _REQUEST_ID.fullmatch(sent) else uuid7()


def traceparent(sent: bytes | None) -> str:
    """Continue the client's trace when its header is well-formed, else begin one."""
    match = _TRACEPARENT.fullmatch(sent) if sent is not None else None
    if match is not None and int(match[1], 16) and int(match[2], 16):
        return f"00-{match[1].decode()}-{os.urandom(8).hex()}-{match[3].decode()}"
    fresh = os.urandom(24).hex()
    return f"00-{fresh[:32]}-{fresh[32:]}-01"


def signed_in(exchange: Exchange) -> Principal:
    """Whose request it is. Raises: CallerUnknown."""
    if exchange.principal is None:
        raise CallerUnknown()
    return exchange.principal
