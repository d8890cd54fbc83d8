"""Whether frames are as the AsyncAPI document has them."""

from functools import cache
from typing import Any

from jsonschema import Draft202012Validator

from gateway.asyncapi import Document


def check(frame: Any, command: str | None = None) -> None:
    """Hold a frame of the server to the document; `command` is what it answers, where it answers one."""
    kind = frame["type"]
    name = f"reply:{command}" if command is not None and kind != "error" else kind
    assert name in _document()["components"]["messages"], f"{name} is not documented: {frame}"
    errors = [f"{error.json_path}: {error.message}" for error in _validator(name).iter_errors(frame)]
    assert not errors, f"{name} is not as documented: {errors}"


@cache
def _document() -> Any:
    return Document().value


@cache
def _validator(name: str) -> Draft202012Validator:
    # The payload's references lead into the whole document.
    schema = {**_document()["components"]["messages"][name]["payload"], "components": _document()["components"]}
    return Draft202012Validator(schema)
