"""Sending, reading, editing and deleting messages over REST."""

import uuid
from datetime import UTC, datetime
from typing import Any

import pytest

from deploy.local.stack import Stack
from tests.integration.gateway.conftest import running
from tests.support.people import Person


async def test_a_sent_message_is_answered_as_it_is_stored(ada: Person, bob: Person) -> None:
    direct = await ada.direct(bob)
    body = {"content": "Hello", "message_type": "text", "priority": "urgent", "is_important": True}
    answer = await ada.http.post(f"/api/v1/conversations/{direct}/messages/", json=body)

    assert answer.status_code == 201
    message = answer.json()
    assert {name: message[name] for name in body} == body
    assert (message["seq"], message["sender_id"], message["conversation_id"]) == (1, ada.user_id, direct)
    assert message["client_message_id"]
    assert int(answer.headers["X-Database-Queries"]) >= 4
    assert message["status"] == "sent"
    assert await ada.ask("GET", f"messages/{message['id']}/") == message
    assert await bob.ask("GET", f"messages/{message['id']}/") == {**message, "status": None}


async def test_a_message_can_be_sent_to_a_named_conversation(ada: Person, bob: Person) -> None:
    direct = await ada.direct(bob)
    sent = await ada.ask("POST", "messages/", expect=201, json={"conversation_id": direct.upper(), "content": "Hi"})

    assert sent["conversation_id"] == direct


@pytest.mark.parametrize("by_header", [True, False])
async def test_repeating_a_key_answers_the_first_message(ada: Person, bob: Person, by_header: bool) -> None:
    direct, key = await ada.direct(bob), str(uuid.uuid4())
    path = f"/api/v1/conversations/{direct}/messages/"

    async def send(content: str) -> Any:
        headers = {"Idempotency-Key": key} if by_header else {}
        fields = {} if by_header else {"client_message_id": key}
        return await ada.http.post(path, json={"content": content, **fields}, headers=headers)

    first, second, other = await send("once"), await send("once"), await send("twice")
    assert first.json() == second.json()
    assert first.json()["client_message_id"] == key
    assert "Idempotent-Replayed" not in first.headers
    assert second.headers["Idempotent-Replayed"] == "true"
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")


async def test_two_keys_must_be_one(ada: Person, bob: Person) -> None:
    direct = await ada.direct(bob)
    path, headers = f"/api/v1/conversations/{direct}/messages/", {"Idempotency-Key": "k"}
    same = await ada.http.post(path, json={"content": "x", "client_message_id": "k"}, headers=headers)
    different = await ada.http.post(path, json={"content": "x", "client_message_id": "l"}, headers=headers)

    assert same.status_code == 201
    assert different.status_code == 422
    assert different.json()["errors"][0]["field"] == "client_message_id"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "invalid_request"),
        ({"content": ""}, "invalid_request"),
        ({"content": "   \n"}, "message_content_invalid"),
        ({"content": "x" * 16_001}, "invalid_request"),
        ({"content": 7}, "invalid_request"),
        ({"content": "x", "is_important": 1}, "invalid_request"),
        ({"content": "x", "message_type": "system"}, "invalid_request"),
        ({"content": "x", "priority": "highest"}, "invalid_request"),
        ({"content": "x", "sender_id": str(uuid.uuid4())}, "invalid_request"),
        ({"content": "x", "seq": 1}, "invalid_request"),
        ({"content": "x", "client_message_id": ""}, "invalid_request"),
        ({"content": "x", "client_message_id": "k" * 65}, "invalid_request"),
        (["content"], "invalid_request"),
        (None, "invalid_request"),
    ],
)
async def test_a_message_that_breaks_a_rule_is_refused(ada: Person, bob: Person, body: Any, code: str) -> None:
    direct = await ada.direct(bob)
    refused = await ada.http.post(
        f"/api/v1/conversations/{direct}/messages/",
        content=b"null" if body is None else None,
        json=body,
        headers={"Content-Type": "application/json"},
    )

    assert (refused.status_code, refused.json()["code"]) == (422, code)


async def test_messages_are_read_from_any_point(ada: Person, bob: Person) -> None:
    direct = await ada.direct(bob)
    for number in range(1, 8):
        await ada.say(direct, f"message {number}", priority="high" if number == 4 else "normal")
    path = f"conversations/{direct}/messages/"

    async def seqs(query: str) -> list[int]:
        return [item["seq"] for item in (await bob.ask("GET", f"{path}?{query}"))["results"]]

    assert await seqs("") == [7, 6, 5, 4, 3, 2, 1]
    assert await seqs("before_seq=4") == [3, 2, 1]
    assert await seqs("after_seq=5") == [6, 7]
    assert await seqs("after_seq=0&page_size=3") == [1, 2, 3]
    assert await seqs("around_seq=4&page_size=3") == [3, 4, 5]
    assert await seqs("priority=high") == [4]
    assert await seqs(f"sender={bob.user_id}") == []
    assert await seqs(f"sender={ada.user_id.upper()}&page_size=2") == [7, 6]
    now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    assert await seqs(f"since={now}") == []
    assert len(await seqs(f"until={now}")) == 7

    pages, address = [], f"{path}?page_size=3"
    while address:
        page = await bob.ask("GET", address)
        pages.append([item["seq"] for item in page["results"]])
        address = str(page["next"] or "").partition("/api/v1/")[2]
    assert pages == [[7, 6, 5], [4, 3, 2], [1]]
    assert [message["seq"] for message in await bob.read_all(direct)] == list(range(1, 8))


@pytest.mark.parametrize(
    "query",
    [
        "before_seq=2&after_seq=1",
        "before_seq=0",
        "after_seq=-1",
        "after_seq=x",
        "before_seq=9223372036854775808",
        "page_size=0",
        "page_size=201",
        "priority=highest",
        "sender=me",
        "since=yesterday",
        "since=2026-01-01T00:00:00",
        "since=0001-01-01T00:00:00%2B23:59",
        "until=9999-12-31T23:59:59-23:59",
        "cursor=forged",
        "limit=5",
        "page_size=1&page_size=2",
        "sender=%00",
    ],
)
async def test_a_query_that_is_not_understood_is_refused(ada: Person, bob: Person, query: str) -> None:
    direct = await ada.direct(bob)

    refused = await ada.ask("GET", f"conversations/{direct}/messages/?{query}", expect=422)
    assert refused["code"] in {"invalid_request", "invalid_page_token"}


async def test_messages_of_all_conversations_are_read_together(ada: Person, bob: Person, eve: Person) -> None:
    with_bob, with_eve = await ada.direct(bob), await ada.direct(eve)
    sent = [await ada.say(with_bob, "one"), await ada.say(with_eve, "two"), await bob.say(with_bob, "three")]
    everything = (await ada.ask("GET", "messages/"))["results"]
    of_eve = (await eve.ask("GET", "messages/"))["results"]

    assert everything == [{**sent[2], "status": None}, sent[1], {**sent[0], "status": "read"}]
    assert of_eve == [{**sent[1], "status": None}]


async def test_a_message_is_edited_by_its_author(ada: Person, bob: Person) -> None:
    message = await ada.say(await ada.direct(bob), "helo")
    path = f"messages/{message['id']}/"
    edited = await ada.ask("PATCH", path, json={"content": "hello"})

    assert (edited["content"], edited["seq"]) == ("hello", message["seq"])
    assert edited["edited_at"]
    assert edited["rev"] > message["rev"]
    assert (await bob.ask("PATCH", path, expect=403, json={"content": "x"}))["code"] == "not_the_author"
    assert (await ada.ask("PATCH", path, expect=422, json={}))["code"] == "invalid_request"
    marked = await ada.ask("PATCH", path, json={"priority": "low", "is_important": True})
    assert (marked["priority"], marked["is_important"], marked["content"]) == ("low", True, "hello")


async def test_an_edit_is_refused_when_there_was_another(ada: Person, bob: Person) -> None:
    message = await ada.say(await ada.direct(bob), "one")
    path = f"/api/v1/messages/{message['id']}/"
    etag = (await ada.http.get(path)).headers["ETag"]
    first = await ada.http.patch(path, json={"content": "two"}, headers={"If-Match": etag})
    second = await ada.http.patch(path, json={"content": "three"}, headers={"If-Match": etag})

    assert (first.status_code, second.status_code) == (200, 412)
    assert first.headers["ETag"] == f'"{first.json()["rev"]}"'


async def test_a_deleted_message_stays_as_a_stub(ada: Person, bob: Person, eve: Person) -> None:
    direct = await ada.direct(bob)
    message = await ada.say(direct, "oops")
    path = f"messages/{message['id']}/"
    assert (await bob.ask("DELETE", path, expect=403))["code"] == "not_the_author"
    assert (await eve.ask("DELETE", path, expect=404))["code"] == "message_not_found"
    await ada.ask("DELETE", f"{path}?scope=everyone", expect=204)
    await ada.ask("DELETE", path, expect=204)
    stub = await bob.ask("GET", path)
    assert (stub["content"], stub["seq"]) == ("", 1)
    assert stub["deleted_at"]
    assert (await ada.ask("PATCH", path, expect=409, json={"content": "x"}))["code"] == "message_deleted"
    assert (await ada.ask("DELETE", f"{path}?scope=nobody", expect=422))["code"] == "invalid_request"


async def test_sends_are_limited_per_user(platform: Stack, bob: Person) -> None:
    async with running(platform, send_rate=1, send_burst=2) as url:
        ada = await Person.join(url)
        direct = await ada.direct(bob)
        path = f"/api/v1/conversations/{direct}/messages/"
        answers = [await ada.http.post(path, json={"content": "x"}) for _ in range(3)]

        assert [answer.status_code for answer in answers] == [201, 201, 429]
        assert answers[0].headers["RateLimit-Policy"] == '"sends";q=2;w=2'
        assert answers[0].headers["RateLimit"] == '"sends";r=1;t=1'
        assert (answers[2].json()["code"], answers[2].headers["Retry-After"]) == ("rate_limited", "1")
        await ada.close()
