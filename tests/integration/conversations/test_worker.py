"""The worker as a process: it does what is promised and what is due, dies, and comes again."""

import asyncio
import signal
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from deploy.local import ports
from deploy.local.stack import Stack
from messaging.conversations.v1 import scheduled_pb2 as pb
from messaging.conversations.v1.scheduled_pb2_grpc import ScheduledStub
from tests.integration.conversations.agenda import contents
from tests.integration.conversations.conftest import Service, until
from tests.support.factories.scheduled import schedule_request
from tests.support.webserver import WebServer
from tests.support.workers import beating, end, process

ROUNDS = {f"conversations.{name}": "conversations" for name in ("sweep", "send_scheduled", "remind")}
SOON = 100


@asynccontextmanager
async def working(stack: Stack, **changes: str) -> AsyncIterator[Process]:
    environment = {**stack.environment("conversations-worker"), "METRICS_LISTEN": "", **changes}
    async with process(environment, "services.conversations", "worker") as child:
        yield child


async def schedule(service: Service, conversation_id: str, content: str, *, by: str) -> None:
    request: pb.ScheduleMessageRequest = schedule_request(conversation_id, content, after=timedelta(seconds=1))
    await service.ask(service.channel.stub(ScheduledStub).ScheduleMessage, request, by=by)


async def test_scheduled_messages_are_sent_though_the_worker_was_killed(
    infra: Stack, service: Service, pair: tuple[str, str], group: str, tmp_path: Path
) -> None:
    async with beating(infra, tmp_path, ROUNDS):
        async with working(infra) as worker:
            await schedule(service, group, "first", by=pair[0])
            await until(lambda: contents(service, group), seconds=SOON)
            await end(worker, signal.SIGKILL)
            await schedule(service, group, "second", by=pair[0])
            await asyncio.sleep(2)
            assert await contents(service, group) == ["first"]
        async with working(infra) as worker:

            async def all_there() -> bool:
                return await contents(service, group) == ["first", "second"]

            await until(all_there, seconds=SOON)
            await end(worker, signal.SIGTERM)
            assert worker.returncode == 0


async def test_links_are_looked_at_and_reminders_told_while_metrics_are_shown(
    infra: Stack, service: Service, pair: tuple[str, str], group: str, tmp_path: Path
) -> None:
    port = ports.free()
    web = WebServer()
    web.lay("/", "<title>Inside</title>")

    async def is_looked_at() -> bool:
        statement = "select state from jobs where arguments like '%' || :id || '%'"
        return await service.rows(statement, id=sent.message_id) == [("done",)]

    async def is_told() -> bool:
        return len(await service.emitted(group, "acknowledgement_due")) == 1

    async def answers() -> bool:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            return False
        writer.write(b"GET /metrics HTTP/1.0\r\n\r\n")
        body = await reader.read()
        writer.close()
        return b"python_info" in body

    async with web.run(), working(infra, METRICS_LISTEN=f"127.0.0.1:{port}"), beating(infra, tmp_path, ROUNDS):
        sent = await service.say(pair[0], group, f"http://localhost:{web.port}/", requires_acknowledgement=True)
        await service.rows("update reminders set next_at = now() where message_id = :id", id=sent.message_id)
        for condition in (answers, is_looked_at, is_told):
            await until(condition, seconds=SOON)
    # A worker as it is deployed trusts no network.
    assert web.asked == []
    assert await service.emitted(group, "message_updated") == []
