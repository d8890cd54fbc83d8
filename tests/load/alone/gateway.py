"""The gateway in front of the real services: the least that a request costs, sends and pages, sockets."""

from functools import partial

from tests.load.bench import OUTPUT
from tests.load.figures import Figures
from tests.load.gathering import idle
from tests.load.reading import reading
from tests.load.requests import Ask
from tests.load.sending import warm
from tests.load.target import Target

IN_FLIGHT = 32
SOCKETS = 1000
PEOPLE = 200


async def measure(target: Target) -> None:
    await target.rooms()
    target.quieten()
    await warm(target)

    async def least() -> Figures:
        return target.rest([Ask("GET", "/api/v1/health/", "-")], IN_FLIGHT)

    await target.repeat("REST, health", "req", least)
    await target.repeat("REST, send", "msg", partial(target.posts, IN_FLIGHT))
    await target.repeat("sockets, send to delivery", "msg", partial(target.sockets, IN_FLIGHT))
    await reading(target, OUTPUT)
    await idle(target, OUTPUT, PEOPLE, SOCKETS)
    await target.people.close()
