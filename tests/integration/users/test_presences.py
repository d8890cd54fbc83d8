import asyncio
import time

import pytest
from redis.asyncio import Redis

from chassis.errors import Failure
from chassis.redis import BriefRedis
from chassis.rpc.client import Channel
from deploy.local.stack import Stack
from messaging.auth.v1.events_pb2 import AccountSuspended
from messaging.users.v1 import presences_pb2 as pb
from messaging.users.v1 import presences_pb2_grpc as rpc
from messaging.users.v1 import profiles_pb2
from services.users.store.presences import Presences
from tests.integration.users.conftest import Tell, Users, until
from tests.support.factories.profiles import user_id, username

SEEN, CONNECTED = "{messaging_presence}:seen", "{messaging_presence}:connected"
ONLINE, AWAY, OFFLINE = (
    profiles_pb2.PRESENCE_STATE_ONLINE,
    profiles_pb2.PRESENCE_STATE_AWAY,
    profiles_pb2.PRESENCE_STATE_OFFLINE,
)

pytestmark = pytest.mark.usefixtures("redis_client")


async def presences(users: Users, *user_ids: str) -> list[profiles_pb2.Presence]:
    answer = await users.ask(users.presences.GetPresence, pb.GetPresenceRequest(user_ids=user_ids))
    return list(answer.presences)


async def states(users: Users, *user_ids: str) -> list[int]:
    return [presence.state for presence in await presences(users, *user_ids)]


async def online(users: Users, token: str = "", *, size: int = 0) -> pb.ListOnlineResponse:
    request = pb.ListOnlineRequest(page_token=token, page_size=size)
    answer: pb.ListOnlineResponse = await users.ask(users.presences.ListOnline, request, by=user_id())
    return answer


async def swept(infra: Stack) -> list[str]:
    """Those whom a sweep finds, as every replica makes one now and then."""
    redis = BriefRedis(infra.redis_url)
    lost = await Presences(redis).sweep(limit=100)
    await redis.close()
    return list(lost)


async def age(redis_client: Redis, person: str, *, seconds: float) -> None:
    """Let the time since somebody's last sign of life pass."""
    for key in (SEEN, CONNECTED):
        score = await redis_client.zscore(key, person)
        if score is not None:
            await redis_client.zadd(key, {person: score - seconds * 1000})


async def test_who_sends_heartbeats_is_online(users: Users) -> None:
    ada, bob = user_id(), user_id()
    before = time.time()
    await users.beat(ada)

    here, absent, again = await presences(users, ada, bob, ada)

    assert (here.user_id, here.state) == (ada, ONLINE)
    assert before - 1 < here.seen_time.ToNanoseconds() / 1e9 < time.time() + 1
    assert (absent.user_id, absent.state, absent.HasField("seen_time")) == (bob, OFFLINE, False)
    assert again == here


async def test_a_heartbeat_is_good_for_a_minute(users: Users, redis_client: Redis) -> None:
    ada = user_id()
    await users.beat(ada)
    await age(redis_client, ada, seconds=58)
    assert await states(users, ada) == [ONLINE]

    await age(redis_client, ada, seconds=3)

    [gone] = await presences(users, ada)
    assert gone.state == OFFLINE
    assert 60 < time.time() - gone.seen_time.ToNanoseconds() / 1e9 < 70


async def test_who_has_gone_is_offline_at_once_and_was_seen_just_now(users: Users) -> None:
    ada, bob = user_id(), user_id()
    await users.beat(ada, bob)

    await users.beat(gone=(ada,))

    gone, here = await presences(users, ada, bob)
    assert (gone.state, here.state) == (OFFLINE, ONLINE)
    assert time.time() - gone.seen_time.ToNanoseconds() / 1e9 < 5


async def test_who_came_back_meanwhile_is_online(users: Users) -> None:
    ada = user_id()

    await users.beat(ada, gone=(ada,))

    assert await states(users, ada) == [ONLINE]


async def test_the_last_sign_of_life_is_known_for_a_month(users: Users, redis_client: Redis, infra: Stack) -> None:
    old, older = user_id(), user_id()
    await users.beat(old, older)
    await age(redis_client, old, seconds=29 * 86400)
    await age(redis_client, older, seconds=31 * 86400)

    await users.beat(user_id())

    assert set(await swept(infra)) == {old, older}
    known, forgotten = await presences(users, old, older)
    assert known.HasField("seen_time")
    assert not forgotten.HasField("seen_time")
    assert await redis_client.zcard(SEEN) == 2
    assert await redis_client.zcard(CONNECTED) == 1


async def test_heartbeats_of_thousands_are_noted_at_once(users: Users, redis_client: Redis) -> None:
    crowd, leaving = [user_id() for _ in range(5000)], [user_id() for _ in range(5000)]
    await users.beat(*leaving)

    await users.beat(*crowd, gone=tuple(leaving))

    assert await redis_client.zcard(CONNECTED) == 5000
    assert set(await states(users, *crowd[:1000])) == {ONLINE}
    assert set(await states(users, *leaving[-1000:])) == {OFFLINE}


async def test_nobody_asks_for_nobody(users: Users) -> None:
    await users.beat()

    assert await presences(users) == []


async def test_profiles_carry_presence(users: Users) -> None:
    ada = await users.join()
    await users.beat(ada.user_id)

    assert (await users.get(ada.user_id, by=user_id())).presence.state == ONLINE
    assert (await users.update(ada.user_id, bio="here")).presence.state == ONLINE
    await users.beat(gone=(ada.user_id,))
    assert (await users.get(ada.user_id, by=ada.user_id)).presence.state == OFFLINE


async def test_those_online_are_listed_the_most_recently_seen_first(users: Users, redis_client: Redis) -> None:
    people = [await users.join() for _ in range(5)]
    for n, person in enumerate(people):
        await users.beat(person.user_id)
        await age(redis_client, person.user_id, seconds=10 * (5 - n))
    expected = [person.user_id for person in reversed(people)]

    first = await online(users, size=2)
    second = await online(users, first.next_page_token, size=2)
    third = await online(users, second.next_page_token, size=2)
    back = await online(users, third.previous_page_token, size=2)

    listed = [[profile.user_id for profile in page.profiles] for page in (first, second, third)]
    assert listed == [expected[:2], expected[2:4], expected[4:]]
    assert back.profiles == second.profiles
    assert (await online(users, back.previous_page_token, size=2)).profiles == first.profiles
    assert not first.previous_page_token
    assert not third.next_page_token
    assert {profile.presence.state for profile in first.profiles} == {ONLINE}


async def test_those_who_were_seen_at_once_are_listed_once_each(users: Users) -> None:
    people = {(await users.join()).user_id for _ in range(6)}
    await users.beat(*people)

    seen, token = [], ""
    while page := await online(users, token, size=1):
        seen += [profile.user_id for profile in page.profiles]
        token = page.next_page_token
        if not token:
            break

    assert len(seen) == 6
    assert set(seen) == people


async def test_only_active_people_are_listed_as_online(users: Users, tell: Tell) -> None:
    ada, bob = await users.join(), await users.join()
    await users.beat(ada.user_id, bob.user_id, user_id())
    await tell(AccountSuspended(account_id=bob.user_id))

    async def is_hidden() -> bool:
        return [profile.user_id for profile in (await online(users)).profiles] == [ada.user_id]

    await until(is_hidden)


async def test_a_token_of_another_list_is_refused(users: Users) -> None:
    for _ in range(2):
        await users.join(username=username("tokens"))
    request = profiles_pb2.ListProfilesRequest(query="tokens", page_size=1)
    foreign = (await users.ask(users.profiles.ListProfiles, request, by=user_id())).next_page_token
    assert foreign

    with pytest.raises(Failure) as refused:
        await online(users, foreign)

    assert refused.value.reason == "INVALID_PAGE_TOKEN"


async def test_only_the_gateway_says_who_is_there(users: Users, infra: Stack) -> None:
    channel = Channel(users.target, infra.credential("notifications"))
    stub = channel.stub(rpc.PresencesStub)

    assert await channel.call(stub.GetPresence, pb.GetPresenceRequest()) == pb.GetPresenceResponse()
    with pytest.raises(Failure) as refused:
        await channel.call(stub.RecordHeartbeats, pb.RecordHeartbeatsRequest(user_ids=[user_id()]))

    assert refused.value.reason == "CALLER_REFUSED"
    await channel.close()


@pytest.mark.parametrize(
    "request_",
    [
        pb.RecordHeartbeatsRequest(user_ids=["nobody"]),
        pb.RecordHeartbeatsRequest(user_ids=[str(user_id())] * 5001),
        pb.RecordHeartbeatsRequest(gone_user_ids=[""]),
    ],
    ids=["no id", "too many", "empty"],
)
async def test_heartbeats_that_break_the_contract_are_refused(
    users: Users, request_: pb.RecordHeartbeatsRequest
) -> None:
    with pytest.raises(Failure) as refused:
        await users.ask(users.presences.RecordHeartbeats, request_)

    assert refused.value.reason == "INVALID_REQUEST"


async def test_heartbeats_from_all_sides_at_once_are_all_noted(users: Users, redis_client: Redis) -> None:
    people = [user_id() for _ in range(50)]

    await asyncio.gather(*(users.beat(person) for person in people))

    assert await redis_client.zcard(CONNECTED) == 50


async def test_losing_redis_loses_nothing_that_heartbeats_do_not_bring_back(users: Users, redis_client: Redis) -> None:
    ada = await users.join()
    await users.beat(ada.user_id)

    await redis_client.flushdb()

    assert await states(users, ada.user_id) == [OFFLINE]
    await users.beat(ada.user_id)
    assert (await users.get(ada.user_id, by=user_id())).presence.state == ONLINE
