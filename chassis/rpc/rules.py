"""What each RPC declares about itself in the contract, read once when the server starts."""

from dataclasses import dataclass

from google.protobuf.descriptor import FileDescriptor

from messaging.chassis.v1 import options_pb2 as options


@dataclass(frozen=True, slots=True)
class Rule:
    """How one RPC may be called."""

    method: str
    callers: frozenset[str]
    needs_actor: bool
    items_fail_alone: bool = False


def rules_of(*files: FileDescriptor) -> dict[str, Rule]:
    """Return the rules of all RPCs in the given definitions, by their full path `/package.Service/Method`."""
    rules = {}
    for file in files:
        for service in file.services_by_name.values():
            for method in service.methods:
                declared = method.GetOptions().Extensions
                rules[f"/{service.full_name}/{method.name}"] = Rule(
                    method=f"{service.name}.{method.name}",
                    callers=frozenset(declared[options.callers]) or frozenset({"gateway"}),
                    needs_actor=declared[options.actor] != options.ACTOR_OPTIONAL,
                    items_fail_alone=declared[options.items_fail_alone],
                )
    return rules
