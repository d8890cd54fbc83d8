"""Rules that stand in the contract: protovalidate's annotations, and no NUL in any text, which PostgreSQL refuses."""

import protovalidate
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from chassis.errors import InvalidRequest, Violation


def check(request: Message, *, with_texts: bool = True) -> None:
    """Check the annotations and, unless the RPC does that itself, the texts.

    Raises: InvalidRequest, naming each field that breaks a rule; never the values.
    """
    found = [
        Violation(
            _path(violation),
            violation.proto.rule_id.replace(".", "_"),
            violation.proto.message,
        )
        for violation in protovalidate.collect_violations(request)
    ]
    if with_texts:
        found += [
            Violation(path, "nul_character", "must not contain NUL characters") for path in _nul_paths(request, "")
        ]
    if found:
        raise InvalidRequest(fields=found)


def _path(violation: protovalidate.Violation) -> str:
    path = violation.proto.field
    return ".".join(element.field_name for element in path.elements) if path is not None else ""


def _nul_paths(message: Message, prefix: str) -> list[str]:
    paths: list[str] = []
    for field, value in message.ListFields():
        if field.type == FieldDescriptor.TYPE_STRING:
            if any("\x00" in text for text in ([value] if isinstance(value, str) else value)):
                paths.append(prefix + field.name)
        elif field.message_type is not None and not field.message_type.GetOptions().map_entry:
            for nested in [value] if isinstance(value, Message) else value:
                paths += _nul_paths(nested, f"{prefix}{field.name}.")
    return paths
