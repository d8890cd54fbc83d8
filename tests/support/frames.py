"""Whether frames are as the AsyncAPI document has them."""

from functools import cache
from typing import Any

from jsonschema import Draft202012Validator

from gateway.asyncapi import Document


def check(frame: Any, command: str | None = None) -> None:
    """Hold a frame of the server to the document; `command` is what it answers, where that is known."""
    kind = frame["type"]
    names = [kind]
    if kind in {"ack", "resumed"}:
        # What answers a command that a test wrote by hand is like the answer to one of them.
        names = [f"reply:{command}"] if command is not None else _replies(kind)
    assert set(names) <= _document()["components"]["messages"].keys(), f"{names} is not documented: {frame}"
    errors = {name: [f"{found.json_path}: {found.message}" for found in _validator(name).iter_errors(frame)]
              for name in names}  # fmt: skip
    assert not all(errors.values()), f"not as documented: {errors}"


@cache
def _document() -> Any:
    return Document().value


@cache
def _replies(kind: str) -> list[str]:
    messages = _document()["components"]["messages"]
    return [name for name, message in messages.items() if name.startswith("reply:") and message["name"] == kind]


@cache
def _validator(name: str) -> Draft202012Validator:
    # The payload's references lead into the whole document.
    schema = {**_document()["components"]["messages"][name]["payload"], "components": _document()["components"]}
    return Draft202012Validator(schema)
