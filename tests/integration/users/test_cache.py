"""Profiles are read through Redis, and nobody is shown an old one for longer than promised."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from nats.aio.client import Client
from redis.asyncio import Redis

from chassis.crypto import Box
from chassis.database import Database
from chassis.redis import BriefRedis
from deploy.local.stack import Stack
from messaging.users.v1 import profiles_pb2 as pb
from services.users import store
from services.users.domain import blocks, privacy, profiles
from services.users.model.privacy import Audience
from services.users.model.profiles import UserId
from services.users.store.cache import ProfileCache
from tests.integration.users.conftest import Users, halted, until
from tests.support.factories.profiles import profile, user_id


def entry(person: str) -> str:
    return f"messaging_cache:{{profile2}}:{person}"


async def cost(users: Users, person: str) -> int:
    """How many queries it takes to show somebody to somebody else."""
    request = pb.GetProfileRequest(user_id=person)
    return (await users.bill(users.profiles.GetProfile, request, by=user_id()))[1].queries


async def name(users: Users, person: str) -> str:
    return (await users.get(person, by=user_id())).display_name


async def cached(users: Users, *people: str) -> None:
    """Wait until it takes no query to show these people; the events of their joining may drop them once."""

    async def is_so() -> bool:
        return not any([await cost(users, person) for person in people])

    await until(is_so)


async def change_behind(database: Database, person: str, display_name: str) -> None:
    """Change a profile and crash before the cache hears of it."""
    await database.run(
        profiles.update,
        box=Box(["0" * 32]),
        editor_id=UserId(person),
        is_admin=False,
        user_id=UserId(person),
        values={"display_name": display_name},
        etag="",
    )


@pytest.fixture
async def cache(infra: Stack) -> AsyncIterator[ProfileCache]:
    redis = BriefRedis(infra.redis_url)
    yield ProfileCache(redis)
    await redis.close()


async def test_a_profile_that_was_read_is_not_read_from_the_database_again(users: Users) -> None:
    ada = await users.join()

    assert await cost(users, ada.user_id) == 2
    await cached(users, ada.user_id)


async def test_names_of_many_are_read_from_the_database_once(users: Users) -> None:
    request = pb.GetUsersRequest(user_ids=[(await users.join()).user_id for _ in range(5)])

    async def is_cached() -> bool:
        return not (await users.bill(users.profiles.GetUsers, request))[1].queries

    await until(is_cached)
    request.user_ids.append((await users.join()).user_id)
    answer, meter = await users.bill(users.profiles.GetUsers, request)

    assert (len(answer.users), meter.queries) == (6, 2)


async def test_a_change_is_seen_by_the_next_reader(users: Users) -> None:
    ada = await users.join()
    for n in range(20):
        assert await cost(users, ada.user_id) >= 0
        await users.update(ada.user_id, display_name=f"Ada {n}")
        assert await name(users, ada.user_id) == f"Ada {n}"


async def test_a_change_whose_author_crashed_is_seen_when_its_event_arrives(users: Users, database: Database) -> None:
    ada = await users.join()
    await cached(users, ada.user_id)

    await change_behind(database, ada.user_id, "Countess")

    async def is_seen() -> bool:
        return await name(users, ada.user_id) == "Countess"

    await until(is_seen)


async def test_a_choice_whose_author_crashed_holds_when_its_event_arrives(users: Users, database: Database) -> None:
    ada, eve = await users.join(), await users.join()
    await cached(users, ada.user_id)

    hidden = {"profile_visibility": Audience.NOBODY}
    await database.run(privacy.update, user_id=UserId(ada.user_id), values=hidden)

    async def is_hidden() -> bool:
        return (await users.get(ada.user_id, by=eve.user_id)).is_hidden

    await until(is_hidden)


async def test_a_block_whose_author_crashed_holds_when_its_event_arrives(users: Users, database: Database) -> None:
    ada, eve = await users.join(), await users.join()
    await users.beat(ada.user_id)
    await cached(users, ada.user_id)

    await database.run(blocks.block, user_id=UserId(ada.user_id), blocked_id=UserId(eve.user_id))

    async def is_hidden() -> bool:
        return (await users.get(ada.user_id, by=eve.user_id)).presence.state == pb.PRESENCE_STATE_OFFLINE

    await until(is_hidden)


async def test_entries_hold_nothing_private_and_expire(users: Users, redis_client: Redis) -> None:
    ada = await users.join()
    await users.update(ada.user_id, phone="+4915112345678", date_of_birth="1815-12-10")
    kept = ""

    async def is_kept() -> bool:
        nonlocal kept
        await cost(users, ada.user_id)
        kept = str(await redis_client.get(entry(ada.user_id)))
        return ada.username in kept

    await until(is_kept)
    assert "phone" not in kept
    assert "birth" not in kept
    # It says what others may see and do.
    assert 0 < await redis_client.pttl(entry(ada.user_id)) <= 5_000


async def test_the_person_reads_past_the_cache(users: Users) -> None:
    ada = await users.join()
    await cached(users, ada.user_id)

    request = pb.GetProfileRequest(user_id=ada.user_id)
    _, own = await users.bill(users.profiles.GetProfile, request, by=ada.user_id)

    assert own.queries == 2


async def test_a_slow_reader_cannot_bring_back_what_was_changed_meanwhile(
    users: Users, database: Database, cache: ProfileCache
) -> None:
    ada = await users.join()
    person = UserId(ada.user_id)
    found = await cache.find([person])
    [old] = await database.run(store.profiles.get_many, user_ids=[person])

    await users.update(ada.user_id, display_name="Countess")
    await cache.fill([old], found.leases)

    assert await name(users, ada.user_id) == "Countess"
    assert await name(users, ada.user_id) == "Countess"


async def test_a_slow_reader_cannot_overwrite_a_quick_one(cache: ProfileCache) -> None:
    old = profile()
    slow = await cache.find([old.user_id])
    await cache.drop([old.user_id])
    quick = await cache.find([old.user_id])
    new = profile(user_id=old.user_id, display_name="Countess", version=2)
    await cache.fill([new], quick.leases)

    await cache.fill([old], slow.leases)

    assert (await cache.find([old.user_id])).profiles == {old.user_id: new}


async def test_readers_at_once_share_a_lease(cache: ProfileCache) -> None:
    person = profile()

    first, second = await asyncio.gather(cache.find([person.user_id]), cache.find([person.user_id]))
    await cache.fill([person], second.leases)

    assert first.leases == second.leases
    assert (await cache.find([person.user_id])).profiles == {person.user_id: person}


async def test_what_was_not_leased_is_not_filled(cache: ProfileCache) -> None:
    person = profile()

    await cache.fill([person], {})

    assert not (await cache.find([person.user_id])).profiles
    assert not (await cache.find([])).profiles


async def test_whoever_was_kept_comes_back_as_they_were(cache: ProfileCache) -> None:
    people = [
        profile(bio="Zeile\n☺", is_suspended=True),
        profile(is_verified=True, is_bot=True, version=9),
    ]
    ids = [person.user_id for person in people]
    await cache.fill(people, (await cache.find(ids)).leases)

    assert (await cache.find(ids)).profiles == dict(zip(ids, people, strict=True))


async def test_readers_and_writers_at_once_leave_the_last_word_behind(users: Users) -> None:
    ada = await users.join()

    async def write() -> None:
        for n in range(30):
            await users.update(ada.user_id, display_name=f"Ada {n}")

    async def read() -> None:
        for _ in range(60):
            await name(users, ada.user_id)

    await asyncio.gather(write(), *(read() for _ in range(6)))

    assert [await name(users, ada.user_id) for _ in range(2)] == ["Ada 29", "Ada 29"]


async def test_a_change_while_redis_was_down_is_seen_when_it_is_back(
    users: Users, infra: Stack, operator: Client
) -> None:
    announced = await operator.subscribe(f"messaging.users.v1.profile_updated.{(person := user_id())}")
    await operator.flush()
    ada = await users.join(user_id=person)
    await announced.next_msg(timeout=30)
    await cached(users, ada.user_id)

    with halted(infra, "redis"):
        await users.update(ada.user_id, display_name="Countess")
        await announced.next_msg(timeout=30)
        assert await name(users, ada.user_id) == "Countess"

    async def is_seen() -> bool:
        return await name(users, ada.user_id) == "Countess" and await cost(users, ada.user_id) == 0

    await until(is_seen)
    await announced.unsubscribe()
