"""Connections that send too much, too slowly, or nothing at all."""

import asyncio
from unittest.mock import patch

import httpx2
import pytest

from gateway import protocol

HEAD = b"GET /livez HTTP/1.1\r\nHost: localhost\r\n"


async def talk(door: str, *parts: bytes, pause: float = 0.0) -> bytes:
    """Send parts and return what comes back until the other side closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", httpx2.URL(door).port)
    try:
        for part in parts:
            writer.write(part)
            await asyncio.sleep(pause)
        async with asyncio.timeout(30):
            return await reader.read()
    except ConnectionResetError:
        return b""
    finally:
        writer.close()


@pytest.mark.parametrize("header", [b"X-A: " + b"a" * 200_000, b"X-A: a\r\n" * 20_000])
async def test_a_head_without_end_is_refused(door: str, header: bytes) -> None:
    answer = await talk(door, HEAD, *(header[n : n + 16_000] for n in range(0, len(header), 16_000)))

    assert answer.startswith(b"HTTP/1.1 400") or answer == b""


async def test_a_head_that_takes_its_time_is_not_waited_for(door: str) -> None:
    with patch.object(protocol, "HEAD_SECONDS", 0.2):
        assert await talk(door, HEAD, b"X-A: a\r\n", b"X-B: b\r\n", pause=0.15) == b""


async def test_a_connection_that_says_nothing_is_closed(door: str) -> None:
    with patch.object(protocol, "HEAD_SECONDS", 0.2):
        assert await talk(door) == b""


async def test_a_head_in_parts_is_answered_and_so_is_the_next_on_the_connection(door: str) -> None:
    answer = await talk(door, HEAD[:10], HEAD[10:] + b"\r\n", HEAD, b"Connection: close\r\n\r\n", pause=0.05)

    assert answer.count(b"HTTP/1.1 200") == 2


async def test_a_large_body_behind_a_small_head_is_none_of_it(door: str) -> None:
    body = b'{"email": "' + b"x" * 500_000 + b'"}'
    head = b"POST /api/v1/auth/token/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    whole = head + b"Content-Length: %d\r\n\r\n" % len(body) + body
    answer = await talk(door, whole, HEAD, b"Connection: close\r\n\r\n", pause=0.2)

    assert answer.startswith(b"HTTP/1.1 422")
    assert answer.count(b"HTTP/1.1 200") == 1
