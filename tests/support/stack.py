"""The real parts that tests run against: private stacks for the session, started when the first test asks for one."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator

import pytest

from deploy.local.stack import Stack
from tests.support.people import Person

# What the suite sets differently from an operator who sets nothing: everybody comes from one address, in a hurry. The
# limiters run all the same; their tests tighten them on a process of their own.
SETTINGS: dict[str, str] = {
    "LOGIN_LIMIT": "1000/0.01",
    "LOGIN_IP_LIMIT": "1000/0.01",
    "REGISTER_IP_LIMIT": "1000/0.01",
    "SEARCH_LIMIT": "1000/0.01",
    "SEND_RATE": "1000",
    "SEND_BURST": "1000",
    "COMMAND_RATE": "1000",
    "COMMAND_BURST": "1000",
}
# Hundreds of people register, and a real hash takes a quarter of a second of a core; auth's own tests make real ones.
OVERRIDES = {"auth": {"DEBUG": "True", "PASSWORD_ITERATIONS": "1000"}}


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
    stack = Stack.private(tmp_path_factory.mktemp("platform"), SETTINGS, OVERRIDES)
    try:
        stack.start_platform()
        yield stack
    finally:
        stack.discard()


@pytest.fixture(scope="session")
async def admin(platform: Stack) -> AsyncIterator[Person]:
    """The platform's first admin."""
    person = await Person.join(platform.gateway_url)
    command = [sys.executable, "-m", "services.auth", "admin", "--email", person.email]
    environment = platform.environment("auth") | {"METRICS_LISTEN": ""}
    done = await asyncio.to_thread(subprocess.run, command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    # The role is in tokens from now on only.
    await person.log_in()
    yield person
    await person.close()
