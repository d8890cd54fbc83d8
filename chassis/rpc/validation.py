"""Rules that stand in the contract: protovalidate's annotations, and those that nothing can be stored without.

PostgreSQL refuses NUL in texts, and Python times beyond the calendar.
"""

import protovalidate
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from chassis.errors import InvalidRequest, Violation

_SECONDS = range(-62_135_596_800, 253_402_300_800)
_NANOS = range(1_000_000_000)


def check(request: Message, *, with_texts: bool = True) -> None:
    """Check the annotations and, unless the RPC does that itself, texts and times.

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
        # A range that the contract names lies within the calendar: the same flaw is told once.
        named = {violation.field for violation in found}
        found += [flaw for flaw in _unstorable(request, "") if flaw.code != "time_range" or flaw.field not in named]
    if found:
        raise InvalidRequest(fields=found)


def _path(violation: protovalidate.Violation) -> str:
    path = violation.proto.field
    return ".".join(element.field_name for element in path.elements) if path is not None else ""


def _unstorable(message: Message, prefix: str) -> list[Violation]:
    found: list[Violation] = []
    for field, value in message.ListFields():
        path = prefix + field.name
        if field.type == FieldDescriptor.TYPE_STRING:
            if any("\x00" in text for text in ([value] if isinstance(value, str) else value)):
                found.append(Violation(path, "nul_character", "must not contain NUL characters"))
        elif field.message_type is not None and not field.message_type.GetOptions().map_entry:
            for nested in [value] if isinstance(value, Message) else value:
                if isinstance(nested, Timestamp):
                    if nested.seconds not in _SECONDS or nested.nanos not in _NANOS:
                        found.append(Violation(path, "time_range", "must lie in the years 1 to 9999"))
                else:
                    found += _unstorable(nested, f"{path}.")
    return found
