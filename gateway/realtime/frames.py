"""Frames as bytes: JSON inside WebSocket text frames, ready for any number of connections."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from chassis.errors import Failure
from gateway import errors
from gateway.errors import FrameInvalid

MAX_ID_LENGTH = 64


@dataclass(frozen=True, slots=True)
class Command:
    """What a client asks for; answers carry its id."""

    type: str
    id: str
    payload: dict[str, Any] = field(default_factory=dict)


def parse(data: bytes) -> Command:
    """Read a text frame. Raises: FrameInvalid, with the frame's id where it has one."""
    try:
        frame = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise FrameInvalid("The frame is not JSON in UTF-8.") from error
    match frame:
        case {"type": str(kind), "id": str(command_id), "payload": dict(payload), **others} if not others:
            command = Command(kind, command_id, payload)
        case {"type": str(kind), "id": str(command_id), **others} if not others:
            command = Command(kind, command_id)
        case {"id": str(command_id)}:
            raise FrameInvalid(command_id=command_id[:MAX_ID_LENGTH])
        case _:
            raise FrameInvalid()
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
