"""Edits and deletions: everybody can read what was said before, until it is gone for all, or for oneself."""

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


async def test_an_edit_is_seen_by_all_and_so_is_what_was_there_before(people: list[Person]) -> None:
    ada, bob, _ = people
    group = await ada.group(bob)
    message = await ada.say(group, "We meet on Tuseday")
    path = f"messages/{message['id']}/"
    async with bob.socket() as of_bob:
        answer = await ada.http.patch(
            f"/api/v1/{path}", json={"content": "We meet on Tuesday"}, headers={"If-Match": f'"{message["rev"]}"'}
        )
        assert answer.status_code == 200
        frame = await of_bob.until("message.updated")
        assert (frame["payload"]["content"], frame["payload"]["edited_at"] is not None) == ("We meet on Tuesday", True)
    stale = await ada.http.patch(
        f"/api/v1/{path}", json={"content": "Never mind"}, headers={"If-Match": f'"{message["rev"]}"'}
    )
    assert (stale.status_code, stale.json()["code"]) == (412, "etag_mismatch")
    history = await bob.ask("GET", f"{path}history/")
    assert [version["content"] for version in history["results"]] == ["We meet on Tuseday"]
    assert (await bob.ask("PATCH", path, expect=403, json={"content": "No"}))["code"] == "not_the_author"


async def test_an_edit_can_mention_somebody_and_ask_for_acknowledgement(people: list[Person]) -> None:
    ada, bob, cyn = people
    group = await ada.group(bob, cyn)
    message = await ada.say(group, f"Look here, @{bob.username}")
    path = f"messages/{message['id']}/"
    assert message["mentions"] == [bob.user_id]
    edited = await ada.ask("PATCH", path, json={"content": f"Look here, @{cyn.username} and `@{bob.username}`"})
    assert edited["mentions"] == [cyn.user_id]
    asked = await ada.ask("PATCH", path, json={"requires_acknowledgement": True})
    assert (asked["requires_acknowledgement"], asked["mentions"]) == (True, [cyn.user_id])
    await cyn.ask("POST", f"{path}acknowledge/")
    assert (await cyn.ask("GET", path))["has_acknowledged"] is True
    assert (await bob.ask("GET", path))["acknowledgement_count"] == 1


async def test_a_deleted_message_leaves_a_numbered_stub_and_takes_its_texts_along(people: list[Person]) -> None:
    ada, bob, eve = people
    group = await ada.group(bob)
    first, message, last = [await ada.say(group, text) for text in ("one", "secret", "three")]
    path = f"messages/{message['id']}/"
    await ada.ask("PATCH", path, json={"content": "still secret"})
    await bob.ask("PUT", f"{path}bookmark/", expect=204)
    await eve.ask("DELETE", path, expect=404)
    await bob.ask("DELETE", path, expect=403)
    async with bob.socket() as of_bob:
        await ada.ask("DELETE", path, expect=204)
        frame = await of_bob.until("message.deleted")
        assert (frame["payload"]["seq"], frame["payload"]["content"]) == (2, "")

    read = await bob.read_all(group)
    assert [(one["seq"], one["content"]) for one in read] == [(1, first["content"]), (2, ""), (3, last["content"])]
    assert (await bob.ask("GET", f"{path}history/"))["results"] == []
    assert (await bob.ask("GET", "messages/bookmarks/"))["results"] == []


async def test_deleting_for_oneself_is_seen_on_own_devices_alone(people: list[Person]) -> None:
    ada, bob, _ = people
    group = await ada.group(bob)
    kept, message = await ada.say(group, "stays"), await ada.say(group, "goes")
    path = f"messages/{message['id']}/"
    async with bob.socket() as other_device, ada.socket() as of_ada:
        for _ in range(2):
            await bob.ask("DELETE", f"{path}?scope=me", expect=204)
        frame = await other_device.until("message.hidden")
        assert frame["payload"] == {"conversation_id": group, "id": message["id"]}
        await ada.ask("PATCH", path, json={"content": "goes on"})
        await of_ada.until("message.updated")
        # The change counts for everybody, and shows nothing to whom it is hidden from once they ask.
        assert [one["type"] for one in of_ada.frames if one["type"] == "message.hidden"] == []
    assert [one["id"] for one in await bob.read_all(group)] == [kept["id"]]
    assert [one["content"] for one in await ada.read_all(group)] == ["stays", "goes on"]
    assert (await bob.ask("GET", f"conversations/{group}/"))["unread_count"] == 2
    await bob.ask("GET", path, expect=404)
    await bob.ask("GET", f"{path}history/", expect=404)
