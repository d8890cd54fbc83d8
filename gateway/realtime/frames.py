"""Frames as bytes: JSON inside WebSocket text frames, ready for any number of connections."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson

from chassis.errors import Failure
from gateway import errors
from gateway.errors import FrameInvalid

MAX_ID_LENGTH = 64


class Command(NamedTuple):
    """What a client asks for; answers carry its id."""

    type: str
    id: str
    payload: dict[str, Any]


_FIELDS = frozenset(Command._fields)


def parse(data: bytes) -> Command:
    """Read a text frame. Raises: FrameInvalid, with the frame's id where it has one."""
    try:
        frame = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise FrameInvalid("The frame is not JSON in UTF-8.") from error
    if not isinstance(frame, dict):
        raise FrameInvalid()
    command = Command(frame.get("type", 0), frame.get("id", 0), frame.get("payload", {}))
    if not isinstance(command.id, str):
        raise FrameInvalid()
    if not isinstance(command.type, str) or not isinstance(command.payload, dict) or not frame.keys() <= _FIELDS:
        raise FrameInvalid(command_id=command.id[:MAX_ID_LENGTH])
    if not 1 <= len(command.id) <= MAX_ID_LENGTH:
        raise FrameInvalid(f"A frame's id has 1 to {MAX_ID_LENGTH} characters.")
    if b"\\u0000" in data and any("\x00" in value for value in command.payload.values() if isinstance(value, str)):
        raise FrameInvalid("Texts must not contain NUL characters.", command_id=command.id)
    return command


def shared(kind: str, conversation_id: str, rev: int, payload: Mapping[str, object]) -> bytes:
    """An event of a conversation; one without rev is no numbered change."""
    if rev:
        return _text({"type": kind, "conversation_id": conversation_id, "rev": rev, "payload": payload})
    return _text({"type": kind, "conversation_id": conversation_id, "payload": payload})


def personal(kind: str, payload: Mapping[str, object]) -> bytes:
    """An event of one user or one connection."""
    return _text({"type": kind, "payload": payload})


def reply(kind: str, command_id: str, payload: Mapping[str, object]) -> bytes:
    """The answer to a command."""
    return _text({"type": kind, "id": command_id, "payload": payload})


def error(command_id: str | None, failure: Failure, request_id: str) -> bytes:
    """The refusal of a command; without an id when the frame had none that could be read."""
    return _text({"type": "error", "id": command_id, "payload": errors.problem(failure, request_id)})


def _text(value: Mapping[str, object]) -> bytes:
    """RFC 6455, 5.2: a final, unmasked text frame."""
    data = orjson.dumps(value)
    size = len(data)
    if size < 126:
        return b"\x81" + size.to_bytes(1, "big") + data
    if size < 65536:
        return b"\x81\x7e" + size.to_bytes(2, "big") + data
    return b"\x81\x7f" + size.to_bytes(8, "big") + data
