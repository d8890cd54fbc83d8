"""Reacting to messages and acknowledging them over a socket, and what one's own devices hear of private marks."""

from typing import Any

import pytest

from tests.support.doors import Door, silence
from tests.support.people import Person

THUMB = "👍"


async def test_a_reaction_is_acked_and_heard_by_everybody(door: Door, ada: Person, bob: Person) -> None:
    place = await ada.group(bob)
    message = await ada.say(place, "hello")
    async with ada.socket() as of_ada, bob.socket() as of_bob:
        payload = {"message_id": message["id"].upper(), "emoji": THUMB}
        ack = await of_bob.command("reaction.add", payload)
        change = {"message_id": message["id"], "user_id": bob.user_id, "emoji": THUMB, "added": True, "count": 1}
        assert (ack["type"], ack["payload"]) == ("ack", change)
        heard = [await socket.until("reaction.changed") for socket in (of_ada, of_bob)]
        assert heard[0] == heard[1]
        assert (heard[0]["conversation_id"], heard[0]["rev"], heard[0]["payload"]) == (
            place,
            message["rev"] + 1,
            change,
        )
        assert (await of_bob.command("reaction.add", payload))["payload"] == change
        removed = await of_bob.command("reaction.remove", payload)
        assert removed["payload"] == {**change, "added": False, "count": 0}
        frame = await of_ada.until("reaction.changed", count=2)
        assert (frame["rev"], frame["payload"]) == (message["rev"] + 2, removed["payload"])
        await silence(of_ada)
        assert len([each for each in of_ada.frames if each["type"] == "reaction.changed"]) == 2


async def test_an_acknowledgement_is_acked_and_counted_for_everybody(door: Door, ada: Person, bob: Person) -> None:
    message = await ada.say(await ada.group(bob), "read this", requires_acknowledgement=True)
    async with ada.socket() as of_ada, bob.socket() as of_bob:
        ack = await of_bob.command("message.acknowledge", {"message_id": message["id"]})
        assert ack["payload"]["user_id"] == bob.user_id
        assert ack["payload"]["acknowledged_at"]
        frame = await of_ada.until("message.updated")
        assert (frame["payload"]["acknowledgement_count"], frame["rev"]) == (1, message["rev"] + 1)
        refused = await of_ada.command("message.acknowledge", {"message_id": message["id"]})
        assert (refused["type"], refused["payload"]["code"]) == ("error", "acknowledgement_not_required")


@pytest.mark.parametrize(
    ("kind", "payload", "code"),
    [
        ("reaction.add", {}, "invalid_request"),
        ("reaction.add", {"message_id": "x", "emoji": THUMB}, "invalid_request"),
        ("reaction.add", {"emoji": 1}, "invalid_request"),
        ("reaction.add", {"emoji": ""}, "invalid_request"),
        ("reaction.add", {"emoji": THUMB, "count": 5}, "invalid_request"),
        ("reaction.add", {"emoji": "like"}, "emoji_invalid"),
        ("reaction.remove", {"emoji": "like"}, "emoji_invalid"),
        ("message.acknowledge", {"message_id": None}, "invalid_request"),
    ],
)
async def test_a_command_that_breaks_a_rule_is_refused(
    door: Door, ada: Person, bob: Person, kind: str, payload: Any, code: str
) -> None:
    message = await ada.say(await ada.direct(bob), "hello")
    async with bob.socket() as socket:
        sent = payload and {"message_id": message["id"], **payload}
        refused = await socket.command(kind, sent)
        assert (refused["type"], refused["payload"]["code"]) == ("error", code)


@pytest.mark.parametrize("kind", ["reaction.add", "reaction.remove", "message.acknowledge"])
async def test_an_outsider_finds_no_message(door: Door, ada: Person, bob: Person, cyn: Person, kind: str) -> None:
    message = await ada.say(await ada.direct(bob), "read this", requires_acknowledgement=True)
    payload = {"message_id": message["id"]} | ({} if kind == "message.acknowledge" else {"emoji": THUMB})
    async with cyn.socket() as socket:
        refused = await socket.command(kind, payload)
        assert (refused["type"], refused["payload"]["code"]) == ("error", "message_not_found")


async def test_private_marks_reach_one_s_own_devices_alone(door: Door, ada: Person, bob: Person) -> None:
    place = await ada.direct(bob)
    message = await ada.say(place, "hello")
    async with ada.socket() as of_ada, bob.socket() as phone, bob.socket() as laptop:
        await bob.ask("PUT", f"messages/{message['id']}/bookmark/", expect=204)
        saved = await bob.ask("PUT", f"conversations/{place}/draft/", json={"content": "Dear"})
        await bob.ask("DELETE", f"conversations/{place}/draft/", expect=204)
        for device in (phone, laptop):
            frame = await device.until("bookmark.changed")
            assert frame == {
                "type": "bookmark.changed",
                "payload": {"message_id": message["id"], "is_bookmarked": True},
            }
            assert (await device.until("draft.changed"))["payload"] == {"conversation_id": place, "draft": saved}
            gone = await device.until("draft.changed", count=2)
            assert gone["payload"] == {"conversation_id": place, "draft": None}
        assert await silence(of_ada) == []
        assert not {frame["type"] for frame in of_ada.frames} & {"bookmark.changed", "draft.changed"}
