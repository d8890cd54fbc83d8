"""A web server of the test's own, which says exactly the bytes it is told to, as fast as it is told to."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager


class Exchange:
    """One request as it arrived."""

    def __init__(self, head: str) -> None:
        self.method, self.path, _ = head.splitlines()[0].split(" ")
        lines = [line.split(": ", 1) for line in head.splitlines()[1:] if line]
        self.headers = {name.lower(): value for name, value in lines}


class WebServer:
    """Answers by path; what is not laid out is not found. `asked` holds all that arrived."""

    def __init__(self) -> None:
        self.asked: list[Exchange] = []
        self.pages: dict[str, Callable[[], AsyncIterator[bytes]]] = {}
        self.port = 0
        self.sent = 0

    def lay(self, path: str, body: bytes | str, *headers: str, status: str = "200 OK") -> None:
        """Answer a path with a whole page."""
        if isinstance(body, str):
            body = body.encode()
        if not any(header.lower().startswith("content-type") for header in headers):
            headers = (*headers, "Content-Type: text/html")
        head = "\r\n".join([f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}", "", ""])
        self.raw(path, head.encode() + body)

    def redirect(self, path: str, location: str, status: str = "302 Found") -> None:
        """Send a path elsewhere."""
        self.lay(path, "", f"Location: {location}", status=status)

    def raw(self, path: str, *parts: bytes, pause: float = 0.0, times: int = 1) -> None:
        """Answer a path with these bytes, the last of them again and again, with pauses between."""

        async def said() -> AsyncIterator[bytes]:
            for part in parts[:-1]:
                yield part
            for _ in range(times):
                yield parts[-1]
                await asyncio.sleep(pause)

        self.pages[path] = said

    @asynccontextmanager
    async def run(self, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None) -> AsyncIterator["WebServer"]:
        """Listen for the length of the block."""
        server = await asyncio.start_server(self._serve, host, self.port, ssl=tls)
        self.port = server.sockets[0].getsockname()[1]
        async with server:
            yield self

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            exchange = Exchange(head.decode("latin-1"))
            self.asked.append(exchange)
            page = self.pages.get(exchange.path)
            if page is None:
                writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
            else:
                async for part in page():
                    writer.write(part)
                    await writer.drain()
                    self.sent += len(part)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.transport.abort()
