"""Receipts: senders see how far their messages have come, with those who show it."""

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


async def test_sent_delivered_read(people: list[Person]) -> None:
    ada, bob, cyn = people
    group = await ada.group(bob, cyn)
    message = await ada.say(group, "who has seen this?")
    path = f"messages/{message['id']}/"

    async def told() -> tuple[str, dict[str, str]]:
        found = await ada.ask("GET", f"{path}receipts/")
        assert (await ada.ask("GET", path))["status"] == found["status"]
        return found["status"], {one["user_id"]: one["status"] for one in found["participants"]}

    assert await told() == ("sent", {bob.user_id: "sent", cyn.user_id: "sent"})
    async with ada.socket() as socket:
        for person, verb in ((bob, "read"), (cyn, "delivered")):
            await person.ask("POST", f"conversations/{group}/{verb}/", json={"seq": 1})
        await socket.first(lambda one: one["type"] == "receipt.changed" and one["payload"]["user_id"] == cyn.user_id)
    assert await told() == ("delivered", {bob.user_id: "read", cyn.user_id: "delivered"})
    await cyn.ask("POST", f"conversations/{group}/read/", json={"seq": 1})
    assert await told() == ("read", {bob.user_id: "read", cyn.user_id: "read"})
    # The others see who has read it, and no status of what is not theirs.
    assert (await bob.ask("GET", path))["status"] is None
    assert (await bob.ask("GET", f"{path}receipts/"))["status"] == "read"
    [listed] = (await ada.ask("GET", f"conversations/{group}/messages/"))["results"]
    assert listed["status"] == "read"


async def test_who_does_not_show_what_they_read_stays_at_delivered(people: list[Person]) -> None:
    ada, shy, _ = people
    direct = await ada.direct(shy)
    message = await ada.say(direct, "have you read this?")
    await shy.ask("PUT", "users/me/privacy/", json={"read_receipts": False})

    async def shown() -> int | None:
        found = (await ada.ask("GET", f"conversations/{direct}/receipts/"))["results"]
        seq: int | None = next(one["read_seq"] for one in found if one["user_id"] == shy.user_id)
        return seq

    async with asyncio.timeout(30):
        while await shown() is not None:
            await asyncio.sleep(0.05)
    assert (await shy.ask("POST", f"conversations/{direct}/read/", json={"seq": 1}))["unread_count"] == 0
    receipts = await ada.ask("GET", f"messages/{message['id']}/receipts/")
    assert receipts == {
        "status": "delivered",
        "participants": [{"user_id": shy.user_id, "status": "delivered"}],
    }
    assert await shown() is None
    # What they hide from others takes nothing from them.
    answer = await shy.say(direct, "I have")
    await ada.ask("POST", f"conversations/{direct}/read/", json={"seq": 2})
    assert (await shy.ask("GET", f"messages/{answer['id']}/"))["status"] == "read"
    # And can be shown again.
    await shy.ask("PUT", "users/me/privacy/", json={"read_receipts": True})
    async with asyncio.timeout(30):
        while await shown() != 2:
            await asyncio.sleep(0.05)


async def test_receipts_are_nobody_elses_business(people: list[Person]) -> None:
    ada, bob, eve = people
    message = await ada.say(await ada.direct(bob), "private")

    refused = await eve.ask("GET", f"messages/{message['id']}/receipts/", expect=404)
    assert refused["code"] == "message_not_found"
