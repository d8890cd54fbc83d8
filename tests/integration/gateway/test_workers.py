"""The gateway as the process that an operator starts, alone and several times on one port."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2

from deploy.local import ports
from deploy.local.stack import Stack
from tests.support.processes import alive, eventually


@asynccontextmanager
async def started(stack: Stack, **settings: str) -> AsyncIterator[tuple[subprocess.Popen[bytes], str]]:
    environment = {**stack.environment("gateway"), "PORT": str(ports.free()), **settings}
    process = subprocess.Popen(  # noqa: ASYNC220 - it is watched, not talked to
        [sys.executable, "-m", "gateway", "serve"], env=environment, stdout=subprocess.DEVNULL
    )
    url = f"http://127.0.0.1:{environment['PORT']}"
    try:
        async with asyncio.timeout(100), httpx2.AsyncClient(base_url=url, timeout=30) as http:
            while not await _is_ready(http):
                await asyncio.sleep(0.1)
        yield process, url
    finally:
        process.kill()
        await asyncio.to_thread(process.wait)


async def _is_ready(http: httpx2.AsyncClient) -> bool:
    try:
        return (await http.get("/readyz")).status_code == 200
    except httpx2.TransportError:
        return False


async def _is_ready_at(url: str) -> bool:
    async with httpx2.AsyncClient(base_url=url, timeout=30) as http:
        return await _is_ready(http)


def workers(process: subprocess.Popen[bytes]) -> set[int]:
    """The children that serve; Python's own helper for shared resources is another."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return {int(pid) for pid in children if b"spawn_main" in _command(pid)}


def _command(pid: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""


async def test_several_processes_share_the_port_and_one_that_dies_is_replaced(platform: Stack) -> None:
    metrics = f"127.0.0.1:{ports.free()}"
    async with started(platform, WEB_CONCURRENCY="2", METRICS_LISTEN=metrics) as (process, url):
        before = workers(process)
        assert len(before) == 2
        victim = min(before)
        os.kill(victim, signal.SIGKILL)
        assert await asyncio.to_thread(eventually, lambda: len(workers(process) - before) == 1, 60)
        # Each request on a connection of its own, so that both may get it.
        answers = [await asyncio.to_thread(httpx2.get, f"{url}/api/v1/") for _ in range(20)]
        assert {answer.status_code for answer in answers} == {200}

        figures = (await asyncio.to_thread(httpx2.get, f"http://{metrics}/metrics")).text
        counted = [line for line in figures.splitlines() if 'route="/api/v1/"' in line and "requests_total" in line]
        assert [line.rpartition(" ")[2] for line in counted] == ["20.0"]

        serving = workers(process)
        process.terminate()
        assert await asyncio.to_thread(process.wait, 60) == 0
        assert not any(alive(pid) for pid in serving)


async def test_workers_end_when_the_process_that_watches_them_is_killed(platform: Stack) -> None:
    async with started(platform, WEB_CONCURRENCY="2", METRICS_LISTEN="") as (process, _):
        orphans = workers(process)
        process.kill()
        assert await asyncio.to_thread(eventually, lambda: not any(alive(pid) for pid in orphans), 60)


async def test_requests_under_way_are_answered_before_the_process_ends(platform: Stack) -> None:
    async with started(platform, METRICS_LISTEN="") as (process, url):
        reader, writer = await asyncio.open_connection("127.0.0.1", httpx2.URL(url).port)
        body = b'{"email": "nobody@example.org", "password": "not the password"}'
        writer.write(
            b"POST /api/v1/auth/token/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(body)
        )
        # Asked for its body, the request is under way.
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 100")
        process.terminate()
        while await _is_ready_at(url):
            await asyncio.sleep(0.05)
        writer.write(body)
        assert (await reader.read()).startswith(b"HTTP/1.1 401")
        writer.close()
        assert await asyncio.to_thread(process.wait, 60) == 0


def test_another_command_is_explained() -> None:
    run = subprocess.run([sys.executable, "-m", "gateway", "dance"], capture_output=True, text=True)

    assert run.returncode == 2
    assert "serve" in run.stderr
