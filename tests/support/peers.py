"""A WebSocket client that says whatever it is told to, byte by byte, proper or not."""

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import orjson

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


def frame(
    data: bytes = b"", *, opcode: int = TEXT, is_final: bool = True, reserved: int = 0, is_masked: bool = True
) -> bytes:
    """RFC 6455, 5.2; the mask is zero, so that the bytes stay as they are."""
    first = (0x80 if is_final else 0) | reserved << 4 | opcode
    if len(data) < 126:
        head = struct.pack("!BB", first, len(data) | is_masked << 7)
    elif len(data) < 65536:
        head = struct.pack("!BBH", first, 126 | is_masked << 7, len(data))
    else:
        head = struct.pack("!BBQ", first, 127 | is_masked << 7, len(data))
    return head + b"\0\0\0\0" * is_masked + data


class Peer:
    """One connection after its handshake."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answer: bytes) -> None:
        self.answer = answer
        self.writer = writer
        self._reader = reader

    @classmethod
    @asynccontextmanager
    async def connected(cls, url: str, access: str = "", *, headers: str = "") -> AsyncIterator["Peer"]:
        """Connect, with a token or without."""
        address = urlsplit(url)
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        proof = f"Authorization: Bearer {access}\r\n" if access else ""
        writer.write(
            f"GET /api/v1/ws/ HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n{proof}{headers}\r\n".encode()
        )
        try:
            yield cls(reader, writer, await reader.readuntil(b"\r\n\r\n"))
        finally:
            writer.transport.abort()

    async def ready(self) -> None:
        """Wait for hello."""
        while (await self.next())["type"] != "hello":
            pass

    async def next(self) -> Any:
        """The next frame: the JSON of a text, or the code of a close as a number; None when the connection is gone."""
        while True:
            try:
                first, second = await self._reader.readexactly(2)
                length = second & 127
                if length == 126:
                    (length,) = struct.unpack("!H", await self._reader.readexactly(2))
                elif length == 127:
                    (length,) = struct.unpack("!Q", await self._reader.readexactly(8))
                data = await self._reader.readexactly(length)
            except (asyncio.IncompleteReadError, ConnectionError):
                return None
            if first & 15 == CLOSE:
                return int.from_bytes(data[:2], "big")
            if first & 15 == TEXT:
                return orjson.loads(data)

    async def verdict(self, *, seconds: float = 10) -> Any:
        """What becomes of what was said: the code of an error, "ack", or the code of the close."""
        async with asyncio.timeout(seconds):
            while True:
                match await self.next():
                    case {"type": "error", "payload": {"code": str(code)}}:
                        return code
                    case {"type": "ack" | "resumed"}:
                        return "ack"
                    case {"type": _}:
                        continue
                    case end:
                        return end

    def say(self, *frames: bytes) -> None:
        """Send bytes as they are."""
        self.writer.write(b"".join(frames))
