"""Conversations, participants, receipts and notifications over REST."""

import asyncio
import uuid

from tests.support.people import Person


async def test_a_pair_has_one_direct_conversation(ada: Person, bob: Person) -> None:
    body = {"kind": "direct", "participant_ids": [bob.user_id.upper()]}
    made = await ada.http.post("/api/v1/conversations/", json=body)
    again = await bob.http.post("/api/v1/conversations/", json={"kind": "direct", "participant_ids": [ada.user_id]})

    assert (made.status_code, again.status_code) == (201, 200)
    assert made.json()["id"] == again.json()["id"]
    assert made.headers["Location"] == f"/api/v1/conversations/{made.json()['id']}/"
    assert (made.json()["peer_id"], again.json()["peer_id"]) == (bob.user_id, ada.user_id)


async def test_a_conversation_needs_people_who_exist(ada: Person, bob: Person) -> None:
    nobody = {"kind": "group", "participant_ids": [str(uuid.uuid4())]}
    assert (await ada.ask("POST", "conversations/", expect=422, json=nobody))["code"] == "user_unavailable"
    alone: dict[str, object] = {"kind": "direct", "participant_ids": []}
    assert (await ada.ask("POST", "conversations/", expect=422, json=alone))["code"] == "direct_needs_one_peer"


async def test_a_repeated_creation_answers_the_first(ada: Person, bob: Person) -> None:
    body = {"kind": "group", "title": "Once", "participant_ids": [bob.user_id]}
    key = {"Idempotency-Key": str(uuid.uuid4())}
    first = await ada.http.post("/api/v1/conversations/", json=body, headers=key)
    second = await ada.http.post("/api/v1/conversations/", json=body, headers=key)
    other = await ada.http.post("/api/v1/conversations/", json={**body, "title": "Twice"}, headers=key)

    assert first.status_code == second.status_code == 201
    assert first.json()["id"] == second.json()["id"]
    assert "Idempotent-Replayed" not in first.headers
    assert second.headers["Idempotent-Replayed"] == "true"
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")


async def test_a_group_is_changed_with_its_version(ada: Person, bob: Person) -> None:
    group = await ada.group(bob)
    etag = (await ada.http.get(f"/api/v1/conversations/{group}/")).headers["ETag"]
    path = f"/api/v1/conversations/{group}/"
    changed = await ada.http.patch(path, json={"title": "New"}, headers={"If-Match": etag})
    late = await ada.http.patch(path, json={"title": "Newer"}, headers={"If-Match": etag})

    assert (changed.status_code, changed.json()["title"]) == (200, "New")
    assert late.status_code == 412
    assert (await bob.ask("PATCH", f"conversations/{group}/", expect=403, json={"title": "x"}))["code"] == (
        "role_insufficient"
    )
    assert (await ada.ask("PATCH", f"conversations/{group}/", expect=422, json={}))["errors"][0]["code"] == "empty"
    cleared = await ada.ask("PATCH", f"conversations/{group}/", json={"description": ""})
    assert (cleared["title"], cleared["description"]) == ("New", "")


async def test_an_outsider_cannot_tell_whether_a_conversation_exists(ada: Person, bob: Person, eve: Person) -> None:
    group, nothing = await ada.group(bob), str(uuid.uuid4())
    for method, suffix, body in (
        ("GET", "", None),
        ("PATCH", "", {"title": "x"}),
        ("DELETE", "", None),
        ("GET", "participants/", None),
        ("POST", "participants/", {"user_ids": [eve.user_id]}),
        ("PATCH", f"participants/{ada.user_id}/", {"role": "member"}),
        ("PATCH", "membership/", {"pinned": True}),
        ("POST", "join/", None),
        ("POST", "transfer/", {"user_id": eve.user_id}),
        ("GET", "bans/", None),
        ("PUT", f"bans/{ada.user_id}/", {}),
        ("DELETE", f"bans/{ada.user_id}/", None),
        ("GET", "invites/", None),
        ("POST", "invites/", {}),
        ("POST", "leave/", None),
        ("GET", "messages/", None),
        ("POST", "messages/", {"content": "x"}),
        ("POST", "read/", {"seq": 0}),
        ("POST", "delivered/", {"seq": 0}),
        ("GET", "receipts/", None),
        ("POST", "typing/", {"state": "start"}),
        ("GET", "changes/", None),
    ):
        answers = []
        for conversation in (group, nothing):
            answer = await eve.http.request(method, f"/api/v1/conversations/{conversation}/{suffix}", json=body)
            shown = answer.json()
            shown.pop("request_id")
            answers.append((answer.status_code, shown))
        assert answers[0] == answers[1]
        assert answers[0][1]["code"] == "conversation_not_found", (method, suffix)


async def test_my_conversations_are_listed_and_filtered(ada: Person, bob: Person) -> None:
    direct, group = await ada.direct(bob), await ada.group(bob, title="Difference Engine")
    await bob.say(group, "hello")

    assert [item["id"] for item in (await ada.ask("GET", "conversations/"))["results"]] == [group, direct]
    for query, expected in (("kind=direct", direct), ("unread=true", group), ("search=difference", group)):
        assert [item["id"] for item in (await ada.ask("GET", f"conversations/?{query}"))["results"]] == [expected]
    first = await ada.ask("GET", "conversations/?page_size=1&kind=group")
    assert first["next"] is None
    shown = (await ada.ask("GET", "conversations/?unread=true"))["results"][0]
    assert (shown["unread_count"], shown["last_message"]["content"], shown["last_seq"]) == (1, "hello", 1)
    assert shown["my_membership"]["role"] == "owner"


async def test_participants_come_change_and_go(ada: Person, bob: Person, eve: Person) -> None:
    group = await ada.group(bob)
    path = f"conversations/{group}/participants"
    added = await ada.ask("POST", f"{path}/", expect=201, json={"user_ids": [eve.user_id], "role": "readonly"})
    assert [(item["user_id"], item["role"]) for item in added["results"]] == [(eve.user_id, "readonly")]
    assert (await eve.ask("POST", f"conversations/{group}/messages/", expect=403, json={"content": "x"}))["code"] == (
        "role_insufficient"
    )
    changed = await ada.ask("PATCH", f"{path}/{eve.user_id}/", json={"role": "moderator"})
    assert changed["role"] == "moderator"
    assert (await bob.ask("DELETE", f"{path}/{eve.user_id}/", expect=403))["code"] == "role_insufficient"
    first = await eve.ask("GET", f"{path}/?page_size=2")
    rest = await eve.ask("GET", first["next"].partition("/api/v1/")[2])
    assert {item["user_id"] for item in first["results"] + rest["results"]} == {
        ada.user_id,
        bob.user_id,
        eve.user_id,
    }
    await ada.ask("DELETE", f"{path}/{eve.user_id}/", expect=204)
    assert (await ada.ask("DELETE", f"{path}/{eve.user_id}/", expect=404))["code"] == "participant_not_found"
    await eve.ask("GET", f"{path}/", expect=404)
    assert (await ada.ask("POST", f"conversations/{group}/leave/", expect=409))["code"] == "owner_required"
    await bob.ask("POST", f"conversations/{group}/leave/", expect=204)
    await bob.ask("GET", f"conversations/{group}/", expect=404)


async def test_a_direct_conversation_is_hidden_until_its_next_message(ada: Person, bob: Person) -> None:
    direct = await ada.direct(bob)
    await ada.say(direct, "hello")
    await bob.ask("DELETE", f"conversations/{direct}/", expect=204)
    await bob.ask("GET", f"conversations/{direct}/", expect=404)
    await ada.say(direct, "are you there?")
    assert (await bob.ask("GET", f"conversations/{direct}/"))["last_seq"] == 2
    assert (await ada.ask("POST", f"conversations/{direct}/leave/", expect=409))["code"] == "direct_conversation"


async def test_a_group_is_deleted_by_its_owner_for_all(ada: Person, bob: Person) -> None:
    group = await ada.group(bob)
    assert (await bob.ask("DELETE", f"conversations/{group}/", expect=403))["code"] == "role_insufficient"
    await ada.ask("DELETE", f"conversations/{group}/", expect=204)
    await bob.ask("GET", f"conversations/{group}/", expect=404)


async def test_positions_move_forward_only(ada: Person, bob: Person) -> None:
    direct = await ada.direct(bob)
    for text in ("one", "two", "three"):
        await ada.say(direct, text)
    path = f"conversations/{direct}"
    assert (await bob.ask("POST", f"{path}/delivered/", json={"seq": 3}))["delivered_seq"] == 3
    read = await bob.ask("POST", f"{path}/read/", json={"seq": 2})
    assert (read["read_seq"], read["unread_count"]) == (2, 1)
    assert (await bob.ask("POST", f"{path}/read/", json={"seq": 1}))["read_seq"] == 2
    assert (await bob.ask("POST", f"{path}/read/", expect=422, json={"seq": 4}))["code"] == "position_beyond_end"
    receipts = (await ada.ask("GET", f"{path}/receipts/"))["results"]
    assert {item["user_id"]: item["read_seq"] for item in receipts} == {ada.user_id: 3, bob.user_id: 2}
    await ada.ask("POST", f"{path}/typing/", expect=204, json={"state": "start"})
    await ada.ask("POST", f"{path}/typing/", expect=204, json={"state": "stop"})


async def test_what_changed_is_told_from_any_revision(ada: Person, bob: Person) -> None:
    group = await ada.group(bob)
    known = (await ada.ask("GET", f"conversations/{group}/"))["rev"]
    message = await ada.say(group, "one")
    await ada.ask("PATCH", f"conversations/{group}/", json={"title": "New"})
    changes = await bob.ask("GET", f"conversations/{group}/changes/?after_rev={known}")

    assert changes["mode"] == "events"
    assert [item["kind"] for item in changes["changes"]] == ["message_sent", "conversation_updated"]
    told = changes["changes"][0]["target"]
    assert told == {name: message[name] for name in told}
    assert changes["changes"][-1]["rev"] == changes["rev"] == known + 2
    everything = await bob.ask("GET", f"conversations/{group}/changes/")
    assert [item["rev"] for item in everything["changes"]] == list(range(1, known + 3))
    assert (await bob.ask("GET", f"conversations/{group}/changes/?after_rev=1000"))["mode"] == "reset"


async def test_notifications_are_listed_read_and_removed(ada: Person, bob: Person) -> None:
    group = await ada.group(bob)
    await ada.say(group, "hello")
    async with asyncio.timeout(30):
        while (await bob.ask("GET", "notifications/unread_count/"))["unread_count"] < 2:
            await asyncio.sleep(0.05)

    listed = (await bob.ask("GET", "notifications/?unread=true"))["results"]
    assert {item["kind"] for item in listed} == {"message", "member_added"}
    [message] = (await bob.ask("GET", "notifications/?kind=message"))["results"]
    path = f"notifications/{message['id']}/"
    assert (await bob.ask("PATCH", path, json={"is_read": True}))["is_read"] is True
    assert (await bob.ask("GET", path))["read_at"]
    assert (await ada.ask("GET", path, expect=404))["code"] == "notification_not_found"
    assert (await bob.ask("POST", "notifications/mark_all_read/"))["marked_count"] == 1
    assert (await bob.ask("GET", "notifications/unread_count/")) == {"unread_count": 0}
    await bob.ask("DELETE", path, expect=204)
    await bob.ask("GET", path, expect=404)
    first = await bob.ask("GET", "notifications/?page_size=1")
    assert first["next"] is None
