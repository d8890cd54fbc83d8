"""Settings, roles, mutes, bans, invites and public conversations over REST, every answer held against the document."""

import asyncio
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.support.people import Person

LATER = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%S.000000Z")
BEFORE = "2020-01-01T00:00:00Z"


async def test_every_setting_of_a_group_is_patched(ada: Person, bob: Person) -> None:
    group = await ada.group(bob)
    settings: dict[str, Any] = {
        "title": "Engines",
        "description": "All about them",
        "is_public": True,
        "history_visibility": "since_joined",
        "posting_policy": "moderators",
        "slow_mode_seconds": 30,
    }
    changed = await ada.ask("PATCH", f"conversations/{group}/", json=settings)
    assert {name: changed[name] for name in settings} == settings
    alone = await ada.ask("PATCH", f"conversations/{group}/", json={"posting_policy": "members"})
    assert {name: alone[name] for name in settings} == {**settings, "posting_policy": "members"}
    for bad in (
        {"slow_mode_seconds": 86_401},
        {"slow_mode_seconds": "1"},
        {"posting_policy": "all"},
        {"kind": "group"},
    ):
        await ada.ask("PATCH", f"conversations/{group}/", expect=422, json=bad)
    direct = await ada.direct(bob)
    refused = await ada.ask("PATCH", f"conversations/{direct}/", expect=409, json={"slow_mode_seconds": 1})
    assert refused["code"] == "direct_conversation"


async def test_what_one_sets_for_oneself_shows_in_ones_own_list_only(ada: Person, bob: Person) -> None:
    group, other = await ada.group(bob), await ada.group(bob)
    path = f"conversations/{group}/membership/"
    mine = {"muted_until": LATER, "notification_level": "mentions", "pinned": True, "archived": True}
    changed = await ada.ask("PATCH", path, json={**mine, "nickname": "Countess"})
    assert {name: changed[name] for name in mine} == mine
    assert (changed["nickname"], changed["role"]) == ("Countess", "owner")

    async def listed(person: Person, query: str) -> list[str]:
        return [item["id"] for item in (await person.ask("GET", f"conversations/?{query}"))["results"]]

    assert await listed(ada, "archived=true") == await listed(ada, "pinned=true") == [group]
    assert await listed(ada, "archived=false") == [other]
    assert await listed(bob, "archived=true") == []
    assert set(await listed(bob, "unread=false")) == {group, other}
    people = (await bob.ask("GET", f"conversations/{group}/participants/"))["results"]
    assert {item["user_id"]: item["nickname"] for item in people} == {ada.user_id: "Countess", bob.user_id: ""}
    cleared = await ada.ask("PATCH", path, json={"muted_until": None, "archived": False})
    assert (cleared["muted_until"], cleared["archived"], cleared["pinned"]) == (None, False, True)
    for bad in ({}, {"nickname": "x" * 51}, {"muted_until": "tomorrow"}, {"muted_until": 7}, {"pinned": None}):
        await ada.ask("PATCH", path, expect=422, json=bad)


async def test_own_devices_hear_of_own_settings_and_all_of_a_nickname(ada: Person, bob: Person) -> None:
    group = await ada.group(bob)
    async with ada.socket() as mine, bob.socket() as theirs:
        await ada.ask("PATCH", f"conversations/{group}/membership/", json={"pinned": True, "nickname": "Countess"})
        frame = await mine.until("membership.changed")
        shared = await theirs.until("participant.updated")
    assert "rev" not in frame
    assert frame["payload"]["conversation_id"] == group
    assert frame["payload"]["pinned"] is True
    assert shared["payload"]["nickname"] == "Countess"
    assert not [frame for frame in theirs.frames if frame["type"] == "membership.changed"]


async def test_a_mute_and_a_role_are_set_on_a_participant(ada: Person, bob: Person, eve: Person) -> None:
    group = await ada.group(bob)
    path = f"conversations/{group}/participants/{bob.user_id}/"
    muted = await ada.ask("PATCH", path, json={"muted_until": LATER})
    assert (muted["muted_until"], muted["role"]) == (LATER, "member")
    refused = await bob.ask("POST", f"conversations/{group}/messages/", expect=403, json={"content": "x"})
    assert refused["code"] == "muted"
    assert (await ada.ask("PATCH", path, json={"muted_until": None}))["muted_until"] is None
    assert (await ada.ask("PATCH", path, json={"role": "moderator", "muted_until": LATER}))["role"] == "moderator"
    for bad in ({}, {"role": None}, {"role": "king"}, {"muted_until": "soon"}):
        await ada.ask("PATCH", path, expect=422, json=bad)
    assert (await bob.ask("PATCH", f"conversations/{group}/participants/{ada.user_id}/", expect=403,
                          json={"muted_until": LATER}))["code"] == "role_insufficient"  # fmt: skip
    assert (await eve.ask("PATCH", path, expect=404, json={"role": "member"}))["code"] == "conversation_not_found"


async def test_slow_mode_says_when_to_come_back(ada: Person, bob: Person) -> None:
    group = await ada.group(bob)
    await ada.ask("PATCH", f"conversations/{group}/", json={"slow_mode_seconds": 3600})
    await bob.say(group, "one")
    answer = await bob.http.post(f"/api/v1/conversations/{group}/messages/", json={"content": "two"})
    assert (answer.status_code, answer.json()["code"], answer.json()["retryable"]) == (429, "slow_mode", True)
    assert 3000 < int(answer.headers["Retry-After"]) <= 3600
    await ada.say(group, "one")
    await ada.say(group, "two")


async def test_a_ban_removes_and_keeps_out_until_it_ends(ada: Person, bob: Person, eve: Person) -> None:
    group = await ada.group(bob)
    path = f"conversations/{group}/bans"
    made = await ada.ask("PUT", f"{path}/{bob.user_id}/", json={"expires_at": LATER})
    assert (made["user_id"], made["banned_by"], made["expires_at"]) == (bob.user_id, ada.user_id, LATER)
    await bob.ask("GET", f"conversations/{group}/", expect=404)
    adding = {"user_ids": [bob.user_id]}
    assert (await ada.ask("POST", f"conversations/{group}/participants/", expect=403, json=adding))["code"] == "banned"
    assert (await ada.ask("GET", f"{path}/"))["results"] == [made]
    await ada.ask("DELETE", f"{path}/{bob.user_id}/", expect=204)
    await ada.ask("DELETE", f"{path}/{bob.user_id}/", expect=204)
    assert (await ada.ask("GET", f"{path}/"))["results"] == []
    await ada.ask("POST", f"conversations/{group}/participants/", expect=201, json=adding)
    for method, address, body in (
        ("GET", f"{path}/", None),
        ("PUT", f"{path}/{ada.user_id}/", {}),
        ("DELETE", f"{path}/{ada.user_id}/", None),
    ):
        assert (await bob.ask(method, address, expect=403, json=body))["code"] == "role_insufficient"
        assert (await eve.ask(method, address, expect=404, json=body))["code"] == "conversation_not_found"
    past = await ada.ask("PUT", f"{path}/{bob.user_id}/", expect=422, json={"expires_at": BEFORE})
    assert past["code"] == "expiry_past"
    unknown = await ada.ask("PUT", f"{path}/{uuid.uuid4()}/", expect=422, json={})
    assert unknown["code"] == "user_unavailable"


async def test_ownership_is_passed_on(ada: Person, bob: Person, eve: Person) -> None:
    group = await ada.group(bob)
    path = f"conversations/{group}/transfer/"
    key = {"Idempotency-Key": uuid.uuid4().hex}
    assert (await bob.ask("POST", path, expect=403, json={"user_id": bob.user_id}))["code"] == "role_insufficient"
    assert (await ada.ask("POST", path, expect=404, json={"user_id": eve.user_id}))["code"] == "participant_not_found"
    shown = await ada.ask("POST", path, json={"user_id": bob.user_id}, headers=key)
    again = await ada.http.post(f"/api/v1/{path}", json={"user_id": bob.user_id}, headers=key)
    assert (again.json(), again.headers["Idempotent-Replayed"]) == (shown, "true")
    assert shown["my_membership"]["role"] == "admin"
    assert (await bob.ask("GET", f"conversations/{group}/"))["my_membership"]["role"] == "owner"
    await ada.ask("POST", f"conversations/{group}/leave/", expect=204)
    assert (await bob.ask("POST", f"conversations/{group}/leave/", expect=409))["code"] == "owner_required"


async def test_invites_are_made_shown_changed_and_revoked(ada: Person, bob: Person, eve: Person) -> None:
    group = await ada.group(title="Engine room")
    path = f"conversations/{group}/invites/"
    answer = await ada.http.post(f"/api/v1/{path}", json={"role": "readonly", "expires_at": LATER, "max_uses": 1})
    invite = answer.json()
    assert (answer.status_code, invite["role"], invite["max_uses"], invite["use_count"]) == (201, "readonly", 1, 0)
    assert await ada.ask("GET", answer.headers["Location"].removeprefix("/api/v1/")) == invite

    assert await bob.ask("GET", f"invites/{invite['code']}/") == {
        "kind": "group", "title": "Engine room", "participant_count": 1,
    }  # fmt: skip
    joined = await bob.ask("POST", f"invites/{invite['code']}/accept/")
    assert (joined["id"], joined["my_membership"]["role"]) == (group, "readonly")
    assert (await bob.ask("POST", f"invites/{invite['code']}/accept/"))["id"] == group
    assert (await eve.ask("POST", f"invites/{invite['code']}/accept/", expect=404))["code"] == "invite_not_found"
    assert (await eve.ask("GET", f"invites/{invite['code']}/", expect=404))["code"] == "invite_not_found"

    more = await ada.ask("PATCH", f"{path}{invite['id']}/", json={"max_uses": None, "expires_at": None})
    assert (more["max_uses"], more["expires_at"], more["use_count"]) == (None, None, 1)
    assert [item["id"] for item in (await ada.ask("GET", path))["results"]] == [invite["id"]]
    await ada.ask("DELETE", f"{path}{invite['id']}/", expect=204)
    assert (await ada.ask("DELETE", f"{path}{invite['id']}/", expect=404))["code"] == "invite_not_found"
    assert (await eve.ask("POST", f"invites/{invite['code']}/accept/", expect=404))["code"] == "invite_not_found"
    for bad in ({"role": "king"}, {"max_uses": 0}, {"expires_at": "soon"}, {"expires_at": BEFORE}, {"code": "mine"}):
        await ada.ask("POST", path, expect=422, json=bad)
    assert (await ada.ask("POST", path, expect=403, json={"role": "owner"}))["code"] == "role_insufficient"
    for method, address, body in (("GET", path, None), ("POST", path, {}), ("DELETE", f"{path}{invite['id']}/", None)):
        assert (await bob.ask(method, address, expect=403, json=body))["code"] == "role_insufficient"
        assert (await eve.ask(method, address, expect=404, json=body))["code"] == "conversation_not_found"


async def test_public_conversations_are_found_and_joined(ada: Person, bob: Person, eve: Person) -> None:
    mark = uuid.uuid4().hex
    body = {"kind": "channel", "title": f"News {mark}", "is_public": True, "history_visibility": "since_joined"}
    channel = (await ada.ask("POST", "conversations/", expect=201, json=body))["id"]
    private = await ada.group(title=f"Secret {mark}")
    await ada.say(channel, "before")

    page = await bob.ask("GET", f"conversations/public/?search={mark.upper()}")
    assert [item["id"] for item in page["results"]] == [channel]
    assert page["results"][0].keys() == {"id", "kind", "title", "description", "participant_count", "created_at"}
    joined = await bob.ask("POST", f"conversations/{channel}/join/")
    assert (joined["my_membership"]["role"], joined["last_message"], joined["participant_count"]) == ("member", None, 2)
    assert (await bob.ask("POST", f"conversations/{channel}/join/"))["participant_count"] == 2
    assert (await bob.ask("GET", f"conversations/{channel}/messages/"))["results"] == []
    assert (await bob.ask("POST", f"conversations/{channel}/messages/", expect=403, json={"content": "x"}))["code"] == (
        "posting_restricted"
    )
    for address in (private, str(uuid.uuid4())):
        assert (await eve.ask("POST", f"conversations/{address}/join/", expect=404))["code"] == "conversation_not_found"
    await ada.ask("PUT", f"conversations/{channel}/bans/{eve.user_id}/", json={})
    assert (await eve.ask("POST", f"conversations/{channel}/join/", expect=403))["code"] == "banned"


async def test_who_comes_in_is_told_to_all_and_what_to(ada: Person, bob: Person) -> None:
    group = await ada.group()
    code = (await ada.ask("POST", f"conversations/{group}/invites/", expect=201, json={}))["code"]
    async with ada.socket() as mine, bob.socket() as theirs:
        await bob.ask("POST", f"invites/{code}/accept/")
        added, created = await asyncio.gather(mine.until("participant.added"), theirs.until("conversation.created"))
        assert (added["payload"]["user_id"], created["payload"]["id"]) == (bob.user_id, group)
        await ada.ask("PUT", f"conversations/{group}/bans/{bob.user_id}/", json={})
        removed = await theirs.until("participant.removed")
        assert removed["payload"]["user_id"] == bob.user_id
