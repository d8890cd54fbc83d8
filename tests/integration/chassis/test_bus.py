import asyncio
import socket
import threading
import urllib.error
import urllib.request

import pytest

from chassis import metrics
from chassis.bus import Bus
from chassis.metrics import MetricsServer
from deploy.local import ports

from .conftest import NatsServer


async def test_live_messages_reach_who_listens_also_after_a_reconnect(bus: Bus, nats_server: NatsServer) -> None:
    heard: list[bytes] = []
    connects: list[int] = []

    async def note() -> None:
        connects.append(bus.generation)

    bus.on_connect(note)

    async def hear(message: object) -> None:
        heard.append(message.data)  # type: ignore[attr-defined]

    await bus.subscribe("live.>", hear)
    await bus.publish_live("live.a", b"1")
    async with asyncio.timeout(30):
        while not heard:
            await asyncio.sleep(0.01)
    nats_server.kill()
    while bus.is_connected:
        await asyncio.sleep(0.01)
    await bus.publish_live("live.a", b"lost")
    nats_server.start()
    async with asyncio.timeout(30):
        while b"2" not in heard:
            await bus.publish_live("live.a", b"2")
            await asyncio.sleep(0.05)
    assert heard[0] == b"1"
    assert b"lost" not in heard
    assert connects == [2]


async def test_without_a_server_a_process_waits_and_live_messages_are_dropped() -> None:
    port = ports.free()
    bus = Bus(f"nats://127.0.0.1:{port}", "test")
    task = asyncio.create_task(bus.run())
    await asyncio.sleep(0.2)
    assert not bus.is_connected
    await bus.publish_live("live.a", b"1")
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_server_that_would_ignore_filters_is_refused() -> None:
    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b'INFO {"server_id":"X","version":"2.9.10","max_payload":1048576}\r\n')
        while line := await reader.readline():
            if line.startswith(b"PING"):
                writer.write(b"PONG\r\n")
        writer.close()

    old = await asyncio.start_server(greet, "127.0.0.1", 0)
    port = old.sockets[0].getsockname()[1]
    bus = Bus(f"nats://127.0.0.1:{port}", "test")
    with pytest.raises(SystemExit, match="too old"):
        await bus._connect()
    old.close()


def read(url: str) -> str:
    """The page, as soon as somebody answers."""
    while True:
        try:
            with urllib.request.urlopen(url) as answer:
                return str(answer.read().decode())
        except ConnectionError:
            threading.Event().wait(0.02)
        except urllib.error.URLError as error:
            if not isinstance(error.reason, ConnectionError):
                raise
            threading.Event().wait(0.02)


async def test_metrics_have_an_address_of_their_own() -> None:
    port = ports.free()
    metrics.EVENTS_PUBLISHED.labels("test").inc()
    task = asyncio.create_task(MetricsServer(f"127.0.0.1:{port}").run())
    page = await asyncio.to_thread(read, f"http://127.0.0.1:{port}/metrics")
    assert 'messaging_events_published_total{service="test"} 1.0' in page
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port), 1):
        pass


async def test_without_an_address_no_metrics_are_served() -> None:
    task = asyncio.create_task(MetricsServer("").run())
    await asyncio.sleep(0.05)
    assert not task.done()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
