"""Requests that break a rule, made from the OpenAPI document: every field of every endpoint in every wrong way."""

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.support.openapi import Operation, resolve

# What stands in addresses beside ids.
_VALUES = {"code": "rate_limited", "emoji": "%F0%9F%91%8D"}
# For each JSON type, values that are not of it; a text where a number belongs is the commonest mistake of all.
_OTHERS: dict[str, list[Any]] = {
    "string": [7, 1.5, True, None, [], {}],
    "integer": ["7", 1.5, True, None, [], {}, 2**63, -(2**63) - 1, 10**400],
    "boolean": [0, 1, "true", None, [], {}],
    "array": ["x", 7, None, {}, [None], [1.5], [[]]],
    "object": [7, "x", None, []],
}


@dataclass(frozen=True)
class Case:
    """One request and the statuses that are right for it."""

    name: str
    statuses: set[int]
    query: str = ""
    content: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)


class BadInput:
    """Cases for the operations of a document."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document

    def path(self, path: str) -> str:
        """The path with an id of nothing in each of its places."""
        for name, value in _VALUES.items():
            path = path.replace(f"{{{name}}}", value)
        while "{" in path:
            start, end = path.index("{"), path.index("}")
            path = f"{path[:start]}{uuid.uuid4()}{path[end + 1 :]}"
        return path

    def body(self, operation: dict[str, Any]) -> Any:
        """A body that keeps every rule, or None where there is none."""
        schema = self._schema(operation)
        return self._example(schema) if schema else None

    def query(self, operation: dict[str, Any]) -> str:
        """What has to stand in the query, if anything."""
        needed = [
            known for known in operation.get("parameters", []) if known["in"] == "query" and known.get("required")
        ]
        return "&".join(f"{known['name']}=x" for known in needed)

    def cases(self, case_of: Operation) -> Iterator[Case]:
        """Every way to get this operation wrong, apart from who asks."""
        method, _, operation = case_of
        valid = self.body(operation)
        yield Case("unknown parameter", {422}, query="no_such_parameter=1", content=_encoded(valid))
        for parameter in operation.get("parameters", []):
            if parameter["in"] == "query":
                yield from self._query(parameter, _encoded(valid))
        if method == "get":
            return
        if valid is None:
            yield Case("a body where none is expected", {422}, content=b'{"id": 1}')
            yield Case("no JSON where nothing is expected", {422}, content=b"{")
            return
        yield from self._bodies(operation, valid)

    def _query(self, parameter: dict[str, Any], content: bytes | None) -> Iterator[Case]:
        name, schema = parameter["name"], parameter["schema"]
        kinds = {option.get("type") for option in schema.get("anyOf", [schema])}
        yield Case(f"{name} twice", {422}, query=f"{name}=1&{name}=1", content=content)
        yield Case(f"{name} with NUL", {422}, query=f"{name}=%00", content=content)
        if not kinds <= {"string", "null"} or "enum" in str(schema) or "format" in str(schema):
            yield Case(f"{name} of another type", {422}, query=f"{name}=%5B%7D", content=content)
        if "integer" in kinds:
            for value in (2**63, -(2**63), 10**30, "1e3", "NaN", "0x1"):
                yield Case(f"{name}={value}", {422}, query=f"{name}={value}", content=content)
        yield Case(f"{name} far too long", {422}, query=f"{name}={'x' * 5000}", content=content)

    def _bodies(self, operation: dict[str, Any], valid: dict[str, Any]) -> Iterator[Case]:
        schema = self._schema(operation)
        for raw in (b"", b"{", b"null", b"[]", b"7", b'"x"', b"\xff", b'{"a":1,"a":2}', b"[" * 20_000, b'{"a":NaN}'):
            yield Case(f"body {raw[:12]!r}", {422}, content=raw)
        yield Case("a key of a megabyte", {422}, content=_encoded({**valid, "k" * 1_000_000: 1}))
        yield Case("a value of a megabyte", {422}, content=_encoded({**valid, "no_such_field": "x" * 1_000_000}))
        yield Case("more than a mebibyte", {413}, content=b" " * (1024 * 1024) + b"{}")
        for media_type in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
            yield Case(media_type, {415}, content=_encoded(valid), headers={"Content-Type": media_type})
        for name, value in self.objects(schema, longest=1_000_000):
            yield Case(name, {422}, content=_encoded(value))

    def objects(self, schema: dict[str, Any], *, longest: int) -> Iterator[tuple[str, Any]]:
        """Objects that break a schema, and how: every field missing, of another type, too long, with more beside it."""
        schema = resolve(self._document, schema)
        valid = self._example(schema)
        yield "an unknown field", {**valid, "no_such_field": 1}
        yield "very many", {**valid, **{f"no_such_field_{n}": 1 for n in range(500)}}
        for name in schema.get("required", []):
            yield f"without {name}", {key: valid[key] for key in valid if key != name}
        for name, declared in schema.get("properties", {}).items():
            options = declared.get("anyOf", [declared])
            kinds = {resolve(self._document, option).get("type") for option in options}
            for other in self._others(kinds):
                yield f"{name}={other!r}"[:60], {**valid, name: other}
            if "string" in kinds:
                for text in ("a\x00b", "\x00", "\ud800", "x" * longest):
                    yield f"{name}={text[:4]!r}", {**valid, name: text}

    @staticmethod
    def _others(kinds: set[str | None]) -> Iterator[Any]:
        for kind in kinds - {"null", None}:
            for other in _OTHERS[str(kind)]:
                if other is None and "null" in kinds:
                    continue
                yield other

    def _schema(self, operation: dict[str, Any]) -> dict[str, Any]:
        if "requestBody" not in operation:
            return {}
        return resolve(self._document, operation["requestBody"]["content"]["application/json"]["schema"])

    def _example(self, schema: dict[str, Any]) -> Any:
        schema = resolve(self._document, schema)
        if "anyOf" in schema:
            # Nothing, where that is allowed: what is optional may not fit to the rest.
            options = schema["anyOf"]
            return None if any(option.get("type") == "null" for option in options) else self._example(options[0])
        if schema.get("format") == "uuid":
            return str(uuid.uuid4())
        if "enum" in schema or "const" in schema:
            return schema.get("const") or schema["enum"][0]
        match schema["type"]:
            case "object":
                return {name: self._example(item) for name, item in schema.get("properties", {}).items()}
            case "array":
                return [self._example(schema["items"])]
            case "string":
                return (schema.get("examples") or ["x" * schema.get("minLength", 0)])[0]
            case "integer":
                return int(schema.get("minimum", 1))
            case kind:
                return {"boolean": True}[kind]


def _encoded(value: Any) -> bytes | None:
    return None if value is None else json.dumps(value).encode()
