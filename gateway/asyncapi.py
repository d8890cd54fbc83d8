"""The AsyncAPI document: every frame that goes over the socket, from the tables by which frames are handled."""

from functools import cached_property
from typing import Any

import orjson
from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

import gateway
from gateway.realtime.closing import Close
from gateway.realtime.commands import COMMANDS, Availability, Positions, Renewal
from gateway.realtime.frames import MAX_ID_LENGTH
from gateway.realtime.payloads import EVENTS, Nothing, Renewed, Resumed, Scope
from gateway.rest.messages import Message
from gateway.rest.models import Problem
from gateway.rest.sends import AddressedDraft

_DESCRIPTION = """\
One socket per device. Authenticate with an `Authorization` header, a ticket from `POST /api/v1/auth/ws-ticket/`, or a
first frame within 5 seconds. Then `resume`: what was missed comes first, then `resumed`, then everything as it
happens. Another first command, or none for a second, means: live from now.

A command is answered by a frame with its `id`: `ack`, `resumed` or `error`. Events of a conversation carry its id;
shared changes carry `rev`, too, 1, 2, 3 … without holes, and reach every socket of every member in that order. An `ack`
never moves the rev that a client has. Unknown types of events are to be ignored: there will be more.

Close codes: 4000 to 4399 connect again, with full-jitter back-off; 4400 to 4499 not as you are.
"""
_CLOSE_CODES = {
    Close.DRAINING: "The process is about to stop: connect again",
    Close.UNAVAILABLE: "Try again later",
    Close.TOO_SLOW: "You did not read: connect again and resume",
    Close.RESYNC: "Connect again and resume",
    Close.AUTHENTICATE: "Authenticate anew before you connect again",
    Close.TOO_MANY: "Too many connections or commands",
}
_CONVERSATION_ID = {"type": "string", "format": "uuid"}
_REV = {"type": "integer", "minimum": 1}
_ID = {"type": "string", "minLength": 1, "maxLength": MAX_ID_LENGTH, "description": "Of the command that is answered"}

# Command -> what it takes, what answers it, in which type of frame, and what it is for.
_COMMANDS: dict[str, tuple[type[BaseModel], type[BaseModel], str, str]] = {
    "authenticate": (Renewal, Renewed, "ack", "Say who is there; later on, again before the token expires"),
    "resume": (Positions, Resumed, "resumed", "Get what was missed, then everything as it happens"),
    "presence.set": (Availability, Nothing, "ack", "Say whether one is at this device; of all devices the best counts"),
    "message.send": (AddressedDraft, Message, "ack", "Send a message"),
    **{name: (known.payload, known.answer, "ack", known.summary) for name, known in COMMANDS.items()},
}

Object = dict[str, Any]


class Document:
    """Made once, when it is asked for first."""

    @cached_property
    def value(self) -> Object:
        """As Python values."""
        taken = {taken for taken, *_ in _COMMANDS.values()}
        shown = {answer for _, answer, *_ in _COMMANDS.values()} | {event[0] for event in EVENTS.values()} | {Problem}
        modes: list[tuple[type[BaseModel], JsonSchemaMode]] = [
            *((model, "validation") for model in taken),
            *((model, "serialization") for model in shown),
        ]
        references, schemas = models_json_schema(
            sorted(modes, key=lambda mode: mode[0].__qualname__), ref_template="#/components/schemas/{model}"
        )
        messages: Object = {}
        operations: Object = {}
        for name, (model, scope, summary) in EVENTS.items():
            messages[name] = _message(name, _event(name, scope, references[model, "serialization"]), summary)
            operations[f"send.{name}"] = _operation("send", name)
        messages["error"] = _message("error", _reply("error", references[Problem, "serialization"]), "A refusal")
        for name, (payload, answer, kind, summary) in _COMMANDS.items():
            messages[f"command:{name}"] = _message(name, _command(name, references[payload, "validation"]), summary)
            reply = _reply(kind, references[answer, "serialization"])
            messages[f"reply:{name}"] = _message(kind, reply, f"The answer to {name}")
            operations[f"receive.{name}"] = {
                **_operation("receive", f"command:{name}"),
                "reply": {
                    "channel": {"$ref": "#/channels/socket"},
                    "messages": [_of_channel(f"reply:{name}"), _of_channel("error")],
                },
            }
        operations["send.error"] = _operation("send", "error")
        return {
            "asyncapi": "3.0.0",
            "info": {
                "title": "Messaging platform",
                "version": gateway.__version__,
                "description": _DESCRIPTION,
                "license": {"name": "MIT"},
                "x-close-codes": {str(code.value): text for code, text in _CLOSE_CODES.items()},
            },
            "defaultContentType": "application/json",
            "channels": {
                "socket": {
                    "address": "/api/v1/ws/",
                    "messages": {name: {"$ref": f"#/components/messages/{_escaped(name)}"} for name in messages},
                }
            },
            "operations": operations,
            "components": {"messages": messages, "schemas": schemas["$defs"]},
        }

    @cached_property
    def json(self) -> bytes:
        """As JSON."""
        return orjson.dumps(self.value)


def _message(name: str, payload: Object, summary: str) -> Object:
    return {"name": name, "summary": summary, "payload": payload}


def _operation(action: str, name: str) -> Object:
    return {"action": action, "channel": {"$ref": "#/channels/socket"}, "messages": [_of_channel(name)]}


def _of_channel(name: str) -> Object:
    return {"$ref": f"#/channels/socket/messages/{_escaped(name)}"}


def _escaped(name: str) -> str:
    # RFC 6901; colons and dots need nothing.
    return name.replace("~", "~0").replace("/", "~1")


def _command(kind: str, payload: Object) -> Object:
    frame = _frame({"type": {"const": kind}, "id": _ID | {"description": "Of the client's choice"}, "payload": payload})
    # A command without fields needs no payload.
    frame["required"] = ["type", "id"]
    return frame


def _reply(kind: str, payload: Object) -> Object:
    # An error has no id when the frame had none that could be read.
    command_id = {"anyOf": [_ID, {"type": "null"}]} if kind == "error" else _ID
    return _frame({"type": {"const": kind}, "id": command_id, "payload": payload})


def _event(kind: str, scope: Scope, payload: Object) -> Object:
    fields: Object = {"type": {"const": kind}, "payload": payload}
    if scope != "personal":
        fields["conversation_id"] = _CONVERSATION_ID
    if scope == "numbered":
        fields["rev"] = _REV
    return _frame(fields)


def _frame(properties: Object) -> Object:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
