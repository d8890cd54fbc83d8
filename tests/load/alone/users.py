"""Users with PostgreSQL, NATS and Redis: names of many at once, and the search."""

from functools import partial

from chassis.ids import uuid7
from messaging.users.v1.profiles_pb2 import EnsureProfileRequest
from messaging.users.v1.profiles_pb2_grpc import ProfilesStub
from tests.load.alone.service import Service

PEOPLE = 1000
AT_ONCE = 50
READERS = 8
FIRST = ("Ada", "Grace", "Edsger", "Barbara", "Donald", "Leslie", "Tony", "Frances", "John", "Alan")
LAST = ("Lovelace", "Hopper", "Dijkstra", "Liskov", "Knuth", "Lamport", "Hoare", "Allen", "Backus", "Turing")


async def measure(service: Service) -> None:
    ensure = service.channel.stub(ProfilesStub).EnsureProfile
    people = [uuid7() for _ in range(PEOPLE)]
    for number, person in enumerate(people):
        first, last = FIRST[number % 10], LAST[number // 10 % 10]
        names = {"username": f"{first}.{last}{number}".lower(), "first_name": first, "last_name": last}
        await service.ask(ensure, EnsureProfileRequest(user_id=person, **names))
    lookup = partial(service.load, "lookup", READERS, user_ids=people, size=AT_ONCE)
    await service.repeat(f"GetUsers, {AT_ONCE} at once", "call", lookup)
    queries = [f"{first} {last}" for first in FIRST for last in LAST] + [*LAST]
    search = partial(service.load, "search", READERS, reader_id=people[0], queries=queries)
    await service.repeat(f"SearchProfiles, among {PEOPLE}", "call", search)
