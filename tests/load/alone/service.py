"""One service and the servers that it needs, called over gRPC as the gateway calls it."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import nats
from google.protobuf.message import Message

from chassis.call import Call, Caller, serving
from chassis.errors import Failure
from chassis.rpc.client import Channel
from chassis.streams import ensure_stream
from deploy.local.stack import Stack
from messaging.chassis.v1.envelope_pb2 import Envelope
from tests.load.figures import Figures, Refused
from tests.load.stand import Stand


class Service(Stand):
    """A service that nothing else of the platform runs beside."""

    def __init__(self, stack: Stack, name: str, servers: Sequence[str], *, seconds: float, rounds: int) -> None:
        super().__init__(stack, seconds=seconds, rounds=rounds, measured=(name, *servers))
        self.name = name
        self.channel = Channel(stack.target(name), stack.credential("gateway"))

    async def ask(self, rpc: Callable[..., Any], request: Message, *, by: str = "", seconds: float = 20.0) -> Any:
        """Make one call; refused ones are repeated, for what was told by events takes a moment. Raises: Failure."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                with serving(Call(caller=Caller(by) if by else None)):
                    return await self.channel.call(rpc, request, timeout=10)
            except Failure:
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(0.2)

    async def load(self, kind: str, in_flight: int, *, units: int = 1, **given: Any) -> Figures:
        """Load by calls of one kind, each worth so many units; times are those of the calls. Raises: Refused."""
        return self._load(kind, in_flight, units, given)

    async def tell(self, source: str, envelopes: Sequence[Envelope]) -> None:
        """Have another service's events in its stream."""
        client = await nats.connect(self.stack.nats_url())
        await ensure_stream(client.jetstream(), source, 1)
        for envelope in envelopes:
            subject = f"messaging.{source}.v1.{envelope.kind}.{envelope.aggregate_id}"
            await client.publish(subject, envelope.SerializeToString())
        await client.flush()
        await client.close()

    def _load(self, kind: str, in_flight: int, units: int, given: dict[str, Any]) -> Figures:
        asked = {
            "target": self.stack.target(self.name),
            "credential": self.stack.credential("gateway"),
            "kind": kind,
            "given": given,
            "in_flight": in_flight,
            "seconds": self.seconds,
        }
        accounts = self.accounts()
        client = [sys.executable, "-m", "tests.load.calls"]
        run = subprocess.run(client, input=json.dumps(asked), capture_output=True, text=True, timeout=self.seconds + 60)
        if run.returncode:
            raise Refused(run.stderr)
        seen = json.loads(run.stdout)
        if seen["failure"]:
            raise Refused(seen["failure"])
        count = seen["count"] * units
        spent = accounts.milliseconds_each(count) | {"client": seen["client_seconds"] * 1000 / count}
        return Figures(count=count, rate=seen["rate"] * units, p50=seen["p50"], p99=seen["p99"], cpu=spent)
