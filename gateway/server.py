"""Serving HTTP: uvicorn as a long-lived part, and several processes on one port."""

import asyncio
import contextlib
import multiprocessing
import signal
import socket
from collections.abc import Callable, Iterator
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess

import structlog
import uvicorn
from starlette.types import ASGIApp

from gateway.protocol import Http
from gateway.realtime.wire import MAX_FRAME_BYTES, Wire
from gateway.settings import Settings

log = structlog.get_logger(__name__)

_BACKLOG = 2048
# Above the 60 s for which nginx keeps its connections, so that it never meets one that has just been closed.
_KEEP_ALIVE_SECONDS = 75
_RESTART_SECONDS = 1.0


def listen(settings: Settings) -> socket.socket:
    """Take the port."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.create_server((settings.host, settings.port), family=family, backlog=_BACKLOG)
    listener.setblocking(False)
    return listener


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the supervisor."""
        yield


class HttpServer:
    """Serves the application until cancelled; requests under way then get some time to end."""

    def __init__(self, app: ASGIApp, listener: socket.socket, settings: Settings) -> None:
        """Take what is served, and where."""
        self._listener = listener
        self._config = uvicorn.Config(
            app,
            http=Http,
            ws=Wire,
            ws_max_size=MAX_FRAME_BYTES,
            ws_per_message_deflate=False,
            ws_ping_interval=settings.socket_heartbeat_seconds,
            lifespan="off",
            access_log=False,
            log_config=None,
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=_KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=settings.drain_seconds,
        )

    async def run(self) -> None:
        """Serve."""
        server = _Server(self._config)
        serving = asyncio.create_task(server.serve(sockets=[self._listener]), name="http")
        log.info("serving", port=self._listener.getsockname()[1])
        try:
            await asyncio.shield(serving)
        finally:
            server.should_exit = True
            await serving


class Workers:
    """Several processes that accept from the same socket; one that dies is replaced."""

    def __init__(
        self,
        count: int,
        target: Callable[[socket.socket], int],
        listener: socket.socket,
        *,
        on_death: Callable[[int], None],
    ) -> None:
        """Take what each process runs, and who is told the id of one that died."""
        self._target = target
        self._listener = listener
        self._on_death = on_death
        # Not forked: gRPC and threads do not survive it.
        self._context = multiprocessing.get_context("spawn")
        self._processes = [self._start() for _ in range(count)]

    def run(self) -> int:
        """Watch over them until SIGTERM or SIGINT; returns the exit code."""
        stopping, wake = self._context.Pipe(duplex=False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: wake.send(None))
        while stopping not in wait([stopping, *(process.sentinel for process in self._processes)]):
            # One that dies at once shall not be started again at once.
            stopping.poll(_RESTART_SECONDS)
            self._processes = [process if process.is_alive() else self._replace(process) for process in self._processes]
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            process.join()
        return 0

    def _replace(self, process: BaseProcess) -> BaseProcess:
        log.error("worker_died", pid=process.pid, exit_code=process.exitcode)
        self._on_death(process.pid or 0)
        return self._start()

    def _start(self) -> BaseProcess:
        process = self._context.Process(target=self._target, args=(self._listener,), name="gateway-worker")
        process.start()
        return process


def end_with_parent() -> None:
    """Have a worker told to stop when the process that watches over it is gone."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        asyncio.get_running_loop().add_reader(parent.sentinel, signal.raise_signal, signal.SIGTERM)
