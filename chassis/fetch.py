"""HTTP over vetted connections: each request has a connection of its own, and every answer is bounded."""

import asyncio
import zlib
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urljoin

import h11

from chassis.outbound import Outbound, OutboundRefused, Target

_AGENT = "messaging/1.0"
_LONGEST_HEAD = 16 * 1024
_CHUNK = 64 * 1024
_REDIRECTS = {301, 302, 303, 307, 308}
# gzip and zlib, told apart by their first bytes.
_DEFLATED = zlib.MAX_WBITS | 32


class Response:
    """What a server answers: its head has arrived, its body is read when somebody wants it."""

    def __init__(self, connection: h11.Connection, reader: asyncio.StreamReader) -> None:
        self._connection = connection
        self._reader = reader
        self.status = 0
        self.headers: dict[str, str] = {}

    async def begin(self) -> None:
        """Read the head. Raises: OSError."""
        head = await self._event()
        if not isinstance(head, h11.Response):
            raise ConnectionError("no answer")
        self.status = head.status_code
        self.headers = {name.decode(): value.decode(errors="replace") for name, value in head.headers}

    async def read(self, limit: int) -> bytes:
        """The beginning of the body: at most so many bytes, both as they come and decoded. Raises: OSError."""
        coding = self.headers.get("content-encoding", "identity").strip().lower()
        if coding not in {"identity", "gzip", "x-gzip", "deflate"}:
            raise ConnectionError("a coding that was not asked for")
        inflater = None if coding == "identity" else zlib.decompressobj(_DEFLATED)
        body, arrived = bytearray(), 0
        while max(len(body), arrived) < limit and isinstance(event := await self._event(), h11.Data):
            arrived += len(event.data)
            try:
                # Never more than there is room for: a bomb goes off in a box.
                body += inflater.decompress(event.data, limit - len(body)) if inflater else event.data
            except zlib.error as error:
                raise ConnectionError(str(error)) from None
        return bytes(body[:limit])

    async def _event(self) -> object:
        try:
            while True:
                event = self._connection.next_event()
                if event is h11.NEED_DATA:
                    self._connection.receive_data(await self._reader.read(_CHUNK))
                elif not isinstance(event, h11.InformationalResponse):
                    return event
        except h11.RemoteProtocolError as error:
            raise ConnectionError(f"not HTTP: {error}") from None


@asynccontextmanager
async def request(
    outbound: Outbound,
    target: Target,
    *,
    method: str = "GET",
    headers: Iterable[tuple[str, str]] = (),
    body: bytes = b"",
) -> AsyncIterator[Response]:
    """Send a request; the connection ends with the block. No cookie, credential or referrer goes along.

    Raises: OutboundRefused, OSError.
    """
    reader, writer = await outbound.connect(target)
    try:
        connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=_LONGEST_HEAD)
        told = [("Host", target.host), ("User-Agent", _AGENT), ("Accept-Encoding", "gzip"), ("Connection", "close")]
        if body:
            told.append(("Content-Length", str(len(body))))
        for event in (
            h11.Request(method=method, target=target.path, headers=[*told, *headers]),
            *([h11.Data(data=body)] if body else []),
            h11.EndOfMessage(),
        ):
            writer.write(connection.send(event) or b"")
        await writer.drain()
        response = Response(connection, reader)
        await response.begin()
        yield response
    finally:
        writer.transport.abort()


@dataclass(frozen=True, slots=True)
class Document:
    """What was found behind an address: where the last redirect led, its declared type, and its beginning."""

    name: str
    content_type: str
    body: bytes


async def get(
    outbound: Outbound, url: str, *, media_type: str, limit: int, seconds: float, redirects: int = 3
) -> Document:
    """Fetch the beginning of a document of one type; everything together may take so many seconds.

    Raises: OutboundRefused, OSError.
    """
    async with asyncio.timeout(seconds):
        for _ in range(redirects + 1):
            target = Target.of(url)
            async with request(outbound, target, headers=[("Accept", media_type)]) as response:
                if response.status in _REDIRECTS and "location" in response.headers:
                    url = _joined(url, response.headers["location"])
                    continue
                content_type = response.headers.get("content-type", "")
                if response.status != 200 or content_type.partition(";")[0].strip().lower() != media_type:
                    raise ConnectionError(f"{response.status} {content_type[:80]}")
                return Document(target.name, content_type, await response.read(limit))
    raise OutboundRefused("too many redirects")


def _joined(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError as error:
        raise OutboundRefused(str(error)) from None
