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
