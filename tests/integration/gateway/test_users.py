"""Profiles, finding people, presence."""

import uuid

import pytest

from tests.support.people import Person


async def test_my_profile_shows_what_is_private(ada: Person, bob: Person) -> None:
    await ada.ask("PATCH", "users/me/", json={"phone": "+441632960961", "date_of_birth": "1990-12-10"})
    mine = await ada.ask("GET", "users/me/")
    seen = await bob.ask("GET", f"users/{ada.user_id}/")

    assert (mine["phone"], mine["date_of_birth"]) == ("+441632960961", "1990-12-10")
    assert (seen["phone"], seen["date_of_birth"]) == (None, None)
    assert seen["username"] == ada.username


async def test_only_given_fields_change(ada: Person) -> None:
    await ada.ask("PATCH", "users/me/", json={"display_name": "Ada", "bio": "First of her kind"})
    changed = await ada.ask("PATCH", "users/me/", json={"bio": ""})

    assert (changed["display_name"], changed["bio"]) == ("Ada", "")
    cleared = await ada.ask("PATCH", "users/me/", json={"date_of_birth": None})
    assert cleared["date_of_birth"] is None


async def test_a_change_is_refused_when_there_was_another(ada: Person) -> None:
    etag = (await ada.http.get("/api/v1/users/me/")).headers["ETag"]
    first = await ada.http.patch("/api/v1/users/me/", json={"bio": "one"}, headers={"If-Match": etag})
    second = await ada.http.patch("/api/v1/users/me/", json={"bio": "two"}, headers={"If-Match": etag})
    any_version = await ada.http.patch("/api/v1/users/me/", json={"bio": "three"}, headers={"If-Match": "*"})

    assert first.status_code == 200
    assert first.headers["ETag"] != etag
    assert (second.status_code, second.json()["code"]) == (412, "etag_mismatch")
    assert any_version.status_code == 200


@pytest.mark.parametrize("header", ["7", '"a', "", '"a", "b"', 'W/"7"'])
async def test_a_version_must_be_quoted(ada: Person, header: str) -> None:
    answer = await ada.http.patch("/api/v1/users/me/", json={"bio": ""}, headers={"If-Match": header})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "If-Match"


async def test_a_profile_is_its_owner_s(ada: Person, bob: Person) -> None:
    refused = await bob.ask("PATCH", f"users/{ada.user_id}/", expect=403, json={"bio": "hacked"})

    assert refused["code"] == "not_your_profile"


@pytest.mark.parametrize(
    "change",
    [{"id": "x"}, {"username": "x"}, {"is_verified": True}, {"is_bot": False}, {"created_at": "x"}, {"email": "x"}],
)
async def test_what_cannot_be_changed_is_refused(ada: Person, change: dict[str, object]) -> None:
    refused = await ada.ask("PATCH", "users/me/", expect=422, json=change)

    assert [(error["field"], error["code"]) for error in refused["errors"]] == [(next(iter(change)), "extra_forbidden")]


@pytest.mark.parametrize("change", [{"phone": "12"}, {"date_of_birth": "yesterday"}])
async def test_a_value_that_breaks_its_rule_is_refused(ada: Person, change: dict[str, object]) -> None:
    refused = await ada.ask("PATCH", "users/me/", expect=422, json=change)

    assert refused["code"] == "profile_invalid"


async def test_nobody_is_not_found(ada: Person) -> None:
    for path in (f"users/{uuid.uuid4()}/", f"users/{uuid.uuid4()}/presence/"):
        assert (await ada.ask("GET", path, expect=404))["code"] == "user_not_found"


async def test_users_are_listed_filtered_and_ordered(ada: Person, bob: Person) -> None:
    await ada.ask("PATCH", "users/me/", json={"display_name": f"Zebra {ada.user_id}"})
    found = await ada.ask("GET", "users/", params={"search": f"Zebra {ada.user_id}"})
    assert ada.user_id in [user["id"] for user in found["results"]]

    newest = await bob.ask("GET", "users/?ordering=-created_at&page_size=1")
    assert len(newest["results"]) == 1
    following = await bob.ask("GET", newest["next"].partition("/api/v1/")[2])
    assert "ordering=-created_at" in newest["next"]
    assert following["results"][0]["created_at"] <= newest["results"][0]["created_at"]
    forged = await bob.ask("GET", "users/?cursor=abc", expect=422)
    assert forged["code"] == "invalid_page_token"
    foreign = await bob.ask(
        "GET", newest["next"].partition("/api/v1/")[2].replace("-created_at", "username"), expect=422
    )
    assert foreign["code"] == "invalid_page_token"


async def test_users_are_found_in_spite_of_typing_errors(ada: Person, bob: Person) -> None:
    await ada.ask("PATCH", "users/me/", json={"display_name": "Quintessa Featherstone"})
    found = await bob.ask("POST", "users/search/", json={"query": "Quintesa Fetherstone", "limit": 5})

    assert ada.user_id in [user["id"] for user in found["results"]]
    assert len(found["results"]) <= 5


async def test_presence_is_told(ada: Person, bob: Person) -> None:
    async with ada.socket():
        shown = await bob.ask("GET", f"users/{ada.user_id}/presence/")
        assert shown["user_id"] == ada.user_id
        assert shown["state"] in {"online", "offline"}
    online = await bob.ask("GET", "users/online/")
    assert online["results"] == [] or online["results"][0]["presence"]["state"] == "online"
