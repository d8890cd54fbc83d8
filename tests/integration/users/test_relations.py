"""Blocks and contacts: lists of one's own, announced in the order in which they change."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from google.protobuf.message import Message

from chassis import ids
from chassis.database import Database
from messaging.chassis.v1.envelope_pb2 import Envelope
from messaging.users.v1 import blocks_pb2, contacts_pb2
from messaging.users.v1.events_pb2 import ContactAdded, ContactRemoved, UserBlocked, UserUnblocked
from tests.integration.users.conftest import Users, refusal, rows
from tests.support.factories.profiles import user_id


class Side:
    """Blocks or contacts: the same tests hold for both."""

    def __init__(
        self,
        name: str,
        put: Callable[..., Awaitable[None]],
        delete: Callable[..., Awaitable[None]],
        events: tuple[tuple[str, type[Any]], tuple[str, type[Any]]],
        rpc: Callable[..., Any],
        request: type[Any],
        users: Users,
    ) -> None:
        self.name, self.put, self.delete, self.events = name, put, delete, events
        self._rpc, self._request, self._users = rpc, request, users

    async def page(self, by: str, token: str = "", *, size: int = 0) -> Any:
        return await self._users.ask(self._rpc, self._request(page_size=size, page_token=token), by=by)

    def rows(self, page: Any) -> list[Any]:
        return list(getattr(page, self.name))

    async def listed(self, by: str) -> list[str]:
        return [row.profile.user_id for row in self.rows(await self.page(by))]

    async def queries(self, by: str) -> int:
        return (await self._users.bill(self._rpc, self._request(), by=by))[1].queries

    async def told(self, database: Database, person: str) -> list[Message]:
        """What was announced of a person's list, in order."""
        statement = "select kind, envelope from outbox where aggregate_id = :id and kind = any(:kinds) order by id"
        kinds = dict(self.events)
        found = await rows(database, statement, id=person, kinds=list(kinds))
        return [kinds[row.kind].FromString(Envelope.FromString(bytes(row.envelope)).payload) for row in found]


@pytest.fixture(params=["blocks", "contacts"])
def side(request: pytest.FixtureRequest, users: Users) -> Side:
    if request.param == "blocks":
        events = (("user_blocked", UserBlocked), ("user_unblocked", UserUnblocked))
        return Side(
            "blocks", users.block, users.unblock, events, users.blocks.ListBlocks, blocks_pb2.ListBlocksRequest, users
        )
    told = (("contact_added", ContactAdded), ("contact_removed", ContactRemoved))
    return Side(
        "contacts", users.know, users.forget, told, users.contacts.ListContacts, contacts_pb2.ListContactsRequest, users
    )


async def test_somebody_is_put_on_a_list_and_taken_off_once(users: Users, side: Side, database: Database) -> None:
    ada, eve = await users.join(), await users.join()

    for _ in range(2):
        await side.put(eve.user_id, by=ada.user_id)
    assert await side.listed(ada.user_id) == [eve.user_id]
    assert await side.listed(eve.user_id) == []
    for _ in range(2):
        await side.delete(eve.user_id, by=ada.user_id)

    assert await side.listed(ada.user_id) == []
    put, taken = await side.told(database, ada.user_id)
    assert [type(put), type(taken)] == [kind for _, kind in side.events]
    assert {value for _, value in put.ListFields()} == {ada.user_id, eve.user_id}
    assert put.user_id == taken.user_id == ada.user_id  # type: ignore[attr-defined]
    # Nobody is told.
    assert await side.told(database, eve.user_id) == []


async def test_nobody_is_on_their_own_list(users: Users, side: Side) -> None:
    ada = await users.join()

    refused = await refusal(side.put(ada.user_id.upper(), by=ada.user_id))

    assert (refused.reason, refused.code) == ("NOT_YOURSELF", "INVALID_ARGUMENT")


async def test_who_does_not_exist_is_on_no_list(users: Users, side: Side) -> None:
    ada = await users.join()

    for attempt in (side.put, side.delete):
        assert (await refusal(attempt(user_id(), by=ada.user_id))).reason == "USER_NOT_FOUND"
        assert (await refusal(attempt("nobody", by=ada.user_id))).reason == "INVALID_REQUEST"
        # Nor has somebody without a profile a list.
        assert (await refusal(attempt(ada.user_id, by=user_id()))).reason == "USER_NOT_FOUND"


async def test_a_repeated_request_changes_nothing_that_came_later(users: Users, side: Side, database: Database) -> None:
    ada, eve, bob = await users.join(), await users.join(), await users.join()
    request_id = ids.uuid7()
    await side.put(eve.user_id, by=ada.user_id, request_id=request_id)
    await side.delete(eve.user_id, by=ada.user_id)

    await side.put(eve.user_id, by=ada.user_id, request_id=request_id)

    assert await side.listed(ada.user_id) == []
    refused = await refusal(side.put(bob.user_id, by=ada.user_id, request_id=request_id))
    assert refused.reason == "IDEMPOTENCY_KEY_REUSED"


async def test_changes_at_once_are_announced_as_they_happened(users: Users, side: Side, database: Database) -> None:
    ada, eve = await users.join(), await users.join()

    await asyncio.gather(
        *(attempt(eve.user_id, by=ada.user_id) for _ in range(6) for attempt in (side.put, side.delete))
    )

    told = await side.told(database, ada.user_id)
    kinds = [kind for _, kind in side.events]
    assert [type(event) for event in told] == [kinds[n % 2] for n in range(len(told))]
    assert bool(await side.listed(ada.user_id)) == bool(len(told) % 2)


async def test_a_list_reads_page_by_page_the_latest_first(users: Users, side: Side) -> None:
    ada, people = await users.join(), [await users.join() for _ in range(5)]
    for person in people:
        await side.put(person.user_id, by=ada.user_id)

    first = await side.page(ada.user_id, size=2)
    second = await side.page(ada.user_id, first.next_page_token, size=2)
    third = await side.page(ada.user_id, second.next_page_token, size=2)

    pages = [[row.profile.user_id for row in side.rows(page)] for page in (first, second, third)]
    expected = [person.user_id for person in reversed(people)]
    assert pages == [expected[:2], expected[2:4], expected[4:]]
    assert not third.next_page_token
    assert side.rows(await side.page(ada.user_id, second.previous_page_token, size=2)) == side.rows(first)
    assert side.rows(first)[0].create_time.ToDatetime() > side.rows(first)[1].create_time.ToDatetime()
    # A token is its owner's.
    assert (await refusal(side.page(people[0].user_id, first.next_page_token))).reason == "INVALID_PAGE_TOKEN"
    assert (await refusal(side.page(ada.user_id, "x"))).reason == "INVALID_PAGE_TOKEN"
    assert (await refusal(side.page(ada.user_id, size=201))).reason == "INVALID_REQUEST"


async def test_a_list_takes_the_same_queries_however_long_it_is(users: Users, side: Side) -> None:
    ada, costs = await users.join(), []
    for _ in range(3):
        await side.put((await users.join()).user_id, by=ada.user_id)
        costs.append(await side.queries(ada.user_id))

    # One begins the transaction, one reads.
    assert costs == [2, 2, 2]


async def test_the_people_on_a_list_are_shown_as_they_let_its_owner_see_them(users: Users, side: Side) -> None:
    ada, eve = await users.join(), await users.join()
    await side.put(eve.user_id, by=ada.user_id)
    await users.choose(eve.user_id, profile_visibility="AUDIENCE_NOBODY")

    [row] = side.rows(await side.page(ada.user_id))

    assert (row.profile.username, row.profile.last_name, row.profile.is_hidden) == (eve.username, "", True)
