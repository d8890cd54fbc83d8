"""Notifications with PostgreSQL and NATS: how fast it handles events, and inboxes."""

import asyncio
import itertools
import math
import time
from functools import partial

from messaging.notifications.v1.notifications_pb2 import ListNotificationsRequest
from messaging.notifications.v1.notifications_pb2_grpc import NotificationsStub
from tests.load.alone.service import Service
from tests.load.figures import Figures
from tests.load.stand import quiet
from tests.support.factories.talks import history

TALKS, MEMBERS, MESSAGES = 50, 4, 40
READERS = 8


async def measure(service: Service) -> None:
    people: list[str] = []
    await _begin(service)
    await service.repeat(f"events, groups of {MEMBERS}", "event", partial(_handle, service, people))
    await service.repeat("ListNotifications", "call", partial(service.load, "inbox", READERS, user_ids=people))


async def _begin(service: Service) -> None:
    """Wait until it has handled a first history: then its consumer is there."""
    _, reader, told = history()
    await service.tell("conversations", told)
    stub = service.channel.stub(NotificationsStub)
    async with asyncio.timeout(60):
        while not (await service.ask(stub.ListNotifications, ListNotificationsRequest(), by=reader)).notifications:
            await asyncio.sleep(0.1)


async def _handle(service: Service, people: list[str]) -> Figures:
    talks = [history(MEMBERS, MESSAGES) for _ in range(TALKS)]
    people += [reader for _, reader, _ in talks]
    told = list(itertools.chain.from_iterable(events for _, _, events in talks))
    accounts, begun = service.accounts(), time.perf_counter()
    await service.tell("conversations", told)
    await quiet(service.stack)
    elapsed = time.perf_counter() - begun
    spent = accounts.milliseconds_each(len(told))
    return Figures(count=len(told), rate=len(told) / elapsed, p50=math.nan, p99=math.nan, cpu=spent)
