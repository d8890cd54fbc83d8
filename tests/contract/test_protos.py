"""Style of the contract: buf's rules and comments (protos/buf.yaml), and habits of ours that buf cannot know."""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
    MethodDescriptorProto,
)
from grpc_tools import protoc

from tests.support.tree import REPOSITORY, Grow, Tree

IMAGE = REPOSITORY / "protos/gen/image.binpb"

# Answers that are bounded by something else than a page, and by what.
WHOLE_ANSWERS = {
    "ListChanges": "1,000 changes, then the client is told to read anew",
    "ListMemberships": "conversations of one user",
    "ListReceipts": "participants of one conversation",
    "ListRevocations": "six minutes",
    "SearchProfiles": "the request's limit",
}

TIMESTAMP = ".google.protobuf.Timestamp"
FIELD_MASK = ".google.protobuf.FieldMask"


def ours(image: FileDescriptorSet) -> list[FileDescriptorProto]:
    return [file for file in image.file if file.package.startswith("messaging.")]


def methods(image: FileDescriptorSet) -> Iterator[tuple[MethodDescriptorProto, dict[str, str], dict[str, str]]]:
    """Yield every RPC with the names and types of its request's and its answer's fields."""
    messages = {
        f".{file.package}.{message.name}": {field.name: field.type_name for field in message.field}
        for file in image.file
        for message in file.message_type
    }
    for file in ours(image):
        for service in file.service:
            for method in service.method:
                yield method, messages[method.input_type], messages[method.output_type]


def fields(image: FileDescriptorSet) -> Iterator[tuple[str, FieldDescriptorProto]]:
    """Yield every field of our messages with the message's name."""

    def inside(message: DescriptorProto) -> Iterator[tuple[str, FieldDescriptorProto]]:
        for field in message.field:
            yield message.name, field
        for nested in message.nested_type:
            yield from inside(nested)

    for file in ours(image):
        for message in file.message_type:
            yield from inside(message)


def unpaged(image: FileDescriptorSet) -> list[str]:
    """Lists page from the first day; what is bounded otherwise says by what."""
    found = []
    for method, sent, answered in methods(image):
        if re.match("List|Search", method.name) and method.name not in WHOLE_ANSWERS:
            missing = ({"page_size", "page_token"} - sent.keys()) | ({"next_page_token"} - answered.keys())
            found += [f"{method.name}: {name}" for name in sorted(missing)]
    return found


def maskless_updates(image: FileDescriptorSet) -> list[str]:
    """Without a mask an update of several fields cannot tell an empty value from an absent one."""
    found = []
    for method, sent, _ in methods(image):
        changed = [name for name in sent if not name.endswith("_id") and name != "etag"]
        if method.name.startswith("Update") and FIELD_MASK not in sent.values() and len(changed) > 1:
            found.append(f"{method.name}: {changed}")
    return found


def misnamed_fields(image: FileDescriptorSet) -> list[str]:
    found = []
    for message, field in fields(image):
        is_time = field.type_name == TIMESTAMP
        if is_time != field.name.endswith("_time") or field.name in {"id", "offset", "page", "cursor"}:
            found.append(f"{message}.{field.name}")
    return found


def lint(image: Path, folder: str = "messaging") -> list[str]:
    buf = [str(Path(sys.executable).parent / "buf"), "lint", str(image), "--path", folder, "--config"]
    run = subprocess.run([*buf, str(REPOSITORY / "protos/buf.yaml")], capture_output=True, text=True)
    return (run.stdout + run.stderr).splitlines()


def read(image: Path) -> FileDescriptorSet:
    return FileDescriptorSet.FromString(image.read_bytes())


RULES = [unpaged, maskless_updates, misnamed_fields]

HONEST = """
// People.
syntax = "proto3";
package messaging.users.v1;
import "google/protobuf/timestamp.proto";
import "google/protobuf/field_mask.proto";
// All about people.
service People {
  // Lists them.
  rpc ListPeople(ListPeopleRequest) returns (ListPeopleResponse);
  // Renames one.
  rpc UpdatePerson(UpdatePersonRequest) returns (UpdatePersonResponse);
}
// Which.
message ListPeopleRequest {
  // How many.
  int32 page_size = 1;
  // From where.
  string page_token = 2;
}
// Some.
message ListPeopleResponse {
  // When.
  google.protobuf.Timestamp create_time = 1;
  // Where to go on.
  string next_page_token = 2;
}
// What.
message UpdatePersonRequest {
  // Which fields.
  google.protobuf.FieldMask update_mask = 1;
}
// Done.
message UpdatePersonResponse {}
// Kinds.
enum Kind {
  // None.
  KIND_UNSPECIFIED = 0;
}
"""

OFFENCES = [
    ("  // From where.\n", "", 'Field "page_token" should have a non-empty comment'),
    ("  // Lists them.\n", "", 'RPC "ListPeople" should have a non-empty comment'),
    ("  // None.\n", "", 'Enum value "KIND_UNSPECIFIED" should have a non-empty comment'),
    ("KIND_UNSPECIFIED", "KIND_NONE", "should be suffixed"),
    ("messaging.users.v1", "messaging.people.v1", "must be within a directory"),
    (
        "returns (UpdatePersonResponse)",
        "returns (ListPeopleResponse)",
        "as the request or response type for multiple RPCs",
    ),
    ("string page_token = 2", "string token = 2", "ListPeople: page_token"),
    ("string next_page_token = 2", "string after = 2", "ListPeople: next_page_token"),
    ("google.protobuf.FieldMask update_mask = 1;", "string name = 1;\n  // Age.\n  int32 age = 2;", "UpdatePerson: "),
    ("create_time", "created_at", "ListPeopleResponse.created_at"),
    ("google.protobuf.Timestamp", "string", "ListPeopleResponse.create_time"),
    ("int32 page_size = 1;", "int32 page_size = 1;\n  // Which.\n  string id = 3;", "ListPeopleRequest.id"),
]


def test_buf_finds_nothing() -> None:
    assert lint(IMAGE) == []


@pytest.mark.parametrize("rule", RULES)
def test_the_contract_keeps_its_habits(rule: Callable[[FileDescriptorSet], list[str]]) -> None:
    assert rule(read(IMAGE)) == []


def test_every_whole_answer_is_an_rpc() -> None:
    assert WHOLE_ANSWERS.keys() <= {method.name for method, *_ in methods(read(IMAGE))}


def findings(tree: Tree) -> list[str]:
    image = tree.root / "image.binpb"
    paths = [f"-I{tree.root}", f"-I{Path(protoc.__file__).parent / '_proto'}"]
    assert protoc.main(["", *paths, "--include_imports", "--include_source_info", f"-o{image}", *tree.paths]) == 0
    return lint(image) + [finding for rule in RULES for finding in rule(read(image))]


def test_an_honest_contract_passes(grow: Grow) -> None:
    assert findings(grow({"messaging/users/v1/people.proto": HONEST})) == []


@pytest.mark.parametrize(("honest", "offence", "expected"), OFFENCES)
def test_an_offence_is_found(honest: str, offence: str, expected: str, grow: Grow) -> None:
    assert honest in HONEST
    found = findings(grow({"messaging/users/v1/people.proto": HONEST.replace(honest, offence)}))

    assert any(expected in finding for finding in found), found
