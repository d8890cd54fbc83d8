"""Why a message concerns somebody, over REST; what every answer looks like is checked against its documentation."""

import asyncio
from typing import Any

from tests.support.people import Person


async def notified(person: Person, kind: str) -> Any:
    """Wait for the one notification of a kind that is unread."""
    async with asyncio.timeout(30):
        while not (found := (await person.ask("GET", f"notifications/?unread=true&kind={kind}"))["results"]):
            await asyncio.sleep(0.05)
    [one] = found
    return one


async def test_a_mention_and_a_reply_are_listed_by_their_kinds(ada: Person, bob: Person) -> None:
    conversation = await ada.group(bob)
    root = await bob.say(conversation, "root")
    mention = await ada.say(conversation, f"@{bob.username} look")
    reply = await ada.ask("POST", f"messages/{root['id']}/reply/", expect=201, json={"content": "seen"})
    found = await notified(bob, "mention")
    assert (found["title"], found["body"], found["message_id"]) == (
        "A B mentioned you",
        mention["content"],
        mention["id"],
    )
    found = await notified(bob, "reply")
    assert (found["title"], found["message_id"], found["count"]) == ("A B replied in a thread", reply["id"], 1)


async def test_only_acknowledging_a_message_settles_that_it_is_asked_for(ada: Person, bob: Person) -> None:
    conversation = await ada.group(bob)
    sent = await ada.say(conversation, "Evacuate", requires_acknowledgement=True)
    waiting = await notified(bob, "acknowledgement")
    assert (waiting["message_id"], waiting["is_read"]) == (sent["id"], False)
    path = f"notifications/{waiting['id']}/"
    refused = await bob.ask("PATCH", path, expect=409, json={"is_read": True})
    assert refused["code"] == "acknowledgement_required"
    await bob.ask("POST", "notifications/mark_all_read/")
    assert not (await bob.ask("GET", path))["is_read"]

    async with bob.socket() as socket:
        await bob.ask("POST", f"messages/{sent['id']}/acknowledge/")
        told = (await socket.until("message.acknowledged"))["payload"]
        assert told == {"conversation_id": conversation, "id": sent["id"]}
        read = (await socket.until("notification.updated"))["payload"]
    shown = await bob.ask("GET", path)
    assert shown["is_read"]
    assert read == {name: shown[name] for name in ("id", "is_read", "read_at")}
