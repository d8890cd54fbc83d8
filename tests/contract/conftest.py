from pathlib import Path

import pytest

from tests.support.tree import Grow, Tree


@pytest.fixture(scope="session")
def project() -> Tree:
    return Tree.of_repository()


@pytest.fixture
def grow(tmp_path: Path) -> Grow:
    """Make a small tree that breaks a rule, to see the rule bite."""
    return lambda files: Tree.grown(tmp_path, files)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """List the files to split when they are next touched; the wall itself is a test."""
    tree = Tree.of_repository()
    lengths = {path: tree.text(path).count("\n") for path in tree.files("*.py")}
    for path, length in sorted(lengths.items(), key=lambda item: -item[1]):
        if length > 300:
            terminalreporter.write_line(f"long file: {path} has {length} lines")
