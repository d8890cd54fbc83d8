"""How source files look: their size, their names, what they may not hold."""

import ast
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import PurePath

import pytest

from tests.support.tree import REPOSITORY, Grow, Tree

Rule = Callable[[Tree], list[str]]

WALL = 400

NOTHING_NAMES = {"base", "common", "helper", "helpers", "manager", "misc", "util", "utils"}

# Spelt from lower case, so that this file does not find itself.
LEFTOVER_WORDS = ["todo".upper(), "fixme".upper(), "xxx".upper(), "hack".upper(), "NotImplemented" + "Error"]
LEFTOVER = re.compile(rf"\b({'|'.join(LEFTOVER_WORDS)})\b")

READS_ENVIRONMENT = ("**settings.py", "**wiring.py", "deploy/*", "tests/*")

# Loops that must outlive whatever the code inside them raises, and edges that turn the unexpected into an answer.
CATCHES_ALL = {
    "chassis/consumer.py",
    "chassis/rpc/interceptor.py",
    "gateway/middleware.py",
    "services/conversations/domain/writer.py",
    "services/conversations/jobs/scheduled.py",
}


def too_long(tree: Tree) -> list[str]:
    """Files above the wall; from 300 lines on a file is split when it is touched."""
    lines = {path: tree.text(path).count("\n") for path in tree.files("*.py")}
    return [f"{path}: {count} lines" for path, count in lines.items() if count > WALL]


def named_after_nothing(tree: Tree) -> list[str]:
    return [path for path in tree.files("*.py", "*.ts", "*.tsx") if PurePath(path).stem in NOTHING_NAMES]


def leftovers(tree: Tree) -> list[str]:
    return [
        f"{path}:{number}: {line.strip()}"
        for path in tree.files("*.py", "*.proto", "*.md", "*.y*ml", "*.toml", "*.sh", "*.ts", "*.tsx", "*file")
        for number, line in enumerate(tree.text(path).splitlines(), 1)
        if LEFTOVER.search(line)
    ]


def environment_reads(tree: Tree) -> list[str]:
    """Settings are read once, by the composition root, and passed on as values."""
    found = []
    for path in sorted(set(tree.files("*.py")) - set(tree.files(*READS_ENVIRONMENT))):
        for node in tree.nodes(path):
            match node:
                case ast.Attribute(value=ast.Name(id="os"), attr="environ" | "environb" | "getenv" as name):
                    found.append(f"{path}:{node.lineno}: os.{name}")
                case ast.ImportFrom(module="os", names=names):
                    found += [f"{path}:{node.lineno}: {n.name}" for n in names if n.name in {"environ", "getenv"}]
                case ast.ClassDef(bases=bases) if any(ast.unparse(base).endswith("BaseSettings") for base in bases):
                    found.append(f"{path}:{node.lineno}: settings class {node.name}")
    return found


def broad_handlers(tree: Tree) -> list[str]:
    """Handlers that catch everything and do not raise it again."""
    found = []
    for path in sorted(set(tree.files("*.py")) - CATCHES_ALL):
        for node in tree.nodes(path):
            if isinstance(node, ast.ExceptHandler) and _catches_everything(node) and not _raises_again(node):
                found.append(f"{path}:{node.lineno}")
    return found


def _catches_everything(handler: ast.ExceptHandler) -> bool:
    caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(kind is None or ast.unparse(kind) in {"Exception", "BaseException"} for kind in caught)


def _raises_again(handler: ast.ExceptHandler) -> bool:
    return isinstance(handler.body[-1], ast.Raise) and handler.body[-1].exc is None


def servicer_tries(tree: Tree) -> list[str]:
    """Servicer methods translate and call; one interceptor maps what the domain raises."""
    return [
        f"{path}:{node.lineno}"
        for path in tree.files("services/*/api/*.py")
        for servicer in tree.nodes(path)
        if isinstance(servicer, ast.ClassDef) and servicer.name.endswith("Servicer")
        for node in ast.walk(servicer)
        if isinstance(node, ast.Try)
    ]


def undocumented(tree: Tree) -> list[str]:
    """Public names without a docstring, by the configuration that `make check` uses."""
    ruff = [sys.executable, "-m", "ruff", "check", "--output-format=concise", "--no-cache"]
    run = subprocess.run(
        [*ruff, f"--config={REPOSITORY / 'pyproject.toml'}", "."], cwd=tree.root, capture_output=True, text=True
    )
    return [line for line in run.stdout.splitlines() if re.search(r"\bD1\d\d\b", line)]


RULES = [
    too_long,
    named_after_nothing,
    leftovers,
    environment_reads,
    broad_handlers,
    servicer_tries,
    undocumented,
]

DOCUMENTED = '"""Says something."""\n'

OFFENCES = [
    (too_long, "chassis/relay.py", "pass\n" * (WALL + 1)),
    (named_after_nothing, "chassis/utils.py", ""),
    (leftovers, "docs/operations.md", f"{LEFTOVER_WORDS[0]}: write\n"),
    (leftovers, "gateway/app.py", f"raise {LEFTOVER_WORDS[-1]}\n"),
    (environment_reads, "chassis/database.py", "import os\nos.environ['DATABASE_URL']\n"),
    (environment_reads, "gateway/app.py", "from os import getenv\n"),
    (environment_reads, "gateway/app.py", "class Settings(pydantic_settings.BaseSettings): ...\n"),
    (broad_handlers, "gateway/app.py", "try:\n    f()\nexcept Exception:\n    pass\n"),
    (broad_handlers, "gateway/app.py", "try:\n    f()\nexcept (KeyError, BaseException) as e:\n    raise g from e\n"),
    (broad_handlers, "gateway/app.py", "try:\n    f()\nexcept:\n    g()\n"),
    (
        servicer_tries,
        "services/auth/api/accounts.py",
        "class Servicer:\n    def f(self):\n        try:\n            g()\n        finally:\n            h()\n",
    ),
    (undocumented, "chassis/relay.py", DOCUMENTED + "class Relay:\n    pass\n"),
    (undocumented, "gateway/app.py", DOCUMENTED + "def build() -> None:\n    pass\n"),
]

HONEST = {
    "chassis/relay.py": DOCUMENTED + "\ntry:\n    f()\nexcept Exception:\n    g()\n    raise\n",
    "gateway/settings.py": DOCUMENTED + "import os\nos.environ['PORT']\n",
    "services/auth/__init__.py": DOCUMENTED + "def _private() -> None:\n    pass\n" * 199,
    "services/auth/domain/accounts.py": DOCUMENTED + "try:\n    f()\nexcept KeyError:\n    pass\n",
    "tests/unit/test_relay.py": "def test_it() -> None:\n    pass\n",
}


@pytest.mark.parametrize("rule", RULES)
def test_the_project_keeps_its_rules(rule: Rule, project: Tree) -> None:
    assert rule(project) == []


@pytest.mark.parametrize(("rule", "path", "text"), OFFENCES)
def test_a_rule_bites(rule: Rule, path: str, text: str, grow: Grow) -> None:
    [finding] = rule(grow(HONEST | {path: text}))

    assert path in finding


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_lets_honest_code_pass(rule: Rule, grow: Grow) -> None:
    assert rule(grow(HONEST)) == []
