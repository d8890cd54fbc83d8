"""Every reason of the contract is an error class that the code raises, and every such class is in the contract."""

import ast

from google.protobuf.descriptor_pb2 import FileDescriptorSet

from gateway.errors import catalogue
from tests.support.tree import REPOSITORY, Grow, Tree

IMAGE = REPOSITORY / "protos/gen/image.binpb"


def reasons_of_contract(image: FileDescriptorSet) -> dict[str, set[str]]:
    """Return the reasons of each ErrorReason enum by owner, for example `auth` or `chassis`."""
    return {
        file.package.split(".")[1]: {value.name.removeprefix("ERROR_REASON_") for value in enum.value if value.number}
        for file in image.file
        if file.package.startswith("messaging.")
        for enum in file.enum_type
        if enum.name == "ErrorReason"
    }


def owner_of(path: str) -> str:
    parts = path.split("/")
    return parts[1] if parts[0] == "services" else parts[0]


def classes(tree: Tree) -> dict[str, dict[str, str]]:
    """Return the class of each reason, by owner."""
    found: dict[str, dict[str, str]] = {}
    for path in tree.files("chassis/errors.py", "services/*/model/errors.py"):
        reasons = found.setdefault(owner_of(path), {})
        for node in tree.nodes(path):
            match node:
                case ast.ClassDef(name=name, body=body):
                    for line in body:
                        match line:
                            case ast.Assign(targets=[ast.Name(id="reason")], value=ast.Constant(value=str(reason))):
                                reasons[reason] = name
    return found


def names_used(tree: Tree, owner: str) -> set[str]:
    """Return every name that the owner's code beside its errors file mentions; shared errors may be raised anywhere."""
    folders = ["chassis/*.py", "services/*.py", "gateway/*.py"] if owner == "chassis" else [f"services/{owner}/*.py"]
    used = set()
    for path in set(tree.files(*folders)) - set(tree.files("chassis/errors.py", "services/*/model/errors.py")):
        for node in tree.nodes(path):
            match node:
                case ast.Name(id=name) | ast.Attribute(attr=name):
                    used.add(name)
    return used


def mismatches(tree: Tree, contract: dict[str, set[str]]) -> list[str]:
    """Compare the owners whose code exists with the contract."""
    found = []
    for owner, by_reason in classes(tree).items():
        used = names_used(tree, owner)
        found += [f"{owner}: {reason} has no class" for reason in contract.get(owner, set()) - by_reason.keys()]
        found += [
            f"{owner}: {reason} is not in the contract" for reason in by_reason.keys() - contract.get(owner, set())
        ]
        found += [f"{owner}: {name} is never raised" for name in by_reason.values() if name not in used]
    return sorted(found)


def test_reasons_classes_and_raises_agree(project: Tree) -> None:
    contract = reasons_of_contract(FileDescriptorSet.FromString(IMAGE.read_bytes()))

    assert mismatches(project, contract) == []


def test_every_reason_has_a_page_for_clients() -> None:
    contract = reasons_of_contract(FileDescriptorSet.FromString(IMAGE.read_bytes()))
    reasons = {reason.lower() for reasons in contract.values() for reason in reasons}

    # What goes wrong between our own processes is nothing that a client is told.
    assert reasons - catalogue().keys() == {"caller_unknown", "caller_refused"}


def test_a_mismatch_is_found(grow: Grow) -> None:
    tree = grow(
        {
            "chassis/errors.py": 'class Overloaded:\n    reason = "OVERLOADED"\n',
            "gateway/admission.py": "raise errors.Overloaded()\n",
            "services/auth/model/errors.py": 'class A:\n    reason = "A"\nclass B:\n    reason = "B"\n',
            "services/auth/domain/accounts.py": "raise A()\n",
        }
    )

    assert mismatches(tree, {"chassis": {"OVERLOADED"}, "auth": {"A", "C"}}) == [
        "auth: B is never raised",
        "auth: B is not in the contract",
        "auth: C has no class",
    ]
