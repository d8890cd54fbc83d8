"""Processes that are killed between an event's arrival and its acknowledgement."""

import asyncio
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from nats.aio.client import Client

from chassis.database import Database
from chassis.rpc.client import Channel
from chassis.streams import stream_name
from deploy.local import ports
from deploy.local.process import ROOT
from deploy.local.stack import Stack
from tests.integration.notifications.conftest import Notifications, handled, rows, until
from tests.support.factories.talks import history, shuffled


@asynccontextmanager
async def process(stack: Stack, listen: str) -> AsyncIterator[Process]:
    """A real serving process; killed at the end."""
    environment = {**stack.environment("notifications"), "LISTEN": listen, "METRICS_LISTEN": ""}
    command = [sys.executable, "-m", "services.notifications", "serve"]
    child = await asyncio.create_subprocess_exec(*command, env=environment, cwd=ROOT, stdout=DEVNULL)
    try:
        yield child
    finally:
        if child.returncode is None:
            child.kill()
        await child.wait()


@pytest.mark.parametrize("is_forgotten", [False, True])
async def test_a_killed_process_repeats_nothing_and_loses_nothing(
    infra: Stack, operator: Client, users: Channel, database: Database, *, is_forgotten: bool
) -> None:
    listen = f"127.0.0.1:{ports.free()}"
    histories = [history(members=30, messages=60) for _ in range(5)]
    order = shuffled(*(told for _, _, told in histories))
    service = Notifications(infra, operator, listen)
    js = operator.jetstream()
    seen = "select count(*) from inbox where event_id = any(cast(:ids as uuid[]))"
    ids = [envelope.event_id for envelope in order]
    for share in range(3):
        [(before,)] = await rows(database, seen, ids=ids)
        async with process(infra, listen):
            await service.tell(*order[share * len(order) // 3 : (share + 1) * len(order) // 3])

            async def has_begun(before: int = before) -> bool:
                [(count,)] = await rows(database, seen, ids=ids)
                return bool(count > before)

            await until(has_begun, seconds=100)
        if is_forgotten:
            # What was acknowledged as well: all comes again.
            await js.delete_consumer(stream_name("conversations"), "notifications")
    async with process(infra, listen):
        await handled(database, *(envelope for _, _, told in histories for envelope in told), seconds=100)
        for _, reader, _ in histories:
            assert [(one.count, one.body) for one in await service.inbox(reader)] == [(60, "60")]
    await service.channel.close()
