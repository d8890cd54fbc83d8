"""Reactions, pins, bookmarks, drafts, acknowledgements, votes and reports over REST, each held to its documentation."""

import uuid
from typing import Any
from urllib.parse import quote

import pytest

from tests.integration.gateway.conftest import CONFORMANCE
from tests.support.people import Person

THUMB, KEYCAP, FAMILY = "👍", "#️⃣", "👨‍👩‍👧‍👦"


def reacting(message: Any, emoji: str = THUMB) -> str:
    return f"messages/{message['id']}/reactions/{quote(emoji)}/"


@pytest.mark.parametrize("emoji", [THUMB, KEYCAP, FAMILY, "*️⃣"])
async def test_an_emoji_stands_in_the_address(ada: Person, bob: Person, emoji: str) -> None:
    message = await ada.say(await ada.direct(bob), "hello")
    change = await bob.ask("PUT", reacting(message, emoji))

    assert change == {
        "message_id": message["id"],
        "user_id": bob.user_id,
        "emoji": emoji,
        "added": True,
        "count": 1,
    }
    seen = await bob.ask("GET", f"messages/{message['id']}/")
    assert seen["reactions"] == {emoji: {"count": 1, "me": True}}
    assert (await ada.ask("GET", f"messages/{message['id']}/"))["reactions"] == {emoji: {"count": 1, "me": False}}
    [reactor] = (await ada.ask("GET", f"messages/{message['id']}/reactions/?emoji={quote(emoji)}"))["results"]
    assert (reactor["user_id"], reactor["emoji"]) == (bob.user_id, emoji)
    for _ in range(2):
        await bob.ask("DELETE", reacting(message, emoji), expect=204)
    assert (await ada.ask("GET", f"messages/{message['id']}/reactions/"))["results"] == []


@pytest.mark.parametrize("address", ["like", "%F0%9F", "%00", "1", quote(THUMB * 2), "%2E%2E", "x" * 300])
async def test_what_is_no_emoji_is_refused(ada: Person, bob: Person, address: str) -> None:
    message = await ada.say(await ada.direct(bob), "hello")

    refused = await ada.ask("PUT", f"messages/{message['id']}/reactions/{address}/", expect=422)
    assert refused["code"] in {"emoji_invalid", "invalid_request"}


async def test_pins_are_listed_with_their_messages(ada: Person, bob: Person) -> None:
    group = await ada.group(bob)
    message = await ada.say(group, "the rules")
    path = f"messages/{message['id']}/pin/"
    assert (await bob.ask("PUT", path, expect=403))["code"] == "role_insufficient"
    for _ in range(2):
        await ada.ask("PUT", path, expect=204)
    [pin] = (await bob.ask("GET", f"conversations/{group}/pins/"))["results"]
    assert (pin["message"]["id"], pin["message"]["is_pinned"], pin["pinned_by"]) == (message["id"], True, ada.user_id)
    for _ in range(2):
        await ada.ask("DELETE", path, expect=204)
    assert (await bob.ask("GET", f"conversations/{group}/pins/"))["results"] == []


async def test_bookmarks_are_listed_with_their_messages(ada: Person, bob: Person) -> None:
    message = await ada.say(await ada.direct(bob), "an address")
    path = f"messages/{message['id']}/bookmark/"
    for _ in range(2):
        await bob.ask("PUT", path, expect=204)
    [bookmark] = (await bob.ask("GET", "messages/bookmarks/"))["results"]
    assert (bookmark["message"]["id"], bookmark["message"]["is_bookmarked"]) == (message["id"], True)
    for _ in range(2):
        await bob.ask("DELETE", path, expect=204)
    assert (await bob.ask("GET", "messages/bookmarks/"))["results"] == []


async def test_a_draft_is_saved_shown_and_deleted(ada: Person, bob: Person) -> None:
    direct = await ada.direct(bob)
    path = f"conversations/{direct}/draft/"
    assert (await ada.ask("GET", path, expect=404))["code"] == "draft_not_found"
    message = await bob.say(direct, "well?")
    saved = await ada.ask("PUT", path, json={"content": "Dear", "reply_to_id": message["id"].upper()})
    assert (saved["conversation_id"], saved["content"], saved["reply_to_id"]) == (direct, "Dear", message["id"])
    assert await ada.ask("GET", path) == saved
    assert (await bob.ask("GET", path, expect=404))["code"] == "draft_not_found"
    assert (await ada.ask("PUT", path, expect=422, json={"content": ""}))["code"] == "message_content_invalid"
    unknown = {"content": "x", "reply_to_id": str(uuid.uuid4())}
    assert (await ada.ask("PUT", path, expect=422, json=unknown))["code"] == "reply_target_unavailable"
    for _ in range(2):
        await ada.ask("DELETE", path, expect=204)
    assert (await ada.ask("GET", path, expect=404))["code"] == "draft_not_found"


async def test_a_message_is_acknowledged_once(ada: Person, bob: Person) -> None:
    direct = await ada.direct(bob)
    plain, asking = await ada.say(direct, "hi"), await ada.say(direct, "read this", requires_acknowledgement=True)
    refused = await bob.ask("POST", f"messages/{plain['id']}/acknowledge/", expect=409)
    assert refused["code"] == "acknowledgement_not_required"
    path, key = f"/api/v1/messages/{asking['id']}/acknowledge/", {"Idempotency-Key": str(uuid.uuid4())}
    first, again = await bob.http.post(path, headers=key), await bob.http.post(path, headers=key)
    assert (first.status_code, first.json()) == (200, again.json())
    assert again.headers["Idempotent-Replayed"] == "true"
    report = f"messages/{asking['id']}/acknowledgements/"
    assert (await ada.ask("GET", report))["results"] == [first.json()]
    assert (await ada.ask("GET", f"{report}?acknowledged=false"))["results"] == []
    assert (await ada.ask("GET", f"{report}?acknowledged=true"))["results"] == [first.json()]
    assert (await bob.ask("GET", report, expect=403))["code"] == "role_insufficient"
    seen = await bob.ask("GET", f"messages/{asking['id']}/")
    assert (seen["acknowledgement_count"], seen["has_acknowledged"]) == (1, True)


async def test_votes_are_cast_listed_and_ended(ada: Person, bob: Person) -> None:
    poll = {"options": ["Tuesday", "Thursday"]}
    message = await ada.say(await ada.direct(bob), "When?", message_type="poll", poll=poll)
    path = f"messages/{message['id']}"
    voted = await bob.ask("PUT", f"{path}/vote/", json={"options": [1]})
    assert [option["votes"] for option in voted["options"]] == [0, 1]
    assert (voted["my_votes"], voted["voter_count"]) == ([1], 1)
    [vote] = (await ada.ask("GET", f"{path}/votes/"))["results"]
    assert (vote["user_id"], vote["options"]) == (bob.user_id, [1])
    refused = await bob.ask("PUT", f"{path}/vote/", expect=422, json={"options": [0, 1]})
    assert refused["code"] == "vote_invalid"
    await bob.ask("DELETE", f"{path}/vote/", expect=204)
    assert (await bob.ask("POST", f"{path}/close/", expect=403))["code"] == "not_the_author"
    closed = await ada.ask("POST", f"{path}/close/")
    assert (closed["is_closed"], closed["voter_count"]) == (True, 0)
    assert (await bob.ask("PUT", f"{path}/vote/", expect=409, json={"options": [0]}))["code"] == "poll_closed"


@pytest.mark.parametrize("body", [{}, {"options": []}, {"options": ["0"]}, {"options": [20]}, {"options": [True]}])
async def test_a_vote_names_places(ada: Person, bob: Person, body: Any) -> None:
    poll = {"options": ["Tuesday", "Thursday"]}
    message = await ada.say(await ada.direct(bob), "When?", message_type="poll", poll=poll)

    assert (await bob.ask("PUT", f"messages/{message['id']}/vote/", expect=422, json=body))["code"] == "invalid_request"


async def test_reports_reach_the_queue(admin: Person, ada: Person, bob: Person, door: str) -> None:
    message = await ada.say(await ada.direct(bob), "Buy my watches")
    path, key = f"/api/v1/messages/{message['id']}/report/", {"Idempotency-Key": str(uuid.uuid4())}
    body = {"reason": "spam", "comment": "Third time"}
    answers = [await bob.http.post(path, json=body, headers=key) for _ in range(2)]
    assert [(answer.status_code, answer.content) for answer in answers] == [(204, b"")] * 2
    assert [answer.headers.get("Idempotent-Replayed") for answer in answers] == [None, "true"]
    assert (await bob.ask("GET", "admin/reports/", expect=403))["code"] == "platform_role_insufficient"

    await admin.log_in()
    async with type(admin.http)(base_url=door, timeout=30, event_hooks={"response": [CONFORMANCE.check]}) as http:
        boss = Person(door, http, admin.username, {n: getattr(admin, n) for n in ("user_id", "access", "refresh")})
        queued = (await boss.ask("GET", "admin/reports/?page_size=200"))["results"]
        [report] = [each for each in queued if each["message_id"] == message["id"]]
        assert (report["reason"], report["comment"], report["content"]) == ("spam", "Third time", None)
        shown = await boss.ask("GET", f"admin/reports/{report['id']}/")
        assert shown == {**report, "content": "Buy my watches"}
        decision = {"state": "resolved", "resolution": "Warned"}
        decided = await boss.ask("PATCH", f"admin/reports/{report['id']}/", json=decision)
        assert (decided["state"], decided["resolver_id"], decided["resolution"]) == (
            "resolved",
            boss.user_id,
            "Warned",
        )
        other = await boss.ask("PATCH", f"admin/reports/{report['id']}/", expect=409, json={"state": "dismissed"})
        assert other["code"] == "report_decided"
        done = (await boss.ask("GET", "admin/reports/?state=resolved&page_size=200"))["results"]
        assert decided in done
        assert (await boss.ask("GET", f"admin/reports/{uuid.uuid4()}/", expect=404))["code"] == "report_not_found"


@pytest.mark.parametrize("body", [{}, {"reason": "boring"}, {"reason": "spam", "comment": "x" * 2001}, {"reason": 1}])
async def test_a_report_has_a_reason(ada: Person, bob: Person, body: Any) -> None:
    message = await ada.say(await ada.direct(bob), "hello")

    refused = await bob.ask("POST", f"messages/{message['id']}/report/", expect=422, json=body)
    assert refused["code"] == "invalid_request"
