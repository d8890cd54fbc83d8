"""Junk of every kind over a socket: the documented error or close code, and a process that goes on as before."""

import asyncio
import json
import os
import random
import re
import struct
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from deploy.local.stack import Stack
from gateway.asyncapi import Document
from gateway.realtime import session, wire
from tests.support.badinput import BadInput
from tests.support.doors import Door, command, open_door
from tests.support.peers import BINARY, CLOSE, PING, PONG, TEXT, Peer, frame
from tests.support.people import Person

SEED = int(os.environ.get("JUNK_SEED", "20"))
FUZZ_SECONDS = 4.0
LARGEST = wire.MAX_FRAME_BYTES
PING_COMMAND = command("ping").encode()
DOCUMENT = Document().value
MESSAGES = DOCUMENT["components"]["messages"]
COMMANDS = [name.removeprefix("command:") for name in MESSAGES if name.startswith("command:")]


@pytest.fixture(autouse=True)
async def process(platform: Stack, ada: Person) -> AsyncIterator[None]:
    """The platform's own gateway, which must not notice: the same process, no defect in its log, others served."""
    pid, log = platform.pid("gateway"), platform.journal.directory / "gateway.log"
    assert pid is not None
    begun = log.stat().st_size
    async with Peer.connected(platform.gateway_url, ada.access) as other:
        await other.ready()
        yield
        other.say(frame(PING_COMMAND))
        assert await other.verdict() == "ack"
    assert platform.pid("gateway") == pid
    assert defects(log, begun) == []


def defects(log: Path, begun: int) -> list[str]:
    with log.open("rb") as opened:
        # A log that was begun anew is read whole.
        opened.seek(begun if begun <= log.stat().st_size else 0)
        return [line.decode() for line in opened if re.search(rb'"level": ?"(error|critical)"', line)]


def padded(size: int) -> bytes:
    return PING_COMMAND.ljust(size)


def pieces(data: bytes, size: int) -> bytes:
    first, *middle, last = [data[start : start + size] for start in range(0, len(data), size)] + [b""]
    return b"".join(
        [
            frame(first, is_final=False),
            *(frame(part, opcode=0, is_final=False) for part in middle),
            frame(last, opcode=0),
        ]
    )


def close(code: int, reason: bytes = b"") -> bytes:
    return frame(struct.pack("!H", code) + reason, opcode=CLOSE)


def send_frame(value: Any) -> bytes:
    return frame(json.dumps(value).encode())


TEXTS = {
    "nothing": b"",
    "a space": b" ",
    "half an object": b"{",
    "null": b"null",
    "a number": b"7",
    "a text": b'"ping"',
    "a list": b"[]",
    "a list of a command": b"[" + PING_COMMAND + b"]",
    "a byte order mark": b"\xef\xbb\xbf" + PING_COMMAND,
    "utf-16": PING_COMMAND.decode().encode("utf-16"),
    "no utf-8": b'{"type":"\xff"}',
    "an overlong slash": b'{"type":"ping","id":"\xc0\xaf"}',
    "a lone surrogate": b'{"type":"ping","id":"\\ud800"}',
    "NaN": b'{"type":"ping","id":"1","payload":{"a":NaN}}',
    "infinity": b'{"type":"ping","id":"1","payload":{"a":Infinity}}',
    "deep lists": b"[" * 100_000,
    "deep objects": b'{"a":' * 40_000,
    "deep in a payload": b'{"type":"ping","id":"1","payload":' + b'{"a":' * 5000 + b"1" + b"}" * 5001,
    "two commands": PING_COMMAND * 2,
    "no id": b'{"type":"ping"}',
    "an empty id": b'{"type":"ping","id":""}',
    "an id that is a number": b'{"type":"ping","id":7}',
    "an id of 65": b'{"type":"ping","id":"' + b"x" * 65 + b'"}',
    "no type": b'{"id":"1"}',
    "a type that is a list": b'{"type":["ping"],"id":"1"}',
    "a payload that is a list": b'{"type":"ping","id":"1","payload":[]}',
    "a payload that is null": b'{"type":"ping","id":"1","payload":null}',
    "more beside it": b'{"type":"ping","id":"1","rev":1}',
    "NUL": b'{"type":"ping","id":"1","payload":{"a":"\\u0000"}}',
}


async def test_text_that_is_no_command_is_refused_and_nothing_else_happens(platform: Stack, ada: Person) -> None:
    async with Peer.connected(platform.gateway_url, ada.access) as peer:
        await peer.ready()
        for name, text in TEXTS.items():
            peer.say(frame(text))
            assert await peer.verdict() == "frame_invalid", name
            peer.say(frame(PING_COMMAND))
            assert await peer.verdict() == "ack", name


SAID = {
    "binary": (frame(PING_COMMAND, opcode=BINARY), "frame_invalid"),
    "empty binary": (frame(opcode=BINARY), "frame_invalid"),
    "a type of later versions": (send_frame({"type": "warp", "id": "1"}), "unknown_command"),
    "a type of 10,000": (send_frame({"type": "x" * 10_000, "id": "1"}), "unknown_command"),
    "a number beyond all": (frame(b'{"type":"ping","id":"1","payload":{"a":1e400}}'), "frame_invalid"),
    "an integer of 4,000 digits": (frame(b'{"type":"ping","id":"1","payload":{"a":' + b"9" * 4000 + b"}}"), None),
    # The last one counts, as RFC 8259 lets it.
    "a key twice": (frame(b'{"type":"warp","id":"1","type":"ping"}'), "ack"),
    "256 KiB": (frame(padded(LARGEST)), "ack"),
    "256 KiB and one": (frame(padded(LARGEST + 1)), 1009),
    "256 KiB in pieces": (pieces(padded(LARGEST), 4096), "ack"),
    "256 KiB and one in pieces": (pieces(padded(LARGEST + 1), 4096), 1009),
    "a length of 2^63 - 1": (struct.pack("!BBQ", 0x81, 0xFF, 2**63 - 1) + b"\0\0\0\0", 1009),
    "a length of 2^64 - 1": (struct.pack("!BBQ", 0x81, 0xFF, 2**64 - 1) + b"\0\0\0\0", 1009),
    "pieces of one byte": (pieces(PING_COMMAND, 1), "ack"),
    "a ping between pieces": (
        frame(PING_COMMAND[:9], is_final=False) + frame(b"x", opcode=PING) + frame(PING_COMMAND[9:], opcode=0),
        "ack",
    ),
    "a piece of nothing": (frame(PING_COMMAND, opcode=0), 1002),
    "a text within a text": (frame(b"{", is_final=False) + frame(PING_COMMAND), 1002),
    "no mask": (frame(PING_COMMAND, is_masked=False), 1002),
    "compressed": (frame(PING_COMMAND, reserved=4), 1002),
    **{f"reserved bit {bit}": (frame(PING_COMMAND, reserved=bit), 1002) for bit in (1, 2, 3, 7)},
    **{f"opcode {opcode}": (frame(b"x", opcode=opcode), 1002) for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)},
    "a ping of 126": (frame(b"x" * 126, opcode=PING), 1002),
    "a pong of 126": (frame(b"x" * 126, opcode=PONG), 1002),
    "half a ping": (frame(b"x", opcode=PING, is_final=False), 1002),
    "half a close": (frame(opcode=CLOSE, is_final=False), 1002),
    "a close of one byte": (frame(b"\x03", opcode=CLOSE), 1002),
    "a close of 126": (close(1000, b"x" * 124), 1002),
    "a close that is no text": (close(1000, b"\xff"), 1007),
    **{f"close {code}": (close(code), code) for code in (1000, 1001, 3000, 4999)},
    **{f"close {code}": (close(code), 1002) for code in (0, 999, 1004, 1005, 1006, 1015, 2999, 5000, 65535)},
}


@pytest.mark.parametrize("name", SAID)
async def test_what_breaks_the_protocol_is_answered_as_documented(platform: Stack, ada: Person, name: str) -> None:
    said, expected = SAID[name]
    async with Peer.connected(platform.gateway_url, ada.access) as peer:
        await peer.ready()
        peer.say(said)
        verdict = await peer.verdict()
        assert verdict == (expected or verdict)
        if isinstance(verdict, str):
            peer.say(frame(PING_COMMAND))
            assert await peer.verdict() == "ack"


async def test_nothing_is_compressed_even_when_it_is_offered(platform: Stack, ada: Person) -> None:
    offer = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
    async with Peer.connected(platform.gateway_url, ada.access, headers=offer) as peer:
        assert b"101 Switching" in peer.answer
        assert b"extensions" not in peer.answer.lower()


@pytest.mark.parametrize("said", [*TEXTS.values(), *(command(kind).encode() for kind in COMMANDS)])
async def test_before_anybody_has_said_who_they_are_nothing_is_done(platform: Stack, said: bytes) -> None:
    async with Peer.connected(platform.gateway_url) as peer:
        peer.say(frame(said))
        verdict = await peer.verdict()
        if isinstance(verdict, str):
            assert verdict in {"frame_invalid", "invalid_request"}
            verdict = await peer.verdict()
        assert verdict == 4401


@pytest.mark.parametrize("kind", COMMANDS)
async def test_a_payload_that_breaks_any_rule_of_its_command_is_refused(
    platform: Stack, ada: Person, kind: str
) -> None:
    schema = MESSAGES[f"command:{kind}"]["payload"]["properties"]["payload"]
    async with Peer.connected(platform.gateway_url, ada.access) as peer:
        await peer.ready()
        for how, payload in BadInput(DOCUMENT).objects(schema, longest=200_000):
            peer.say(send_frame({"type": kind, "id": "1", "payload": payload}))
            assert await peer.verdict() in {"invalid_request", "frame_invalid"}, how


async def test_small_pieces_without_end_are_kept_as_one(
    door: Door, ada: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    most, take = 0, wire.Wire.handle_cont

    def count(self: wire.Wire, event: Any) -> None:
        nonlocal most
        take(self, event)
        most = max(most, len(self.frames))

    monkeypatch.setattr(wire.Wire, "handle_cont", count)
    async with Peer.connected(door.url, ada.access) as peer:
        await peer.ready()
        peer.say(frame(PING_COMMAND, is_final=False))
        for _ in range(20):
            peer.say(frame(opcode=0, is_final=False) * 200, frame(b" ", opcode=0, is_final=False) * 200)
            await peer.writer.drain()
        peer.say(frame(opcode=0))
        assert await peer.verdict() == "ack"
    assert 0 < most <= wire.MAX_PIECES + 1


async def test_who_pings_and_never_reads_is_cut_off_before_it_costs_much(
    door: Door, ada: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    most, answer = 0, wire.Wire.handle_ping

    def count(self: wire.Wire) -> None:
        nonlocal most
        answer(self)
        most = max(most, self.transport.get_write_buffer_size())

    monkeypatch.setattr(wire.Wire, "handle_ping", count)
    monkeypatch.setattr(wire, "CLOSE_SECONDS", 0.3)
    pings = frame(b"x" * 125, opcode=PING) * 500
    async with Peer.connected(door.url, ada.access) as peer:
        await peer.ready()
        with suppress(ConnectionError):
            async with asyncio.timeout(60):
                while True:
                    peer.say(pings)
                    await peer.writer.drain()
    # What was read at once is answered at once.
    assert wire.MAX_BACKLOG < most < 2 * wire.MAX_BACKLOG


async def test_a_flood_that_waits_for_no_answer_ends_itself_alone(platform: Stack, ada: Person) -> None:
    flood = command("receipt.read", {"conversation_id": "0" * 8 + "-0000-7000-8000-" + "0" * 12, "seq": 1}).encode()
    async with Peer.connected(platform.gateway_url, ada.access) as peer:
        await peer.ready()
        peer.say(*[frame(flood)] * (session.MAX_WAITING + 200))
        while isinstance(verdict := await peer.verdict(), str):
            assert verdict == "conversation_not_found"
        assert verdict == 4429


async def test_junk_beyond_the_limit_ends_itself_alone(platform: Stack, ada: Person) -> None:
    async with open_door(platform, COMMAND_RATE="1", COMMAND_BURST="5") as door:
        async with Peer.connected(door.url, ada.access) as peer:
            await peer.ready()
            peer.say(*[frame(b"junk"), frame(PING_COMMAND)] * session.MAX_STRIKES)
            verdicts = []
            while isinstance(verdict := await peer.verdict(), str):
                verdicts.append(verdict)
        assert verdict == 4429
        assert set(verdicts) <= {"frame_invalid", "ack", "rate_limited"}
        assert verdicts.count("rate_limited") == session.MAX_STRIKES + 1


def nonsense(chance: random.Random) -> bytes:
    """Frames that are nearly right, and bytes that are not."""
    kind = chance.choice(COMMANDS)
    said = bytearray(command(kind, {"conversation_id": "x", "content": "\u2603", "seq": 1, "revs": {}}).encode())
    for _ in range(chance.choice((0, 1, 1, 3, 20))):
        said[chance.randrange(len(said))] = chance.randrange(256)
    data = bytes(said[: chance.choice((len(said), len(said), chance.randrange(len(said))))])
    match chance.randrange(4):
        case 0:
            return chance.randbytes(chance.choice((1, 7, 100, 3000)))
        case 1:
            head = chance.randbytes(2)
            return head + frame(data)[2:]
        case 2:
            return pieces(data, chance.randint(1, 50)) if data else frame()
        case _:
            return frame(data, opcode=chance.choice((TEXT, TEXT, TEXT, BINARY, PING, PONG, CLOSE, 0)))


async def test_random_bytes_break_nothing(platform: Stack, ada: Person) -> None:
    chance, until, sockets = random.Random(SEED), time.monotonic() + FUZZ_SECONDS, 0
    while time.monotonic() < until:
        async with Peer.connected(platform.gateway_url, chance.choice((ada.access, ""))) as peer:
            sockets += 1
            for _ in range(chance.randint(1, 30)):
                peer.say(nonsense(chance))
            peer.say(close(1000))
            verdict = None
            # Bytes that promise more than follows keep it waiting.
            try:
                while isinstance(verdict := await peer.verdict(seconds=0.2), str):
                    pass
            except TimeoutError:
                continue
            assert verdict in {None, 0, 1000, 1002, 1003, 1007, 1009, 3000, 4401, 4429} or 1000 <= verdict < 5000
    assert sockets > 10
