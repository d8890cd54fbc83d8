"""Whose presence is announced, once for each change, and who learns what of it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg
from redis.asyncio import Redis

from chassis.bus import Bus
from chassis.database import Database
from chassis.redis import BriefRedis
from deploy.local import ports
from deploy.local.stack import Stack
from messaging.users.v1 import presences_pb2 as pb
from messaging.users.v1 import privacy_pb2, profiles_pb2
from messaging.users.v1.events_pb2 import PresenceChanged, SightChanged
from services.users.bus.sweeping import Sweeper
from services.users.store.presences import Presences
from tests.integration.users.conftest import Users, emitted, until
from tests.integration.users.test_presences import AWAY, OFFLINE, ONLINE, age, states
from tests.support.factories.profiles import user_id

pytestmark = pytest.mark.usefixtures("redis_client")


@dataclass
class News:
    """Whose presence was announced, in order."""

    operator: Client
    announced: list[str] = field(default_factory=list)

    async def hear(self, message: Msg) -> None:
        self.announced += PresenceChanged.FromString(message.data).user_ids

    async def take(self) -> list[str]:
        """What was announced since the last time; what the service has published until now is heard."""
        await asyncio.sleep(0.05)
        await self.operator.flush()
        heard, self.announced = self.announced, []
        return heard


@pytest.fixture
async def news(operator: Client, users: Users) -> AsyncIterator[News]:
    listener = News(operator)
    subscription = await operator.subscribe("live.users.presence", cb=listener.hear)
    await operator.flush()
    yield listener
    await subscription.unsubscribe()


async def test_who_comes_turns_away_and_goes_is_announced_each_time(users: Users, news: News) -> None:
    ada = user_id()

    await users.beat(ada)
    assert await news.take() == [ada]
    await users.beat(away=(ada,))
    assert await news.take() == [ada]
    assert await states(users, ada) == [AWAY]
    await users.beat(gone=(ada,))
    assert await news.take() == [ada]


async def test_what_is_no_news_is_not_announced(users: Users, news: News) -> None:
    ada, bob = user_id(), user_id()
    await users.beat(ada, away=(bob,))
    assert set(await news.take()) == {ada, bob}

    await users.beat(ada, away=(bob,), is_reminder=True)
    await users.beat(ada, away=(bob,))

    assert await news.take() == []


async def test_of_several_places_the_one_counts_where_somebody_is_most_present(users: Users, news: News) -> None:
    ada = user_id()
    await users.beat(ada, place="one")
    await users.beat(away=(ada,), place="two")
    assert (await news.take(), await states(users, ada)) == ([ada], [ONLINE])

    await users.beat(gone=(ada,), place="one")
    assert (await news.take(), await states(users, ada)) == ([ada], [AWAY])

    await users.beat(ada, place="three")
    await users.beat(gone=(ada,), place="two")
    assert (await news.take(), await states(users, ada)) == ([ada], [ONLINE])

    await users.beat(gone=(ada,), place="three")
    assert (await news.take(), await states(users, ada)) == ([ada], [OFFLINE])


async def test_a_place_that_died_counts_no_more_once_another_is_heard(
    users: Users, news: News, redis_client: Redis
) -> None:
    ada = user_id()
    await users.beat(ada, place="dead")
    await users.beat(away=(ada,), place="alive")
    places: Any = await redis_client.hget("{messaging_presence}:places", ada)
    [dead, alive, _] = places.decode().split(";")
    name, state, at = dead.split(",")
    older = f"{name},{state},{int(at) - 61_000};{alive};"
    await redis_client.hset("{messaging_presence}:places", ada, older)
    await news.take()

    await users.beat(away=(ada,), place="alive", is_reminder=True)

    assert (await news.take(), await states(users, ada)) == ([ada], [AWAY])


async def test_a_redis_that_lost_everything_is_filled_again_without_a_word(
    users: Users, news: News, redis_client: Redis
) -> None:
    ada = user_id()
    await users.beat(ada)
    await news.take()
    await redis_client.flushdb()

    await users.beat(ada, is_reminder=True)
    assert (await news.take(), await states(users, ada)) == ([], [ONLINE])

    await redis_client.flushdb()
    await users.beat(gone=(ada,))
    assert (await news.take(), await states(users, ada)) == ([ada], [OFFLINE])


async def test_of_whom_nothing_is_heard_any_more_is_announced_once(
    users: Users, infra: Stack, news: News, redis_client: Redis
) -> None:
    ada, bob = user_id(), user_id()
    await users.beat(ada, bob)
    await age(redis_client, ada, seconds=61)
    await news.take()

    async with sweeping(infra, infra.redis_url, patience_seconds=0):

        async def is_announced() -> bool:
            return bool(news.announced)

        await until(is_announced)
        assert (await news.take(), await states(users, ada, bob)) == ([ada], [OFFLINE, ONLINE])

    # Whoever was taken for gone is news again, even as a reminder.
    await users.beat(ada, bob, is_reminder=True)
    assert await news.take() == [ada]


async def test_who_comes_back_before_it_was_noticed_that_they_were_gone_is_announced(
    users: Users, news: News, redis_client: Redis
) -> None:
    ada, bob = user_id(), user_id()
    await users.beat(ada, bob)
    await news.take()
    for person in (ada, bob):
        await age(redis_client, person, seconds=61)
    assert await states(users, ada) == [OFFLINE]

    await users.beat(ada)
    # Whose heartbeats were held up has been there all the time.
    await users.beat(bob, is_reminder=True)

    assert await news.take() == [ada]
    assert await states(users, ada, bob) == [ONLINE, ONLINE]


async def test_nobody_is_taken_for_gone_before_heartbeats_had_time_to_come(
    users: Users, infra: Stack, redis_client: Redis
) -> None:
    ada = user_id()
    await users.beat(ada)
    await age(redis_client, ada, seconds=61)

    async with sweeping(infra, infra.redis_url, patience_seconds=60):
        await asyncio.sleep(0.2)
    async with sweeping(infra, f"redis://127.0.0.1:{ports.free()}/0", patience_seconds=0):
        await asyncio.sleep(0.2)

    assert await redis_client.zscore("{messaging_presence}:connected", ada) is not None


@asynccontextmanager
async def sweeping(infra: Stack, redis_url: str, *, patience_seconds: float) -> AsyncIterator[None]:
    """A sweeper at work, as every replica has one."""
    redis, bus = BriefRedis(redis_url), Bus(infra.nats_url(), "sweeper")
    parts = [bus.run(), Sweeper(bus, Presences(redis), patience_seconds=patience_seconds).run()]
    tasks = [asyncio.create_task(part) for part in parts]
    try:
        await bus.client()
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await redis.close()


async def reveal(users: Users, person: str, *viewers: str) -> dict[str, tuple[int, bool, bool]]:
    """What each viewer learns: state, whether last seen is told, whether all is hidden."""
    question = pb.PresenceQuestion(user_id=person, viewer_ids=viewers)
    answer = await users.ask(users.presences.RevealPresence, pb.RevealPresenceRequest(questions=[question]))
    return {
        viewer: (view.presence.state, view.presence.HasField("seen_time"), view.is_hidden)
        for view in answer.views
        for viewer in view.viewer_ids
    }


SEEN, VAGUE, HIDDEN = (ONLINE, True, False), (ONLINE, False, False), (OFFLINE, False, True)


async def test_the_named_and_those_who_know_a_person_learn_of_them(users: Users) -> None:
    ada, bob, cyn, eve = [(await users.join()).user_id for _ in range(4)]
    await users.know(ada, by=cyn)
    await users.know(eve, by=ada)
    await users.beat(ada)

    assert await reveal(users, ada, bob, cyn) == {bob: SEEN, cyn: SEEN}
    assert await reveal(users, ada) == {cyn: SEEN}


async def test_privacy_and_blocks_decide_for_each_viewer(users: Users) -> None:
    ada, bob, cyn = [(await users.join()).user_id for _ in range(3)]
    await users.beat(ada)

    await users.block(bob, by=ada)
    assert await reveal(users, ada, bob, cyn) == {bob: HIDDEN, cyn: SEEN}
    await users.choose(ada, show_last_seen=False)
    assert await reveal(users, ada, bob, cyn) == {bob: HIDDEN, cyn: VAGUE}
    await users.unblock(bob, by=ada)
    await users.know(bob, by=ada)
    await users.choose(ada, profile_visibility=privacy_pb2.AUDIENCE_CONTACTS)
    assert await reveal(users, ada, bob, cyn) == {bob: VAGUE, cyn: HIDDEN}
    await users.choose(ada, show_online=False)
    assert await reveal(users, ada, bob, cyn) == {bob: HIDDEN, cyn: HIDDEN}


async def test_what_viewers_learn_is_what_their_own_question_is_answered(users: Users) -> None:
    ada, bob = [(await users.join()).user_id for _ in range(2)]
    await users.beat(away=(ada,))
    asked = await users.ask(users.presences.GetPresence, pb.GetPresenceRequest(user_ids=[ada]), by=bob)

    question = pb.PresenceQuestion(user_id=ada, viewer_ids=[bob])
    told = await users.ask(users.presences.RevealPresence, pb.RevealPresenceRequest(questions=[question]))

    assert [view.presence for view in told.views] == list(asked.presences)


async def test_many_viewers_of_many_cost_one_query(users: Users) -> None:
    people = [(await users.join()).user_id for _ in range(5)]
    await users.block(people[0], by=people[1])
    questions = [pb.PresenceQuestion(user_id=person, viewer_ids=people) for person in people]

    answer, meter = await users.bill(users.presences.RevealPresence, pb.RevealPresenceRequest(questions=questions))

    assert sum(len(view.viewer_ids) for view in answer.views) == 25
    # The transaction's clock, and the answer.
    assert meter.queries == 2
    nobody = await users.ask(users.presences.RevealPresence, pb.RevealPresenceRequest())
    assert nobody == pb.RevealPresenceResponse()


async def test_the_presence_of_strangers_without_a_profile_is_not_revealed(users: Users) -> None:
    assert await reveal(users, user_id(), user_id()) == {}


async def sights(database: Database, person: str) -> list[str]:
    """For whom a person's presence was said to look different; empty for anybody."""
    found = await emitted(database, person, "sight_changed")
    return [SightChanged.FromString(envelope.payload).viewer_id for envelope in found]


async def test_choices_that_change_who_sees_presence_are_told(users: Users, database: Database) -> None:
    ada, bob = [(await users.join()).user_id for _ in range(2)]

    await users.know(bob, by=ada)
    await users.choose(ada, read_receipts=False)
    assert await sights(database, ada) == []

    await users.block(bob, by=ada)
    await users.block(bob, by=ada)
    await users.unblock(bob, by=ada)
    assert await sights(database, ada) == [bob, bob]

    await users.choose(ada, profile_visibility=privacy_pb2.AUDIENCE_CONTACTS)
    await users.forget(bob, by=ada)
    await users.know(bob, by=ada)
    assert await sights(database, ada) == [bob, bob, "", bob, bob]

    await users.choose(ada, show_online=False)
    await users.block(bob, by=ada)
    await users.forget(bob, by=ada)
    assert await sights(database, ada) == [bob, bob, "", bob, bob, ""]


async def test_those_away_are_listed_as_connected(users: Users) -> None:
    ada = await users.join()
    await users.beat(away=(ada.user_id,))

    listed = await users.ask(users.presences.ListOnline, pb.ListOnlineRequest(), by=user_id())

    assert [(one.user_id, one.presence.state) for one in listed.profiles] == [
        (ada.user_id, profiles_pb2.PRESENCE_STATE_AWAY)
    ]
