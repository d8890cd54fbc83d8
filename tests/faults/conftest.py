"""A platform to be broken; each test leaves it whole."""

from collections.abc import Iterator

import pytest

from deploy.local.stack import Stack
from tests.support.stack import OVERRIDES, SETTINGS


@pytest.fixture(scope="session")
def fragile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """All processes and servers, for the tests of this directory alone."""
    stack = Stack.private(tmp_path_factory.mktemp("fragile"), SETTINGS, OVERRIDES)
    try:
        stack.start_platform()
        yield stack
    finally:
        stack.discard()
