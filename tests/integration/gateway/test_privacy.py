"""Privacy, blocks and contacts as clients know them."""

import asyncio
from typing import Any

import pytest

from tests.support.people import Person

OPEN = {
    "profile_visibility": "everyone",
    "show_online": True,
    "show_last_seen": True,
    "read_receipts": True,
    "typing_indicators": True,
    "who_can_message": "everyone",
    "searchable": True,
}


async def test_privacy_is_shown_and_changed_field_by_field(ada: Person) -> None:
    assert await ada.ask("GET", "users/me/privacy/") == OPEN

    changed = {"show_last_seen": False, "who_can_message": "contacts"}
    assert await ada.ask("PUT", "users/me/privacy/", json=changed) == OPEN | changed
    assert await ada.ask("PUT", "users/me/privacy/", json=OPEN) == OPEN
    assert await ada.ask("GET", "users/me/privacy/") == OPEN


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({}, ""),
        ({"who_can_message": "friends"}, "who_can_message"),
        ({"who_can_message": ""}, "who_can_message"),
        ({"profile_visibility": None}, "profile_visibility"),
        ({"show_online": "yes"}, "show_online"),
        ({"searchable": 1}, "searchable"),
        ({"show_typing": True}, "show_typing"),
    ],
)
async def test_privacy_that_is_none_is_refused(ada: Person, change: dict[str, Any], field: str) -> None:
    refused = await ada.ask("PUT", "users/me/privacy/", expect=422, json=change)

    assert [error["field"] for error in refused["errors"]] == [field]


async def test_what_is_hidden_is_null(ada: Person, bob: Person) -> None:
    await ada.ask("PUT", "users/me/privacy/", json={"profile_visibility": "nobody"})

    seen = await bob.ask("GET", f"users/{ada.user_id}/")
    mine = await ada.ask("GET", "users/me/")

    told = {"id": ada.user_id, "username": ada.username, "display_name": mine["display_name"]}
    nowhere = {"state": "offline", "last_seen_at": None}
    assert seen == {**dict.fromkeys(mine), **told, "presence": nowhere}
    assert mine["first_name"] == "A"


async def test_contacts_see_what_is_left_to_them(ada: Person, bob: Person) -> None:
    await ada.ask("PUT", "users/me/privacy/", json={"profile_visibility": "contacts"})
    assert (await bob.ask("GET", f"users/{ada.user_id}/"))["first_name"] is None

    await ada.ask("PUT", f"users/{bob.user_id}/contact/", expect=204)

    assert (await bob.ask("GET", f"users/{ada.user_id}/"))["first_name"] == "A"


@pytest.mark.parametrize(("one", "many"), [("block", "blocks"), ("contact", "contacts")])
async def test_people_are_put_on_lists_and_taken_off(
    ada: Person, bob: Person, eve: Person, one: str, many: str
) -> None:
    for person in (bob, eve, bob):
        await ada.ask("PUT", f"users/{person.user_id}/{one}/", expect=204)
    first = await ada.ask("GET", f"users/me/{many}/?page_size=1")
    second = await ada.ask("GET", first["next"].partition("/api/v1/")[2])

    assert [row["user"]["username"] for row in first["results"] + second["results"]] == [eve.username, bob.username]
    assert first["results"][0]["created_at"] > second["results"][0]["created_at"]
    assert second["next"] is None
    for person in (bob, eve, bob):
        await ada.ask("DELETE", f"users/{person.user_id}/{one}/", expect=204)
    assert (await ada.ask("GET", f"users/me/{many}/"))["results"] == []


@pytest.mark.parametrize("one", ["block", "contact"])
async def test_nobody_is_on_their_own_list(ada: Person, one: str) -> None:
    refused = await ada.ask("PUT", f"users/{ada.user_id}/{one}/", expect=422)

    assert refused["code"] == "not_yourself"


async def test_whoever_is_not_searchable_is_not_found(ada: Person, bob: Person) -> None:
    await ada.ask("PUT", "users/me/privacy/", json={"searchable": False})

    for person, expected in ((bob, []), (ada, [ada.user_id])):
        listed = await person.ask("GET", "users/", params={"search": ada.username})
        found = await person.ask("POST", "users/search/", json={"query": ada.username, "limit": 1})
        assert [user["id"] for user in listed["results"]] == expected
        assert [user["id"] for user in found["results"] if user["id"] == ada.user_id] == expected


async def test_the_blocked_are_not_shown_whether_somebody_is_there(ada: Person, bob: Person, eve: Person) -> None:
    async with ada.socket():
        async with asyncio.timeout(30):
            while (await bob.ask("GET", f"users/{ada.user_id}/presence/"))["state"] != "online":
                await asyncio.sleep(0.05)
        await ada.ask("PUT", f"users/{eve.user_id}/block/", expect=204)
        hidden = await eve.ask("GET", f"users/{ada.user_id}/presence/")
        listed = await eve.ask("GET", "users/online/?page_size=200")

        assert hidden == {"user_id": ada.user_id, "state": "offline", "last_seen_at": None}
        assert ada.user_id not in [user["id"] for user in listed["results"]]
        assert (await bob.ask("GET", f"users/{ada.user_id}/presence/"))["state"] == "online"
