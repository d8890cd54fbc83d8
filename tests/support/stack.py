"""The real parts that tests run against: private stacks for the session, started when the first test asks for one."""

from collections.abc import Iterator

import pytest

from deploy.local.stack import Stack

# What the suite sets differently from an operator who sets nothing.
SETTINGS: dict[str, str] = {}


@pytest.fixture(scope="session")
def infra(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """PostgreSQL with the four migrated databases, NATS, Redis and the mailbox; no process of the platform.

    What a test starts on them has them to itself: no relay or consumer of another process interferes.
    """
    stack = Stack.private(tmp_path_factory.mktemp("infra"), SETTINGS)
    try:
        stack.start_servers()
        yield stack
    finally:
        stack.discard()


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A whole platform behind its gateway, on servers of its own, all processes real."""
    stack = Stack.private(tmp_path_factory.mktemp("platform"), SETTINGS)
    try:
        stack.start_platform()
        yield stack
    finally:
        stack.discard()
