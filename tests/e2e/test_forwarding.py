"""Forwarding: a message travels on to where its sender may write, and tells nothing that is private."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from deploy.local.stack import Stack
from tests.support.people import Person


@pytest.fixture
async def people(platform: Stack) -> AsyncIterator[list[Person]]:
    persons = [await Person.join(platform.gateway_url) for _ in range(4)]
    yield persons
    await asyncio.gather(*(person.close() for person in persons))


async def test_a_message_travels_without_its_origin(people: list[Person]) -> None:
    ada, bob, cyn, dan = people
    private, team, foreign = await ada.group(bob, title="Private"), await bob.group(cyn), await dan.group(ada)
    message = await ada.say(private, "The launch is **on** @all", is_important=True)
    body = {"conversation_ids": [team, foreign], "comment": "did you know?"}
    async with cyn.socket() as of_cyn:
        results = (await bob.ask("POST", f"messages/{message['id']}/forward/", json=body))["results"]
        frame = await of_cyn.until("message.created")
        comment = await of_cyn.until("message.created", count=2)

    assert (results[0]["message"]["content"], results[1]["problem"]["code"]) == (
        message["content"],
        "conversation_not_found",
    )
    seen = frame["payload"]
    assert (seen["sender_id"], seen["content"], seen["mentions_all"], seen["is_important"]) == (
        bob.user_id,
        message["content"],
        False,
        False,
    )
    assert comment["payload"]["content"] == "did you know?"
    assert set(seen["forwarded_from"].values()) == {None}
    for secret in (private, message["id"], ada.user_id):
        assert secret not in json.dumps(frame)
    assert [one["content"] for one in await dan.read_all(foreign)] == []

    # Passed on once more it says no more, whatever becomes public meanwhile.
    await bob.ask("PATCH", f"conversations/{team}/", json={"is_public": True})
    other = await cyn.group(dan)
    again = await cyn.ask("POST", f"messages/{seen['id']}/forward/", json={"conversation_ids": [other]})
    assert set(again["results"][0]["message"]["forwarded_from"].values()) == {None}
    [stored] = await dan.read_all(other)
    assert stored["content"] == message["content"]


async def test_what_everybody_may_read_is_named_as_the_origin(people: list[Person]) -> None:
    ada, bob, cyn, _ = people
    public, team = await ada.group(bob, title="News"), await bob.group(cyn)
    await ada.ask("PATCH", f"conversations/{public}/", json={"is_public": True})
    message = await ada.say(public, "Hear, hear")
    await bob.ask("POST", f"messages/{message['id']}/forward/", json={"conversation_ids": [team]})

    [copy] = await cyn.read_all(team)
    assert copy["forwarded_from"] == {
        "sender_id": ada.user_id,
        "conversation_id": public,
        "message_id": message["id"],
        "created_at": message["created_at"],
    }
    # What the origin says is so: whoever wants to see it joins.
    await cyn.ask("GET", f"messages/{message['id']}/", expect=404)
    await cyn.ask("POST", f"conversations/{public}/join/")
    assert (await cyn.ask("GET", f"messages/{message['id']}/"))["content"] == "Hear, hear"
    # The words are another's, so they stay as they are.
    refused = await bob.ask("PATCH", f"messages/{copy['id']}/", expect=403, json={"content": "There, there"})
    assert refused["code"] == "not_the_author"


async def test_a_poll_begins_anew_where_it_is_forwarded(people: list[Person]) -> None:
    ada, bob, cyn, _ = people
    source, target = await ada.group(bob), await bob.group(cyn)
    poll = await ada.say(source, "When?", message_type="poll", poll={"options": ["Tuesday", "Thursday"]})
    answer = await bob.http.put(f"/api/v1/messages/{poll['id']}/vote/", json={"options": [1]})
    assert answer.is_success, answer.text
    await bob.ask("POST", f"messages/{poll['id']}/forward/", json={"conversation_ids": [target]})

    [copy] = await cyn.read_all(target)
    assert [(option["text"], option["votes"]) for option in copy["poll"]["options"]] == [
        ("Tuesday", 0),
        ("Thursday", 0),
    ]
    assert (copy["poll"]["voter_count"], copy["poll"]["my_votes"]) == (0, [])


async def test_blocked_muted_and_deleted_things_do_not_travel(people: list[Person]) -> None:
    ada, bob, cyn, _ = people
    source, quiet = await ada.group(bob), await cyn.group(bob)
    direct = await bob.direct(cyn)
    await cyn.ask("PATCH", f"conversations/{quiet}/participants/{bob.user_id}/", json={"role": "readonly"})
    await cyn.ask("PUT", f"users/{bob.user_id}/block/", expect=204)
    message, gone = await ada.say(source, "news"), await ada.say(source, "oops")
    body = {"conversation_ids": [quiet, direct]}

    async def codes() -> list[str]:
        results = (await bob.ask("POST", f"messages/{message['id']}/forward/", json=body))["results"]
        return [result["problem"]["code"] if result["problem"] else "" for result in results]

    async with asyncio.timeout(30):
        # The block reaches the conversations service as an event.
        while (found := await codes())[1] != "blocked":
            await asyncio.sleep(0.1)
    assert found == ["role_insufficient", "blocked"]
    await ada.ask("DELETE", f"messages/{gone['id']}/", expect=204)
    refused = await bob.ask("POST", f"messages/{gone['id']}/forward/", expect=409, json=body)
    assert refused["code"] == "message_deleted"
