"""Registering, logging in, staying logged in, logging out."""

import asyncio
import re

import httpx2
import pytest

from deploy.local import ports
from deploy.local.stack import Stack
from tests.integration.gateway.conftest import running
from tests.support.factories.accounts import username
from tests.support.people import PASSWORD, Person


def registration(**fields: str) -> dict[str, str]:
    name = username()
    return {"email": f"{name}@example.org", "username": name, "password": PASSWORD} | fields


def mailed_token(stack: Stack, email: str) -> str:
    """The token of a verification mail, empty while none has come."""
    for path in stack.mail_directory.rglob("*"):
        text = path.read_text(errors="replace").replace("=\n", "") if path.is_file() else ""
        if email in text and (found := re.search(r"token=(?:3D)?([A-Za-z0-9_.~-]+)", text)):
            return found[1]
    return ""


async def test_registering_creates_account_and_profile(stranger: httpx2.AsyncClient) -> None:
    sent = registration(first_name="Ada", last_name="Lovelace", locale="en")
    answer = await stranger.post("/api/v1/auth/register/", json=sent)

    assert answer.status_code == 201
    account = answer.json()
    assert (account["email"], account["username"], account["roles"]) == (sent["email"], sent["username"], ["user"])
    assert answer.headers["Location"] == f"/api/v1/users/{account['id']}/"
    assert "password" not in answer.text

    tokens = await stranger.post("/api/v1/auth/token/", json={"email": sent["email"], "password": PASSWORD})
    stranger.headers["Authorization"] = f"Bearer {tokens.json()['access']}"
    profile = (await stranger.get(answer.headers["Location"])).json()
    assert (profile["username"], profile["first_name"]) == (sent["username"], "Ada")


async def test_users_takes_registrations_too_with_or_without_a_token(ada: Person, stranger: httpx2.AsyncClient) -> None:
    assert (await stranger.post("/api/v1/users/", json=registration())).status_code == 201
    assert (await ada.http.post("/api/v1/users/", json=registration())).status_code == 201
    stranger.headers["Authorization"] = "Bearer nonsense"
    assert (await stranger.post("/api/v1/users/", json=registration())).status_code == 201


async def test_registering_succeeds_while_users_is_down_and_the_profile_follows(platform: Stack, door: str) -> None:
    async with running(platform, users_target=f"127.0.0.1:{ports.free()}") as url:
        person = await Person.join(url)
        person.http.base_url = door
        async with asyncio.timeout(30):
            while (await person.http.get("/api/v1/users/me/")).status_code != 200:
                await asyncio.sleep(0.1)
        await person.close()


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"email": "nobody"}, 422, "email_invalid"),
        ({"username": "a b"}, 422, "username_invalid"),
        ({"password": "short"}, 422, "password_length"),
        ({"password": "1234567890"}, 422, "password_common"),
        ({"is_admin": "true"}, 422, "invalid_request"),
        ({"roles": "admin"}, 422, "invalid_request"),
        ({"locale": "<script>"}, 422, "invalid_request"),
    ],
)
async def test_a_registration_that_breaks_a_rule_is_refused(
    stranger: httpx2.AsyncClient, fields: dict[str, str], status: int, code: str
) -> None:
    answer = await stranger.post("/api/v1/auth/register/", json=registration(**fields))

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert PASSWORD not in answer.text


async def test_address_and_username_are_unique(ada: Person, stranger: httpx2.AsyncClient) -> None:
    email = await stranger.post("/api/v1/users/", json=registration(email=ada.email.upper()))
    name = await stranger.post("/api/v1/users/", json=registration(username=ada.username))

    assert (email.status_code, email.json()["code"]) == (409, "email_taken")
    assert (name.status_code, name.json()["code"]) == (409, "username_taken")


async def test_an_unknown_address_and_a_wrong_password_get_the_same_answer(
    ada: Person, stranger: httpx2.AsyncClient
) -> None:
    answers = [
        (await stranger.post("/api/v1/auth/token/", json={"email": email, "password": "wrong password"})).json()
        for email in (ada.email, "nobody@example.org")
    ]

    assert [answer.pop("request_id") for answer in answers]
    assert answers[0] == answers[1]
    assert answers[0]["code"] == "credentials_invalid"


async def test_a_refresh_token_works_once_and_its_reuse_ends_the_session(
    ada: Person, stranger: httpx2.AsyncClient
) -> None:
    path = "/api/v1/auth/token/refresh/"
    first = await stranger.post(path, json={"refresh": ada.refresh, "rotation_id": "r1"})
    again = await stranger.post(path, json={"refresh": ada.refresh, "rotation_id": "r1"})
    assert first.status_code == again.status_code == 200
    assert first.json()["refresh"] == again.json()["refresh"] != ada.refresh

    stolen = await stranger.post(path, json={"refresh": ada.refresh})
    assert (stolen.status_code, stolen.json()["code"]) == (401, "refresh_reused")
    dead = await stranger.post(path, json={"refresh": first.json()["refresh"]})
    assert dead.status_code == 401


async def test_a_token_can_be_checked(ada: Person, stranger: httpx2.AsyncClient) -> None:
    for token, kind in ((ada.access, "access"), (ada.refresh, "refresh")):
        state = (await stranger.post("/api/v1/auth/token/verify/", json={"token": token})).json()
        assert (state["user_id"], state["token_type"]) == (ada.user_id, kind)
    bad = await stranger.post("/api/v1/auth/token/verify/", json={"token": "nonsense"})
    assert (bad.status_code, bad.json()["code"]) == (401, "token_invalid")


async def test_logging_out_ends_this_session_alone(ada: Person, stranger: httpx2.AsyncClient) -> None:
    credentials = {"email": ada.email, "password": PASSWORD}
    other = (await stranger.post("/api/v1/auth/token/", json=credentials)).json()
    stranger.headers["Authorization"] = f"Bearer {other['access']}"
    assert (await ada.http.post("/api/v1/auth/logout/")).status_code == 204

    await _refused(ada.http)
    assert (await stranger.get("/api/v1/users/me/")).status_code == 200
    assert (await stranger.post("/api/v1/auth/logout/all/")).json() == {"ended_count": 1}
    await _refused(stranger)
    # A login right afterwards is a later one.
    fresh = (await stranger.post("/api/v1/auth/token/", json=credentials)).json()
    stranger.headers["Authorization"] = f"Bearer {fresh['access']}"
    assert (await stranger.get("/api/v1/users/me/")).status_code == 200


async def _refused(http: httpx2.AsyncClient) -> None:
    """Soon the tokens of an ended session work no more."""
    async with asyncio.timeout(20):
        while (answer := await http.get("/api/v1/users/me/")).status_code == 200:
            await asyncio.sleep(0.02)
    assert (answer.status_code, answer.json()["code"]) == (401, "token_invalid")


async def test_sessions_are_listed_and_ended_one_by_one(ada: Person, stranger: httpx2.AsyncClient) -> None:
    credentials = {"email": ada.email, "password": PASSWORD}
    await stranger.post("/api/v1/auth/token/", json=credentials, headers={"User-Agent": "a phone"})
    listed = await ada.ask("GET", "auth/sessions/")
    phone = next(session for session in listed["results"] if session["device"] == "a phone")
    assert [session["is_current"] for session in listed["results"]] == [False, True]

    await ada.ask("DELETE", f"auth/sessions/{phone['id']}/", expect=204)
    gone = await ada.http.delete(f"/api/v1/auth/sessions/{phone['id']}/")
    assert (gone.status_code, gone.json()["code"]) == (404, "session_not_found")
    assert len((await ada.ask("GET", "auth/sessions/"))["results"]) == 1


async def test_lists_are_paged(ada: Person, stranger: httpx2.AsyncClient) -> None:
    for _ in range(2):
        await stranger.post("/api/v1/auth/token/", json={"email": ada.email, "password": PASSWORD})
    first = await ada.ask("GET", "auth/sessions/?page_size=2")
    assert len(first["results"]) == 2
    assert first["previous"] is None
    second = await ada.ask("GET", first["next"].partition("/api/v1/")[2])
    assert len(second["results"]) == 1
    assert second["next"] is None
    back = await ada.ask("GET", second["previous"].partition("/api/v1/")[2])
    assert back["results"] == first["results"]


async def test_an_address_is_confirmed_by_the_mail_s_token(
    platform: Stack, ada: Person, stranger: httpx2.AsyncClient
) -> None:
    async with asyncio.timeout(30):
        while not (token := await asyncio.to_thread(mailed_token, platform, ada.email)):
            await asyncio.sleep(0.2)
    confirmed = await stranger.post("/api/v1/auth/email/verify/", json={"token": token})
    assert confirmed.json()["is_email_verified"] is True
    assert (await ada.ask("GET", "auth/account/"))["is_email_verified"] is True
    wrong = await stranger.post("/api/v1/auth/email/verify/", json={"token": "x" * 40})
    assert (wrong.status_code, wrong.json()["code"]) == (401, "token_invalid")
    await ada.ask("POST", "auth/email/verify/resend/", expect=204)


async def test_the_public_keys_are_public(stranger: httpx2.AsyncClient) -> None:
    answer = await stranger.get("/.well-known/jwks.json")

    assert {(key["kty"], key["crv"]) for key in answer.json()["keys"]} == {("OKP", "Ed25519")}
    assert not any("d" in key for key in answer.json()["keys"])


async def test_moderating_is_for_those_who_may(ada: Person, bob: Person) -> None:
    path = f"admin/users/{bob.user_id}"
    for method, suffix, body in (
        ("PUT", "roles/", {"roles": ["admin"]}),
        ("POST", "suspend/", {"comment": "spam"}),
        ("POST", "restore/", None),
    ):
        answer = await ada.ask(method, f"{path}/{suffix}", expect=403, json=body)
        assert answer["code"] == "platform_role_insufficient"
    hidden = await ada.ask("GET", f"{path}/", expect=404)
    assert hidden["code"] == "account_not_found"
    assert (await ada.ask("GET", f"admin/users/{ada.user_id}/"))["email"] == ada.email
