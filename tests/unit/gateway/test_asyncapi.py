"""The AsyncAPI document names every command and event, and all its references lead somewhere."""

from typing import Any

import pytest

from gateway.asyncapi import Document
from gateway.realtime import changes, private
from gateway.realtime.closing import Close
from gateway.realtime.commands import COMMANDS
from gateway.realtime.payloads import EVENTS
from tests.support import frames

DOCUMENT = Document().value


def references(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["$ref"]] if "$ref" in value else []
        return own + [found for inner in value.values() for found in references(inner)]
    return [found for inner in value for found in references(inner)] if isinstance(value, list) else []


def test_every_reference_leads_somewhere() -> None:
    for reference in set(references(DOCUMENT)):
        found: Any = DOCUMENT
        for step in reference.removeprefix("#/").split("/"):
            found = found[step.replace("~1", "/").replace("~0", "~")]


def test_every_command_and_event_is_named() -> None:
    operations = DOCUMENT["operations"]
    assert {f"receive.{name}" for name in (*COMMANDS, "authenticate", "resume", "message.send")} <= operations.keys()
    assert {f"send.{name}" for name in EVENTS} <= operations.keys()
    shown = {name for name, _ in changes._FRAMES.values()} | {name for _, name, _ in private._FRAMES.values()}
    assert shown <= EVENTS.keys()


def test_every_close_code_is_explained() -> None:
    assert DOCUMENT["info"]["x-close-codes"].keys() == {str(code.value) for code in Close}


def test_a_frame_that_says_more_or_less_is_noticed() -> None:
    frames.check({"type": "change.hidden", "conversation_id": "x", "rev": 1, "payload": {}})
    for wrong in (
        {"type": "change.hidden", "conversation_id": "x", "payload": {}},
        {"type": "change.hidden", "conversation_id": "x", "rev": 1, "payload": {"more": 1}},
        {"type": "unheard.of", "payload": {}},
    ):
        with pytest.raises(AssertionError):
            frames.check(wrong)
