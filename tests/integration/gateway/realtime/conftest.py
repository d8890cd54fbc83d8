"""One gateway for most tests, and three people who talk through it."""

from collections.abc import AsyncIterator

import pytest

from deploy.local.stack import Stack
from tests.support.doors import Door, open_door
from tests.support.people import Person


@pytest.fixture(scope="session")
async def door(platform: Stack) -> AsyncIterator[Door]:
    """The gateway that most tests share; its heart beats every second."""
    async with open_door(platform, SOCKET_HEARTBEAT_SECONDS="1") as opened:
        yield opened


@pytest.fixture(scope="session")
async def people(door: Door) -> AsyncIterator[list[Person]]:
    """Three people who are there for the whole session; making them takes longer than a test."""
    members = [await Person.join(door.url) for _ in range(3)]
    yield members
    for person in members:
        await person.close()


@pytest.fixture
async def ada(people: list[Person]) -> Person:
    await people[0].stay()
    return people[0]


@pytest.fixture
async def bob(people: list[Person]) -> Person:
    await people[1].stay()
    return people[1]


@pytest.fixture
async def cyn(people: list[Person]) -> Person:
    await people[2].stay()
    return people[2]
