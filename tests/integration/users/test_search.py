import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import Select, text

from chassis.database import Database, Transaction
from chassis.database.engine import make_engine
from chassis.errors import Failure
from chassis.paging import Cursor
from deploy.local.stack import Stack
from messaging.users.v1 import profiles_pb2 as pb
from services.users import store
from services.users.model.sight import Viewer
from tests.integration.users.conftest import Users
from tests.support.factories.profiles import user_id

READER = Viewer(user_id())
SYLLABLES = ["ba", "do", "fi", "gu", "ke", "lo", "mi", "nu", "pra", "quo", "ri", "sta", "tu", "ve", "wi", "zo"]


async def search(users: Users, query: str, *, limit: int = 0) -> list[str]:
    request = pb.SearchProfilesRequest(query=query, limit=limit)
    answer = await users.ask(users.profiles.SearchProfiles, request, by=user_id())
    return [profile.user_id for profile in answer.profiles]


@pytest.fixture
async def strangers(database: Database) -> AsyncIterator[None]:
    """Some thousand people with names of syllables."""

    def fill(tx: Transaction) -> None:
        statement = """
            insert into profiles (user_id, username, display_name, first_name, last_name, created_at, updated_at)
            select gen_random_uuid(), 'stranger' || n, first || ' ' || last, first, last, now(), now()
            from (
                select n,
                       syllables[1 + n % 16] || syllables[1 + n / 16 % 16] || syllables[1 + n * 7 / 3 % 16] as first,
                       syllables[1 + n * 5 % 16] || syllables[1 + n * 11 / 16 % 16] || syllables[1 + n / 9 % 16] as last
                from generate_series(1, 5000) as n, (select cast(:syllables as text[]) as syllables) as s
            ) as people
        """
        tx.execute(text(statement), {"syllables": SYLLABLES})

    def clear(tx: Transaction) -> None:
        tx.execute(text("delete from profiles where username like 'stranger%'"))

    await database.run(fill)
    yield
    await database.run(clear)


@pytest.mark.parametrize(
    ("first_name", "last_name", "query"),
    [
        ("Margarethe", "Xylander", "margarethe"),
        ("Margarethe", "Xylander", "Magarethe"),
        ("Margarethe", "Xylander", "margrethe xylandr"),
        ("Margarethe", "Xylander", "MARGARETE XYLANDER"),
        ("Margarethe", "Xylander", "xyl"),
        ("Зинаида", "Гиппиус", "гиппус"),
        ("Зинаида", "Гиппиус", "ГИППИУС"),
        ("Θεοφάνης", "Ἕλλην", "θεοφανης"),
        ("Jürgen", "Höß", "ju\u0308rgen"),
        ("田中", "花子", "田中"),
        ("नेहा", "शर्मा", "नेहा"),
    ],
)
async def test_people_are_found_by_their_names_even_misspelt(
    users: Users, strangers: None, first_name: str, last_name: str, query: str
) -> None:
    person = await users.join(first_name=first_name, last_name=last_name)

    assert person.user_id in await search(users, query)


async def test_the_best_come_first_and_a_username_before_all(users: Users) -> None:
    word = "q" + uuid.uuid4().hex[:9]
    close = await users.join(first_name=f"{word}s", last_name="")
    exact = await users.join(first_name=word, last_name="")
    named = await users.join(username=word, first_name="Somebody", last_name="With a longer name")

    assert await search(users, word) == [named.user_id, exact.user_id, close.user_id]
    assert await search(users, word, limit=2) == [named.user_id, exact.user_id]


@pytest.mark.parametrize("query", ["%", "_", "'", '"', "\\", "☺", "((", "a' or 1=1 --", ":*", "  ", "\u0301" * 100])
async def test_any_query_is_answered(users: Users, query: str) -> None:
    await search(users, query)


@pytest.mark.parametrize("request_", [{"query": ""}, {"query": "x" * 101}, {"query": "a\x00"}, {"limit": 101}])
async def test_a_query_that_breaks_the_contract_is_refused(users: Users, request_: dict[str, object]) -> None:
    with pytest.raises(Failure) as refused:
        await users.ask(
            users.profiles.SearchProfiles,
            pb.SearchProfilesRequest(**{"query": "x", **request_}),  # type: ignore[arg-type]
            by=user_id(),
        )

    assert refused.value.reason == "INVALID_REQUEST"


async def plan(database: Database, infra: Stack, statement: Select[Any]) -> str:
    """How PostgreSQL would read this, once it knows its rows: autovacuum sees to that some time after they came."""
    owner = make_engine(infra.database_url("users", owner=True), pool_size=0)
    with owner.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("vacuum analyze profiles")
    owner.dispose()

    def explain(tx: Transaction) -> str:
        sql = statement.compile(tx.connection, compile_kwargs={"literal_binds": True})
        return "\n".join(row[0] for row in tx.connection.exec_driver_sql(f"explain {sql}"))

    return await database.run(explain)


@pytest.mark.parametrize("query", ["badofi", "badfi guke", "margarethe", "гиппиус"])
async def test_search_reads_the_trigram_index(strangers: None, database: Database, infra: Stack, query: str) -> None:
    ranked = store.profiles.ranked(READER, query, 20)

    assert "Bitmap Index Scan on profiles_names" in await plan(database, infra, ranked)


@pytest.mark.parametrize("is_backward", [False, True])
@pytest.mark.parametrize(
    ("order_by", "value", "index"),
    [
        ("username", "stranger3", "profiles_username"),
        ("-username", "stranger3", "profiles_username"),
        ("create_time", "2026-03-01T12:00:00+00:00", "profiles_created_at"),
        ("-create_time", "2026-03-01T12:00:00+00:00", "profiles_created_at"),
    ],
)
async def test_a_page_is_read_along_an_index(
    strangers: None, database: Database, infra: Stack, order_by: str, value: str, index: str, is_backward: bool
) -> None:
    for cursor in (None, Cursor((value, user_id()), is_backward)):
        found = await plan(database, infra, store.profiles.listed(READER, "", None, order_by, cursor).limit(51))
        assert f"using {index}" in found, found
        assert "Sort" not in found, found


async def test_a_filter_reads_the_trigram_index(strangers: None, database: Database, infra: Stack) -> None:
    listed = store.profiles.listed(READER, "margarethe", None, "username", None).limit(51)

    assert "Bitmap Index Scan on profiles_names" in await plan(database, infra, listed)


async def test_search_never_shows_what_is_private(users: Users) -> None:
    word = "q" + uuid.uuid4().hex[:9]
    person = await users.join(first_name=word)
    await users.update(person.user_id, phone="+4915112345678")

    request = pb.SearchProfilesRequest(query=word)
    answer = await users.ask(users.profiles.SearchProfiles, request, by=person.user_id)

    assert [(found.user_id, found.phone) for found in answer.profiles] == [(person.user_id, "")]


async def test_search_takes_the_same_queries_however_many_it_finds(users: Users, strangers: None) -> None:
    for limit in (1, 100):
        request = pb.SearchProfilesRequest(query="stranger", limit=limit)
        answer, meter = await users.bill(users.profiles.SearchProfiles, request, by=user_id())
        assert (len(answer.profiles), meter.queries) == (limit, 3)


async def test_a_changed_name_is_found_at_once(users: Users) -> None:
    person = await users.join()
    word = "q" + uuid.uuid4().hex[:9]
    await users.update(person.user_id, display_name=word)

    assert await search(users, word) == [person.user_id]
