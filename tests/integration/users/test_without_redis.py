"""Without Redis nobody is seen online and nothing is cached; everything else works as ever."""

import asyncio
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from structlog.testing import capture_logs

from chassis.errors import Failure
from deploy.local.stack import Stack
from messaging.users.v1 import presences_pb2, profiles_pb2
from messaging.users.v1 import profiles_pb2 as pb
from tests.integration.users.conftest import Users, until
from tests.support.factories.profiles import user_id, username


async def test_profiles_are_made_read_changed_and_listed(users_without_redis: Users) -> None:
    users = users_without_redis
    ada = await users.join(username=(name := username("ada")))

    assert (await users.update(ada.user_id, bio="Engines", phone="+4915112345678")).phone == "+4915112345678"
    assert (await users.get(ada.user_id, by=user_id())).bio == "Engines"
    assert await users.active(ada.user_id) == {ada.user_id}
    for rpc, request in (
        (users.profiles.ListProfiles, pb.ListProfilesRequest(query=name)),
        (users.profiles.SearchProfiles, pb.SearchProfilesRequest(query=name, limit=1)),
    ):
        [listed] = (await users.ask(rpc, request, by=user_id())).profiles
        assert (listed.user_id, listed.presence.state) == (ada.user_id, pb.PRESENCE_STATE_OFFLINE)


async def test_everybody_is_offline_and_nobody_is_listed(users_without_redis: Users) -> None:
    users, person = users_without_redis, user_id()

    presences = await users.ask(users.presences.GetPresence, presences_pb2.GetPresenceRequest(user_ids=[person]))
    online = await users.ask(users.presences.ListOnline, presences_pb2.ListOnlineRequest(), by=person)
    only_online, meter = await users.bill(
        users.profiles.ListProfiles, pb.ListProfilesRequest(online_only=True), by=person
    )

    assert list(presences.presences) == [pb.Presence(user_id=person, state=profiles_pb2.PRESENCE_STATE_OFFLINE)]
    assert online == presences_pb2.ListOnlineResponse()
    assert (only_online, meter.queries) == (pb.ListProfilesResponse(), 0)


async def test_heartbeats_are_refused_for_now(users_without_redis: Users) -> None:
    for _ in range(5):
        with pytest.raises(Failure) as refused:
            await users_without_redis.beat(user_id())
        assert (refused.value.reason, refused.value.code) == ("DEPENDENCY_UNAVAILABLE", "UNAVAILABLE")
        assert refused.value.retry_after


@pytest.fixture
def hanging_redis(infra: Stack) -> Iterator[None]:
    """The connection stands, nothing answers."""
    infra.send("redis", signal.SIGSTOP)
    try:
        yield
    finally:
        infra.send("redis", signal.SIGCONT)


class Waits:
    """How often somebody waited in vain for a Redis that hangs, in how much time."""

    def __init__(self) -> None:
        self.count = 0
        self.seconds = 0.0

    def are_at_most(self, count: int) -> None:
        """Hold it to so many at first and one each second after."""
        assert self.count <= count + 1 + self.seconds


@contextmanager
def waits() -> Iterator[Waits]:
    waited, begun = Waits(), time.monotonic()
    with capture_logs() as logs:
        yield waited
    waited.count = sum(entry["event"] == "redis_down" for entry in logs)
    waited.seconds = time.monotonic() - begun


async def test_a_redis_that_hangs_costs_a_few_readers_a_moment(
    users: Users, infra: Stack, request: pytest.FixtureRequest
) -> None:
    ada = await users.join()
    await users.beat(ada.user_id)
    request.getfixturevalue("hanging_redis")

    with waits() as waited:
        for _ in range(60):
            seen = await users.get(ada.user_id, by=user_id())
            assert (seen.username, seen.presence.state) == (ada.username, pb.PRESENCE_STATE_OFFLINE)

    # Three to learn it, and one each second to see whether it is over, instead of two every time.
    waited.are_at_most(3)
    with pytest.raises(Failure) as refused:
        await users.beat(ada.user_id)
    assert refused.value.reason == "DEPENDENCY_UNAVAILABLE"


async def test_presence_is_back_with_redis(users: Users) -> None:
    ada = user_id()

    async def is_noted() -> bool:
        try:
            await users.beat(ada)
        except Failure:
            return False
        return True

    await until(is_noted)
    answer = await users.ask(users.presences.GetPresence, presences_pb2.GetPresenceRequest(user_ids=[ada]))
    assert answer.presences[0].state == pb.PRESENCE_STATE_ONLINE


async def test_many_readers_at_once_are_not_held_up_by_a_redis_that_hangs(users: Users, hanging_redis: None) -> None:
    people = [user_id() for _ in range(40)]
    await users.ask(users.presences.GetPresence, presences_pb2.GetPresenceRequest(user_ids=people))

    with waits() as waited:
        await asyncio.gather(
            *(
                users.ask(users.presences.GetPresence, presences_pb2.GetPresenceRequest(user_ids=people))
                for _ in range(40)
            )
        )

    # Those who hold a connection when it goes away, eight at most, learn it together.
    waited.are_at_most(8 + 3)
