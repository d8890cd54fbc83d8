"""Imports flow one way: import-linter's contracts in pyproject.toml, and two rules that it cannot express."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator

from tests.support.tree import REPOSITORY, Grow, Tree

LINT_IMPORTS = (
    "from importlinter.cli import lint_imports; import sys; sys.exit(lint_imports(cache_dir=None, no_logo=True))"
)


def contracts(tree: Tree) -> dict[str, str]:
    """Tell of each contract in pyproject.toml, by id, whether the tree keeps it."""
    run = subprocess.run([sys.executable, "-c", LINT_IMPORTS], cwd=tree.root, capture_output=True, text=True)
    verdicts = dict(re.findall(r"^(.+?) (KEPT|BROKEN)", run.stdout, re.MULTILINE))
    assert verdicts, run.stdout + run.stderr
    declared = tomllib.loads((tree.root / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    return {contract["id"]: verdicts[contract["name"]] for contract in declared}


def imported(tree: Tree, path: str) -> Iterator[str]:
    """Name the modules that a file imports, relative ones in full."""
    package = path.split("/")[:-1]
    for node in tree.nodes(path):
        match node:
            case ast.Import(names=names):
                yield from (name.name for name in names)
            case ast.ImportFrom(module=module, names=names, level=level):
                parents = package[: len(package) - level + 1] if level else []
                origin = ".".join([*parents, module] if module else parents)
                yield from (f"{origin}.{name.name}" for name in names)


def strange_imports(tree: Tree) -> list[str]:
    """Imports beside the few that models, the chassis' front and the chassis' stubs may have."""
    found = []
    for path in tree.files("services/*/model/*.py", "chassis/*.py"):
        for module in imported(tree, path):
            top = module.partition(".")[0]
            if path == "chassis/__init__.py":
                allowed = False
            elif path.startswith("chassis/"):
                # The envelope, the options and the common reasons are the chassis' own; nothing of a service is.
                allowed = top != "messaging" or f"{module}.".startswith("messaging.chassis.")
            else:
                own = ".".join(path.split("/")[:3])
                allowed = top in sys.stdlib_module_names or f"{module}.".startswith((f"{own}.", "chassis.errors."))
            if not allowed:
                found.append(f"{path}: {module}")
    return found


def skeleton(**texts: str) -> dict[str, str]:
    """Lay out every layer of two services, with the given modules' text."""
    files = dict.fromkeys(["chassis/__init__.py", "gateway/__init__.py", "services/__init__.py"], "")
    for module in (
        "chassis.database",
        "chassis.errors",
        "chassis.bus",
        "chassis.rpc",
        "gateway.app",
        "services.auth.wiring",
    ):
        files[f"{module.replace('.', '/')}.py"] = ""
    for service in ("auth", "users"):
        for layer in ("", "api/", "bus/", "domain/", "store/", "model/"):
            files[f"services/{service}/{layer}__init__.py"] = ""
    changed = {f"{module.replace('.', '/')}.py": text for module, text in texts.items()}
    return {**files, **changed, "pyproject.toml": (REPOSITORY / "pyproject.toml").read_text()}


KEPT = {
    "services.auth.wiring": "import services.auth.api.accounts, services.auth.bus.publish, nats",
    "services.auth.api.accounts": "import grpc, messaging, services.auth.domain.accounts, chassis.database",
    "services.auth.bus.publish": "import messaging, services.auth.model.events",
    "services.auth.domain.accounts": "import services.auth.store.accounts, chassis.database",
    "services.auth.store.accounts": "import sqlalchemy, services.auth.model.accounts",
    "services.auth.model.accounts": "import datetime, chassis.errors\nfrom . import events",
    "services.auth.model.events": "Registered = 1",
    "chassis.database": "import sqlalchemy, psycopg2",
    "chassis.bus": "import nats, messaging.chassis.v1.envelope_pb2",
    "gateway.app": "import fastapi, messaging, chassis.bus",
}

BREAKS = {
    "processes": {"services.users.api.people": "import gateway.app"},
    "independence": {"services.users.api.people": "import services.auth.model.accounts"},
    "service-layers": {"services.auth.store.accounts": "import services.auth.domain.accounts"},
    "transport-free": {"services.users.domain.people": "import grpc"},
    "sql-below-store": {"services.users.api.people": "import sqlalchemy"},
    "gateway-without-database": {"gateway.app": "import gateway.orm", "gateway.orm": "import chassis.database"},
    "chassis-parts": {"chassis.bus": "import chassis.database"},
    "chassis-without-web": {"chassis.errors": "import fastapi"},
    "product-only": {"gateway.app": "import tests.support"},
}


def test_the_project_keeps_every_import_contract(project: Tree) -> None:
    assert [contract for contract, verdict in contracts(project).items() if verdict != "KEPT"] == []


def test_contracts_let_honest_imports_pass(grow: Grow) -> None:
    assert set(contracts(grow(skeleton(**KEPT))).values()) == {"KEPT"}


def test_every_contract_bites(grow: Grow) -> None:
    merged = dict(KEPT)
    for modules in BREAKS.values():
        for module, text in modules.items():
            merged[module] = f"{merged.get(module, '')}\n{text}"

    assert contracts(grow(skeleton(**merged))) == dict.fromkeys(BREAKS, "BROKEN")


def test_a_module_outside_the_layers_is_refused(grow: Grow) -> None:
    assert contracts(grow(skeleton(**KEPT, **{"services.users.extras": ""})))["service-layers"] == "BROKEN"


def test_models_and_chassis_import_only_what_they_may(project: Tree) -> None:
    assert strange_imports(project) == []


def test_strange_imports_are_found(grow: Grow) -> None:
    texts = {
        **KEPT,
        "services.users.model.people": "import pydantic\nfrom chassis import paging\nfrom ..domain import people",
        "chassis.__init__": "import logging",
        "chassis.errors": "from messaging.auth.v1 import errors_pb2",
    }

    assert sorted(strange_imports(grow(skeleton(**texts)))) == [
        "chassis/__init__.py: logging",
        "chassis/errors.py: messaging.auth.v1.errors_pb2",
        "services/users/model/people.py: chassis.paging",
        "services/users/model/people.py: pydantic",
        "services/users/model/people.py: services.users.domain.people",
    ]
