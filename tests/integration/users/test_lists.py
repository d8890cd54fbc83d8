import uuid
from typing import Any

import pytest
from redis.asyncio import Redis
from sqlalchemy import text

from chassis.database import Database, Transaction
from chassis.errors import Failure
from messaging.users.v1 import profiles_pb2 as pb
from tests.integration.users.conftest import Users
from tests.support.factories.profiles import user_id


class Crowd:
    """People whose usernames begin with a word that nobody else's does, so that a list holds only them."""

    def __init__(self, users: Users) -> None:
        self.users = users
        self.word = f"crowd{uuid.uuid4().hex[:8]}"
        self.reader = user_id()

    async def join(self, name: str, **fields: str) -> pb.Profile:
        return await self.users.join(username=f"{self.word}-{name}", **fields)

    async def page(self, token: str = "", **fields: Any) -> pb.ListProfilesResponse:
        request = pb.ListProfilesRequest(page_token=token, **{"query": self.word, **fields})
        answer: pb.ListProfilesResponse = await self.users.ask(
            self.users.profiles.ListProfiles, request, by=self.reader
        )
        return answer

    async def walk(self, **fields: Any) -> list[pb.ListProfilesResponse]:
        pages = [await self.page(**fields)]
        while pages[-1].next_page_token:
            pages.append(await self.page(pages[-1].next_page_token, **fields))
        return pages


def names(page: pb.ListProfilesResponse) -> list[str]:
    return [profile.username.rpartition("-")[2] for profile in page.profiles]


@pytest.fixture
async def crowd(users: Users) -> Crowd:
    made = Crowd(users)
    for name in "dbace":
        await made.join(name)
    return made


@pytest.mark.parametrize(
    ("order_by", "expected"),
    [
        ("", "abcde"),
        ("username", "abcde"),
        ("-username", "edcba"),
        ("create_time", "dbace"),
        ("-create_time", "ecabd"),
    ],
)
async def test_a_list_reads_the_same_forward_and_backward_page_by_page(
    crowd: Crowd, order_by: str, expected: str
) -> None:
    forward = await crowd.walk(order_by=order_by, page_size=2)

    assert ["".join(names(page)) for page in forward] == [expected[:2], expected[2:4], expected[4:]]
    assert not forward[0].previous_page_token
    back = await crowd.page(forward[2].previous_page_token, order_by=order_by, page_size=2)
    assert back.profiles == forward[1].profiles
    first = await crowd.page(back.previous_page_token, order_by=order_by, page_size=2)
    assert first == forward[0]
    assert (await crowd.page(back.next_page_token, order_by=order_by, page_size=2)).profiles == forward[2].profiles


async def test_people_who_came_at_the_same_time_are_on_one_page_each(crowd: Crowd, database: Database) -> None:
    def tie(tx: Transaction) -> None:
        statement = "update profiles set created_at = '2026-03-01T12:00:00Z' where username like :pattern"
        tx.execute(text(statement), {"pattern": f"{crowd.word}%"})

    await database.run(tie)

    for order_by in ("create_time", "-create_time"):
        pages = await crowd.walk(order_by=order_by, page_size=1)
        seen = [profile.user_id for page in pages for profile in page.profiles]
        assert seen == sorted(seen, reverse=order_by.startswith("-"))
        assert len(set(seen)) == 5
        back = await crowd.page(pages[-1].previous_page_token, order_by=order_by, page_size=1)
        assert back.profiles == pages[-2].profiles


async def test_people_who_join_or_leave_meanwhile_shift_nobody(crowd: Crowd, database: Database) -> None:
    first = await crowd.page(page_size=2)

    def leave(tx: Transaction) -> None:
        tx.execute(text("delete from profiles where username = :name"), {"name": f"{crowd.word}-b"})

    await database.run(leave)
    await crowd.join("aa")

    assert names(await crowd.page(first.next_page_token, page_size=2)) == ["c", "d"]


@pytest.mark.parametrize(
    "change", [{"query": "other"}, {"online_only": True}, {"order_by": "-username"}], ids=["query", "online", "order"]
)
async def test_a_token_of_another_list_is_refused(crowd: Crowd, change: dict[str, Any]) -> None:
    token = (await crowd.page(page_size=2)).next_page_token

    with pytest.raises(Failure) as refused:
        await crowd.page(token, page_size=2, **change)

    assert refused.value.reason == "INVALID_PAGE_TOKEN"


@pytest.mark.parametrize("token", ["x", "AAAA", "%%%", "A" * 200, "é"])
async def test_a_made_up_token_is_refused(crowd: Crowd, token: str) -> None:
    with pytest.raises(Failure) as refused:
        await crowd.page(token)

    assert refused.value.reason == "INVALID_PAGE_TOKEN"


async def test_a_token_is_good_for_another_page_size(crowd: Crowd) -> None:
    token = (await crowd.page(page_size=1)).next_page_token

    assert names(await crowd.page(token, page_size=200)) == list("bcde")


@pytest.mark.parametrize(
    "fields", [{"page_size": 201}, {"page_size": -1}, {"order_by": "email"}, {"query": "x" * 101}, {"query": "a\x00"}]
)
async def test_what_the_contract_does_not_know_is_refused(crowd: Crowd, fields: dict[str, Any]) -> None:
    with pytest.raises(Failure) as refused:
        await crowd.page(**fields)

    assert refused.value.reason == "INVALID_REQUEST"


async def test_a_query_finds_parts_of_any_name_whatever_their_case(crowd: Crowd) -> None:
    word = uuid.uuid4().hex
    found = await crowd.join("f", first_name="ÄRGER", last_name=f"Öl{word}")

    for query in (f"öL{word[:10]}", f"ärger öl{word}", f"Ärger A\u0308rger Öl{word}"[:5] + f" Öl{word}", word.upper()):
        assert [profile.user_id for profile in (await crowd.page(query=query)).profiles] == [found.user_id], query
    assert not (await crowd.page(query=f"{word}x")).profiles


@pytest.mark.parametrize("query", ["%", "_", "\\", "a%b", "'; drop table profiles; --"])
async def test_signs_of_the_query_language_mean_themselves(crowd: Crowd, query: str) -> None:
    word = uuid.uuid4().hex
    plain = await crowd.join("plain", first_name=f"{word}zzz")
    odd = await crowd.join("odd", first_name=f"{word}{query}")

    found = {profile.user_id for profile in (await crowd.page(query=f"{word}{query}")).profiles}

    assert odd.user_id in found
    assert plain.user_id not in found


async def test_only_those_who_are_online_are_listed_if_asked(crowd: Crowd, redis_client: Redis) -> None:
    everybody = {names(pb.ListProfilesResponse(profiles=[one]))[0]: one for one in (await crowd.page()).profiles}
    await crowd.users.beat(*(everybody[name].user_id for name in "eca"), user_id())

    pages = await crowd.walk(online_only=True, page_size=2)

    assert [names(page) for page in pages] == [["a", "c"], ["e"]]
    assert all(
        profile.presence.state == pb.PRESENCE_STATE_ONLINE and profile.presence.HasField("seen_time")
        for page in pages
        for profile in page.profiles
    )
    assert {profile.presence.state for profile in (await crowd.page()).profiles} == {
        pb.PRESENCE_STATE_ONLINE,
        pb.PRESENCE_STATE_OFFLINE,
    }


async def test_a_list_never_shows_what_is_private(crowd: Crowd) -> None:
    ada = await crowd.join("z")
    await crowd.users.update(ada.user_id, phone="+4915112345678")
    request = pb.ListProfilesRequest(query=crowd.word)

    page = await crowd.users.ask(crowd.users.profiles.ListProfiles, request, by=ada.user_id, roles="admin")

    assert not any(profile.phone or profile.is_private_shown for profile in page.profiles)


async def test_a_list_takes_the_same_queries_however_long_it_is(crowd: Crowd) -> None:
    costs = []
    for size in (1, 5):
        request = pb.ListProfilesRequest(query=crowd.word, page_size=size)
        page, meter = await crowd.users.bill(crowd.users.profiles.ListProfiles, request, by=crowd.reader)
        assert len(page.profiles) == size
        costs.append(meter.queries)

    # One begins the transaction, one reads.
    assert costs == [2, 2]


async def test_a_page_of_the_longest_profiles_fits_into_an_answer(users: Users, database: Database) -> None:
    crowd = Crowd(users)

    def fill(tx: Transaction) -> None:
        statement = """
            insert into profiles (user_id, username, display_name, first_name, last_name, bio, created_at, updated_at)
            select gen_random_uuid(), :word || '-' || n, repeat('𝔄', 100), repeat('𝔅', 100), repeat('ℭ', 100),
                   repeat('🜁', 1000), now(), now()
            from generate_series(1, 300) as n
        """
        tx.execute(text(statement), {"word": crowd.word})

    await database.run(fill)

    pages = await crowd.walk(page_size=200)

    assert all(page.ByteSize() < 1.5 * 1024 * 1024 for page in pages)
    assert sum(len(page.profiles) for page in pages) == 300
