"""A thread: people answer, follow, fall behind and catch up, and nobody else learns of it."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from deploy.local.stack import Stack
from tests.support.people import Person


@pytest.fixture
async def people(platform: Stack) -> AsyncIterator[list[Person]]:
    persons = [await Person.join(platform.gateway_url) for _ in range(3)]
    yield persons
    await asyncio.gather(*(person.close() for person in persons))


async def test_a_discussion_beside_the_conversation(people: list[Person]) -> None:
    ada, bob, cyn = people
    group = await ada.group(bob, cyn, title="Engine room")
    question = await ada.say(group, "Which engine?")
    path = f"messages/{question['id']}"
    async with ada.socket() as of_ada, cyn.socket() as of_cyn:
        answer = await bob.ask("POST", f"{path}/reply/", expect=201, json={"content": "The **old** one"})
        frame = await of_ada.first(lambda one: one.get("payload", {}).get("id") == answer["id"])
        assert frame["payload"]["thread_root_id"] == question["id"]
        await of_cyn.first(lambda one: one.get("payload", {}).get("id") == answer["id"])
    await ada.say(group, "something else meanwhile")
    await bob.ask("POST", f"messages/{answer['id']}/reply/", expect=201, json={"content": "or the new one"})

    # Who asked follows and is behind; who answered is not; who only reads follows nothing until they say so.
    of_ada_now = await ada.ask("GET", f"{path}/thread/")
    assert (of_ada_now["is_subscribed"], of_ada_now["unread_count"], of_ada_now["reply_count"]) == (True, 2, 2)
    assert [reply["content"] for reply in of_ada_now["results"]] == ["The **old** one", "or the new one"]
    assert (await bob.ask("GET", f"{path}/thread/"))["unread_count"] == 0
    assert (await cyn.ask("GET", f"{path}/thread/"))["is_subscribed"] is False
    async with cyn.socket() as other_device:
        await cyn.ask("PUT", f"{path}/thread/subscription/", expect=204)
        frame = await other_device.until("thread.changed")
        assert frame["payload"]["is_subscribed"] is True
    last = of_ada_now["results"][-1]["seq"]
    assert (await ada.ask("POST", f"{path}/thread/read/", json={"seq": last}))["unread_count"] == 0
    assert (await ada.ask("POST", f"{path}/thread/read/", json={"seq": 1}))["read_seq"] == last

    # A deleted answer leaves its place, and the thread goes on.
    await bob.ask("DELETE", f"messages/{answer['id']}/", expect=204)
    thread = await cyn.ask("GET", f"{path}/thread/")
    assert [(reply["content"], bool(reply["deleted_at"])) for reply in thread["results"]] == [
        ("", True),
        ("or the new one", False),
    ]
    refused = await cyn.ask("POST", f"messages/{answer['id']}/reply/", expect=422, json={"content": "why?"})
    assert refused["code"] == "reply_target_unavailable"


async def test_who_is_removed_reads_the_thread_no_more(people: list[Person]) -> None:
    ada, bob, cyn = people
    group = await ada.group(bob)
    root = await ada.say(group, "for us")
    reply = await bob.ask("POST", f"messages/{root['id']}/reply/", expect=201, json={"content": "yes"})
    await ada.ask("DELETE", f"conversations/{group}/participants/{bob.user_id}/", expect=204)

    for person in (bob, cyn):
        for message in (root, reply):
            assert (await person.ask("GET", f"messages/{message['id']}/thread/", expect=404))["status"] == 404
            await person.ask("POST", f"messages/{message['id']}/reply/", expect=404, json={"content": "let me in"})
            await person.ask("PUT", f"messages/{message['id']}/thread/subscription/", expect=404)
