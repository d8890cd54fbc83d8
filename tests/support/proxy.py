"""A TCP connection that a test may cut: what is sent meanwhile is lost, as on a real network."""

import asyncio
import contextlib


class Proxy:
    """Passes bytes between its own port and another one's server."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._passing: set[asyncio.Task[None] | None] = set()
        self._server: asyncio.Server | None = None
        self.port = 0

    async def mend(self) -> None:
        """Let connections through, from now on or again."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        """End all connections, also those that are only about to be made, and take no more."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
            self._server = None
        passing = [task for task in self._passing if task is not None]
        for task in passing:
            task.cancel()
        await asyncio.gather(*passing)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        self._passing.add(task)
        # Cut off is an end like any other: Python 3.11's server logs a handler that was cancelled as failed.
        with contextlib.suppress(OSError, asyncio.CancelledError), contextlib.ExitStack() as ends:
            ends.callback(self._passing.discard, task)
            ends.callback(writer.transport.abort)
            if self._server is None:
                return
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
            ends.callback(far_writer.transport.abort)
            await asyncio.gather(_pass(reader, far_writer), _pass(far_reader, writer))


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.transport.abort()
