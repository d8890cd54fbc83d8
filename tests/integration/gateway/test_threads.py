"""Replies, threads, forwarding, earlier texts, receipts and deleting for oneself over REST."""

import uuid
from typing import Any

import pytest

from deploy.local.stack import Stack
from tests.integration.gateway.conftest import running
from tests.support.people import Person


async def test_a_reply_joins_the_thread_of_what_it_answers(ada: Person, bob: Person, eve: Person) -> None:
    group = await ada.group(bob)
    root = await ada.say(group, "root")
    path = f"messages/{root['id']}"
    first = await bob.ask("POST", f"{path}/reply/", expect=201, json={"content": "first", "priority": "high"})
    second = await ada.ask("POST", f"messages/{first['id']}/reply/", expect=201, json={"content": "second"})

    assert (first["conversation_id"], first["reply_to_id"], first["priority"]) == (group, root["id"], "high")
    assert [reply["thread_root_id"] for reply in (first, second)] == [root["id"]] * 2
    thread = await bob.ask("GET", f"{path}/thread/")
    assert [reply["content"] for reply in thread["results"]] == ["first", "second"]
    assert (thread["root_id"], thread["root"]["id"], thread["reply_count"]) == (root["id"], root["id"], 2)
    assert (thread["is_subscribed"], thread["read_seq"], thread["unread_count"]) == (True, 2, 1)
    assert await bob.ask("POST", f"{path}/thread/read/", json={"seq": 3}) == {"read_seq": 3, "unread_count": 0}
    assert (await bob.ask("POST", f"{path}/thread/read/", expect=422, json={"seq": 4}))["code"] == "position_beyond_end"
    await bob.ask("DELETE", f"{path}/thread/subscription/", expect=204)
    assert (await bob.ask("GET", f"messages/{second['id']}/thread/"))["is_subscribed"] is False
    await bob.ask("PUT", f"{path}/thread/subscription/", expect=204)
    page = await bob.ask("GET", f"{path}/thread/?page_size=1")
    following = await bob.ask("GET", str(page["next"]).partition("/api/v1/")[2])
    assert [reply["content"] for reply in following["results"]] == ["second"]
    for method, where, body in (
        ("POST", "reply/", {"content": "x"}),
        ("GET", "thread/", None),
        ("PUT", "thread/subscription/", None),
        ("DELETE", "thread/subscription/", None),
        ("POST", "thread/read/", {"seq": 1}),
        ("GET", "history/", None),
        ("GET", "receipts/", None),
        ("POST", "forward/", {"conversation_ids": [group]}),
    ):
        refused = await eve.ask(method, f"{path}/{where}", expect=404, **({"json": body} if body else {}))
        assert refused["code"] == "message_not_found"


async def test_a_repeated_reply_is_one_and_a_deleted_message_takes_none(ada: Person, bob: Person) -> None:
    root = await ada.say(await ada.group(bob), "root")
    path, key = f"/api/v1/messages/{root['id']}/reply/", {"Idempotency-Key": str(uuid.uuid4())}
    first, second = [await bob.http.post(path, json={"content": "once"}, headers=key) for _ in range(2)]

    assert first.json()["id"] == second.json()["id"]
    assert second.headers["Idempotent-Replayed"] == "true"
    await ada.ask("DELETE", f"messages/{root['id']}/", expect=204)
    refused = await bob.ask("POST", f"messages/{root['id']}/reply/", expect=422, json={"content": "late"})
    assert refused["code"] == "reply_target_unavailable"
    refused = await bob.ask(
        "POST", f"messages/{root['id']}/reply/", expect=422, json={"content": "x", "reply_to_id": root["id"]}
    )
    assert refused["errors"][0]["field"] == "reply_to_id"


async def test_a_message_is_forwarded_to_each_place_for_itself(ada: Person, bob: Person, eve: Person) -> None:
    source, target, foreign = await ada.group(bob), await ada.group(bob), await eve.group()
    message = await ada.say(source, "news")
    path, key = f"/api/v1/messages/{message['id']}/forward/", {"Idempotency-Key": "k"}
    body = {"conversation_ids": [target.upper(), foreign], "comment": "look"}
    first, second = [await bob.http.post(path, json=body, headers=key) for _ in range(2)]

    assert first.status_code == 200
    taken, refused = first.json()["results"]
    assert (taken["message"]["content"], taken["comment"]["content"], taken["problem"]) == ("news", "look", None)
    assert taken["message"]["forwarded_from"] == dict.fromkeys(
        ("sender_id", "conversation_id", "message_id", "created_at")
    )
    assert (refused["message"], refused["problem"]["code"]) == (None, "conversation_not_found")
    assert second.headers["Idempotent-Replayed"] == "true"
    assert second.json()["results"][0] == taken
    assert [one["content"] for one in await ada.read_all(target)] == ["news", "look"]
    await ada.ask("PATCH", f"conversations/{source}/", json={"is_public": True})
    told = await bob.ask("POST", f"messages/{message['id']}/forward/", json={"conversation_ids": [target]})
    origin = told["results"][0]["message"]["forwarded_from"]
    assert (origin["conversation_id"], origin["message_id"], origin["sender_id"]) == (
        source,
        message["id"],
        ada.user_id,
    )


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"conversation_ids": []},
        {"conversation_ids": ["x"]},
        {"conversation_ids": [str(uuid.uuid4()) for _ in range(21)]},
        {"conversation_ids": ["01981f3c-7a5e-7c43-9d1f-5b0e2f6a8c11", "01981F3C-7A5E-7C43-9D1F-5B0E2F6A8C11"]},
        {"conversation_ids": [str(uuid.uuid4())], "comment": ""},
        {"conversation_ids": [str(uuid.uuid4())], "comment": "x" * 16_001},
        {"conversation_ids": [str(uuid.uuid4())], "sender_id": str(uuid.uuid4())},
    ],
)
async def test_a_forward_that_breaks_a_rule_is_refused(ada: Person, bob: Person, body: Any) -> None:
    message = await ada.say(await ada.group(bob), "x")
    refused = await ada.ask("POST", f"messages/{message['id']}/forward/", expect=422, json=body)

    assert refused["code"] == "invalid_request"


async def test_forwarding_counts_as_many_sends(platform: Stack, ada: Person) -> None:
    async with running(platform, send_rate=1, send_burst=5) as url:
        eve = await Person.join(url)
        groups = [await eve.group() for _ in range(3)]
        message = await eve.say(groups[0], "x")
        body = {"conversation_ids": groups, "comment": "y"}
        refused = await eve.ask("POST", f"messages/{message['id']}/forward/", expect=429, json=body)
        assert refused["code"] == "rate_limited"
        await eve.close()


async def test_earlier_texts_are_read_newest_first_until_the_message_is_deleted(ada: Person, bob: Person) -> None:
    message = await ada.say(await ada.group(bob), "one")
    path = f"messages/{message['id']}/"
    for text in ("two", "three"):
        await ada.ask("PATCH", path, json={"content": text})

    found = await bob.ask("GET", f"{path}history/")
    assert [version["content"] for version in found["results"]] == ["two", "one"]
    assert found["results"][1]["created_at"] == message["created_at"]
    await ada.ask("DELETE", path, expect=204)
    assert (await bob.ask("GET", f"{path}history/"))["results"] == []


async def test_who_deletes_for_themselves_no_longer_sees_it(ada: Person, bob: Person) -> None:
    group = await ada.group(bob)
    message = await ada.say(group, "not for me")
    path = f"messages/{message['id']}/"
    for _ in range(2):
        await bob.ask("DELETE", f"{path}?scope=me", expect=204)

    assert (await bob.ask("GET", path, expect=404))["code"] == "message_not_found"
    assert await bob.read_all(group) == []
    assert (await bob.ask("GET", f"conversations/{group}/"))["unread_count"] == 1
    assert [one["id"] for one in await ada.read_all(group)] == [message["id"]]


async def test_receipts_say_how_far_a_message_has_come_with_whom(ada: Person, bob: Person) -> None:
    group = await ada.group(bob)
    message = await ada.say(group, "x")
    path = f"messages/{message['id']}/"

    async def come() -> tuple[str, list[Any], str]:
        found = await ada.ask("GET", f"{path}receipts/")
        return found["status"], found["participants"], (await ada.ask("GET", path))["status"]

    for status, verb in (("sent", ""), ("delivered", "delivered"), ("read", "read")):
        if verb:
            await bob.ask("POST", f"conversations/{group}/{verb}/", json={"seq": 1})
        assert await come() == (status, [{"user_id": bob.user_id, "status": status}], status)


async def test_lists_hold_pinned_messages_or_the_others(ada: Person, bob: Person) -> None:
    group = await ada.group(bob)
    pinned, other = await ada.say(group, "pinned"), await ada.say(group, "other")
    await ada.ask("PUT", f"messages/{pinned['id']}/pin/", expect=204)

    for path in (f"conversations/{group}/messages/", "messages/"):
        for query, expected in (("pinned=true", pinned), ("pinned=false", other)):
            found = await bob.ask("GET", f"{path}?{query}")
            assert [message["id"] for message in found["results"]] == [expected["id"]]
    assert (await bob.ask("GET", "messages/?pinned=perhaps", expect=422))["code"] == "invalid_request"


@pytest.mark.parametrize("content", ["[x](javascript:alert(1))", "a\u0007b", "[x]( data:text/html,x)"])
async def test_a_text_that_could_do_harm_is_refused(ada: Person, bob: Person, content: str) -> None:
    direct = await ada.direct(bob)
    path = f"conversations/{direct}/messages/"
    refused = await ada.ask("POST", path, expect=422, json={"content": content})

    assert refused["code"] == "message_content_invalid"
    assert content not in refused["detail"]
