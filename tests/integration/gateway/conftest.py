"""A gateway in this process, in front of a whole platform's real services."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest

from deploy.local.stack import Stack
from gateway.app import ROUTERS
from gateway.openapi import Document
from gateway.server import listen
from gateway.settings import Settings
from gateway.wiring import build
from tests.support.openapi import Conformance
from tests.support.people import Person


@asynccontextmanager
async def running(stack: Stack, **settings: Any) -> AsyncIterator[str]:
    """Run a gateway beside the stack's own, with some settings of the test's own; yields its address."""
    environment = {name.lower(): value for name, value in stack.environment("gateway").items()}
    chosen = Settings(**{**environment, "port": 0, "metrics_listen": "", **settings})
    listener = listen(chosen)
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    task = asyncio.create_task(build(chosen, listener).run())
    try:
        async with asyncio.timeout(30), httpx2.AsyncClient(base_url=url) as http:
            while (await http.get("/readyz")).status_code != 200:
                await asyncio.sleep(0.05)
        yield url
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture(scope="package")
async def door(platform: Stack) -> AsyncIterator[str]:
    """The address of a gateway with the suite's settings."""
    async with running(platform, cors_allowed_origins="https://app.example.org") as url:
        yield url


ROUTES = [route for router in ROUTERS for route in router.routes]
DOCUMENT = Document(ROUTES)
CONFORMANCE = Conformance(ROUTES, DOCUMENT.value)


@asynccontextmanager
async def joined(url: str) -> AsyncIterator[Person]:
    """Somebody new, whose every answer must be as it is documented."""
    person = await Person.join(url)
    person.http.event_hooks = {"response": [CONFORMANCE.check]}
    yield person
    await person.close()


@pytest.fixture
async def ada(door: str) -> AsyncIterator[Person]:
    async with joined(door) as person:
        yield person


@pytest.fixture
async def bob(door: str) -> AsyncIterator[Person]:
    async with joined(door) as person:
        yield person


@pytest.fixture
async def eve(door: str) -> AsyncIterator[Person]:
    """Somebody who has nothing to do with the others."""
    async with joined(door) as person:
        yield person


@pytest.fixture
async def stranger(door: str) -> AsyncIterator[httpx2.AsyncClient]:
    """Somebody who is not logged in."""
    async with httpx2.AsyncClient(base_url=door, timeout=30, event_hooks={"response": [CONFORMANCE.check]}) as http:
        yield http
