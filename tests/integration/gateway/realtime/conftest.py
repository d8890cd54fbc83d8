"""One gateway for most tests, and three people who talk through it."""

import time
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


class People:
    """Three people who are there for the whole session; making them takes longer than a test."""

    def __init__(self, members: list[Person]) -> None:
        self.members = members
        self._renewed = time.monotonic()

    async def renew(self) -> None:
        if time.monotonic() - self._renewed < 120:
            return
        self._renewed = time.monotonic()
        for person in self.members:
            tokens = await person.ask("POST", "auth/token/refresh/", json={"refresh": person.refresh})
            person.access, person.refresh = tokens["access"], tokens["refresh"]
            person.http.headers["Authorization"] = f"Bearer {person.access}"


@pytest.fixture(scope="session")
async def people(door: Door) -> AsyncIterator[People]:
    members = [await Person.join(door.url) for _ in range(3)]
    yield People(members)
    for person in members:
        await person.close()


@pytest.fixture
async def ada(people: People) -> Person:
    await people.renew()
    return people.members[0]


@pytest.fixture
async def bob(people: People, ada: Person) -> Person:
    return people.members[1]


@pytest.fixture
async def cyn(people: People, ada: Person) -> Person:
    return people.members[2]
