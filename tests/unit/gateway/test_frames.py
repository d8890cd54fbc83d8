"""Frames: what clients may send, and bytes that any WebSocket client reads."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame
from websockets.streams import StreamReader

from chassis.errors import RateLimited
from gateway.errors import FrameInvalid
from gateway.realtime import frames
from gateway.realtime.frames import Command


def unwrapped(frame: bytes) -> object:
    """Read a frame the way a client does."""
    reader = StreamReader()
    reader.feed_data(frame)
    parser = Frame.parse(reader.read_exact, mask=False)
    with pytest.raises(StopIteration) as stop:
        next(parser)
    parsed: Frame = stop.value.value
    assert parsed.fin
    assert parsed.opcode == 1
    assert reader.buffer == b""
    return orjson.loads(parsed.data)


def test_a_command_has_a_type_an_id_and_perhaps_a_payload() -> None:
    assert frames.parse(b'{"type":"ping","id":"1","payload":{"a":1}}') == Command("ping", "1", {"a": 1})
    assert frames.parse(b'{"type":"ping","id":"1"}') == Command("ping", "1", {})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "null",
        "[]",
        '"ping"',
        "7",
        "{}",
        '{"type":"ping"}',
        '{"id":"1"}',
        '{"type":1,"id":"1"}',
        '{"type":"ping","id":1}',
        '{"type":"ping","id":""}',
        '{"type":"ping","id":"' + "x" * 65 + '"}',
        '{"type":"ping","id":"1","payload":[]}',
        '{"type":"ping","id":"1","payload":null}',
        '{"type":"ping","id":"1","more":1}',
        '{"type":"ping","id":"1","payload":{"text":"a\\u0000b"}}',
        '{"type":"ping","id":"1","payload":{"text":"\\ud800"}}',
        '{"type":"ping","id":"1","payload":{"n":1e999}}',
        '{"type":"ping","id":"1","payload":{"n":NaN}}',
        "[" * 100_000,
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(FrameInvalid):
        frames.parse(text.encode())


def test_text_that_is_not_utf8_is_refused() -> None:
    with pytest.raises(FrameInvalid):
        frames.parse(b'{"type":"ping","id":"\xff"}')


def test_a_text_that_only_speaks_of_nul_is_not_one() -> None:
    assert frames.parse(b'{"type":"x","id":"1","payload":{"t":"\\\\u0000"}}').payload == {"t": "\\u0000"}


def test_a_refusal_carries_the_id_where_there_is_one() -> None:
    with pytest.raises(FrameInvalid) as refused:
        frames.parse(b'{"id":"7"}')

    assert refused.value.command_id == "7"


@given(st.binary(max_size=200))
def test_bytes_never_do_more_than_being_refused(data: bytes) -> None:
    try:
        frames.parse(data)
    except FrameInvalid:
        return


@pytest.mark.parametrize("size", [0, 50, 126, 60_000, 65_536, 200_000])
def test_frames_of_every_length_are_read_back(size: int) -> None:
    frame = frames.reply("ack", "1", {"content": "ä" * (size // 2)})

    assert unwrapped(frame) == {"type": "ack", "id": "1", "payload": {"content": "ä" * (size // 2)}}


def test_a_shared_change_carries_its_rev_and_anything_else_does_not() -> None:
    assert unwrapped(frames.shared("message.created", "c", 7, {})) == {
        "type": "message.created", "conversation_id": "c", "rev": 7, "payload": {},
    }  # fmt: skip
    assert unwrapped(frames.shared("typing.changed", "c", 0, {})) == {
        "type": "typing.changed", "conversation_id": "c", "payload": {},
    }  # fmt: skip
    assert unwrapped(frames.personal("digest", {"c": 7})) == {"type": "digest", "payload": {"c": 7}}


def test_a_refusal_is_the_problem_that_rest_would_answer() -> None:
    shown = unwrapped(frames.error("3", RateLimited(retry_after=2.0), "request"))

    assert isinstance(shown, dict)
    assert (shown["type"], shown["id"]) == ("error", "3")
    assert shown["payload"]["code"] == "rate_limited"
    assert shown["payload"]["status"] == 429
    assert shown["payload"]["retryable"] is True
    assert shown["payload"]["request_id"] == "request"
