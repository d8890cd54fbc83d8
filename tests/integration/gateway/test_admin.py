"""Moderating over REST: who may, and how soon it counts."""

import asyncio
import uuid
from collections.abc import AsyncIterator

import pytest

from tests.integration.gateway.conftest import CONFORMANCE
from tests.support.people import PASSWORD, Person


@pytest.fixture
async def boss(admin: Person, door: str) -> AsyncIterator[Person]:
    """The first admin at this package's door."""
    await admin.log_in()
    person = Person(door, type(admin.http)(base_url=door, timeout=30), admin.username, _tokens(admin))
    person.http.event_hooks = {"response": [CONFORMANCE.check]}
    yield person
    await person.close()


def _tokens(person: Person) -> dict[str, str]:
    return {"user_id": person.user_id, "access": person.access, "refresh": person.refresh}


async def refused(person: Person) -> str:
    """Wait until a person's tokens no longer count; returns the problem's code."""
    async with asyncio.timeout(20):
        while (answer := await person.http.get("/api/v1/users/me/")).status_code == 200:
            await asyncio.sleep(0.02)
    return str(answer.json()["code"])


async def test_a_new_role_ends_sessions_and_counts_from_the_next_login(boss: Person, ada: Person, bob: Person) -> None:
    appointed = await boss.ask("PUT", f"admin/users/{ada.user_id}/roles/", json={"roles": ["moderator"]})
    assert appointed["roles"] == ["user", "moderator"]
    assert await refused(ada) == "token_invalid"

    await ada.log_in()
    assert (await ada.ask("GET", f"admin/users/{bob.user_id}/"))["email"] == bob.email
    above = await ada.ask("PUT", f"admin/users/{bob.user_id}/roles/", expect=403, json={"roles": ["admin"]})
    assert above["code"] == "platform_role_insufficient"


async def test_a_suspended_user_is_out_within_a_second_until_restored(boss: Person, ada: Person) -> None:
    path = f"admin/users/{ada.user_id}"
    key = {"Idempotency-Key": str(uuid.uuid4())}
    suspended = await boss.http.post(f"/api/v1/{path}/suspend/", json={"comment": "spam"}, headers=key)
    again = await boss.http.post(f"/api/v1/{path}/suspend/", json={"comment": "spam"}, headers=key)
    assert suspended.json() == again.json()
    assert suspended.json()["state"] == "suspended"
    assert again.headers["Idempotent-Replayed"] == "true"

    assert await refused(ada) == "token_invalid"
    login = await ada.http.post("/api/v1/auth/token/", json={"email": ada.email, "password": PASSWORD})
    assert (login.status_code, login.json()["code"]) == (403, "account_suspended")
    assert (await boss.ask("POST", f"{path}/restore/"))["state"] == "active"
    await ada.log_in()
    await ada.ask("GET", "users/me/")


async def test_the_last_admin_stays(boss: Person) -> None:
    for method, suffix, body in (("PUT", "roles/", {"roles": []}), ("POST", "suspend/", {"comment": "tired"})):
        kept = await boss.ask(method, f"admin/users/{boss.user_id}/{suffix}", expect=409, json=body)
        assert kept["code"] == "last_admin"


async def test_an_admin_changes_any_profile_and_sees_what_is_private(boss: Person, ada: Person) -> None:
    await ada.ask("PATCH", "users/me/", json={"phone": "+441632960961"})
    changed = await boss.ask("PATCH", f"users/{ada.user_id}/", json={"bio": "moderated"})

    assert (changed["bio"], changed["phone"]) == ("moderated", "+441632960961")
