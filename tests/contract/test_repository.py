"""What the repository holds, and that its documents speak of things that exist."""

import re
from collections.abc import Callable

import pytest

from tests.support.tree import Grow, Tree

Rule = Callable[[Tree], list[str]]

TOP_LEVEL = {
    ".ci", ".dockerignore", ".env.example", ".gitignore", ".pre-commit-config.yaml",
    "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "Makefile", "README.md", "SECURITY.md",
    "chassis", "deploy", "docs", "gateway", "protos", "pyproject.toml", "requirements", "services", "tests",
}  # fmt: skip

URL_IN_LOCK = re.compile(r"https?://|file:|--(extra-)?index|find-links")

# Where somebody's machine keeps things, and whom their package client asked.
MACHINE = re.compile(
    r"/(root|home|work)/[a-z]|files\.pythonhosted|pypi\.org|registry\.npmjs|deb\.debian|(ghcr|docker|quay|gcr)\.io/"
)

MADE = ("*_pb2.py", "*_pb2.pyi", "*_pb2_grpc.py*", "*/node_modules/*", "*/dist/*", ".data/*", "*/__pycache__/*", ".env")

MAKE = re.compile(r"(?:^|`)\s*make ([a-z][a-z-]*)", re.MULTILINE)


def strange_top_level(tree: Tree) -> list[str]:
    return sorted({path.split("/")[0] for path in tree.paths} - TOP_LEVEL)


def machine_traces(tree: Tree) -> list[str]:
    """Paths of one machine and names of hosts that only its package client knows."""
    found = []
    for path in tree.paths:
        content = (tree.root / path).read_bytes()
        if b"\0" not in content:
            lines = enumerate(content.decode().splitlines(), 1)
            found += [f"{path}:{number}: {line.strip()[:100]}" for number, line in lines if MACHINE.search(line)]
    return found


def urls_in_locks(tree: Tree) -> list[str]:
    return [
        f"{path}:{number}"
        for path in tree.files("requirements/*.lock")
        for number, line in enumerate(tree.text(path).splitlines(), 1)
        if URL_IN_LOCK.search(line)
    ]


def made_files(tree: Tree) -> list[str]:
    """Files that a command makes and that therefore nobody commits."""
    return tree.files(*MADE)


def missing_make_targets(tree: Tree) -> list[str]:
    """Commands that a document tells its reader to type and that the Makefile does not know."""
    known = set(re.findall(r"^([a-z][a-z-]*):", "".join(map(tree.text, tree.files("Makefile"))), re.MULTILINE))
    documents = tree.files("*.md") if tree.files("Makefile") else []
    return [
        f"{path}: make {target}"
        for path in documents
        for target in MAKE.findall(tree.text(path))
        if target not in known
    ]


RULES = [strange_top_level, machine_traces, urls_in_locks, made_files, missing_make_targets]

OFFENCES = [
    (strange_top_level, "scripts/deploy.sh", ""),
    (machine_traces, "docs/operations.md", "see /" + "home/someone/notes\n"),
    (machine_traces, "requirements/dev.lock", "pypi" + ".org/simple\n"),
    (machine_traces, "deploy/k8s/base/auth.yaml", "image: docker" + ".io/library/nats:2.15\n"),
    (urls_in_locks, "requirements/dev.lock", "six @ https://example.com/six.whl\n"),
    (urls_in_locks, "requirements/dev.lock", "--extra-index-url x\n"),
    (made_files, "protos/gen/messaging/auth/v1/auth_pb2.py", ""),
    (made_files, "gateway/web/dist/index.html", ""),
    (missing_make_targets, "README.md", "Type `make dinner` first.\n"),
    (missing_make_targets, "docs/operations.md", "    make dinner\n"),
]

HONEST = {
    "Makefile": ".PHONY: test\ntest: install ## runs the suite\n\tpytest\n",
    "README.md": "Type `make test` to make sure.\n",
    "requirements/dev.lock": "six==1.17.0 \\\n    --hash=sha256:00\n",
    "gateway/rest/home.py": "PATH = '/homepage/'\n",
    "deploy/k8s/base/nats.yaml": "image: nats:2.15\n",
}


@pytest.mark.parametrize("rule", RULES)
def test_the_repository_keeps_its_rules(rule: Rule, project: Tree) -> None:
    assert rule(project) == []


@pytest.mark.parametrize(("rule", "path", "text"), OFFENCES)
def test_a_rule_bites(rule: Rule, path: str, text: str, grow: Grow) -> None:
    [finding] = rule(grow(HONEST | {path: text}))

    assert path.startswith(finding) or finding.startswith(path)


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_lets_an_honest_repository_pass(rule: Rule, grow: Grow) -> None:
    assert rule(grow(HONEST)) == []
