"""What somebody does for themselves reaches their own devices, and what they do not show reaches nobody else."""

import asyncio

from tests.support.doors import Door, silence
from tests.support.people import Person


async def test_hiding_a_message_and_reading_a_thread_reach_own_devices_alone(
    door: Door, ada: Person, bob: Person
) -> None:
    place = await ada.group(bob)
    root = await ada.say(place, "root")
    reply = await ada.say(place, "reply", reply_to_id=root["id"])
    async with ada.socket() as of_ada, bob.socket() as one, bob.socket() as other:
        answer = await one.command("message.delete", {"message_id": reply["id"], "scope": "me"})
        assert (answer["type"], answer["payload"]) == ("ack", {})
        hidden = await other.until("message.hidden")
        assert hidden["payload"] == {"conversation_id": place, "id": reply["id"]}
        assert "rev" not in hidden
        await bob.ask("PUT", f"messages/{root['id']}/thread/subscription/", expect=204)
        await bob.ask("POST", f"messages/{root['id']}/thread/read/", json={"seq": 2})
        changed = await one.until("thread.changed", count=2)
        assert changed["payload"] == {
            "conversation_id": place, "root_id": root["id"], "is_subscribed": True, "read_seq": 2,
        }  # fmt: skip
        await silence(of_ada)
        assert not [frame for frame in of_ada.frames if frame["type"] in {"message.hidden", "thread.changed"}]


async def test_who_does_not_show_what_they_read_or_type_is_seen_doing_neither(door: Door, ada: Person) -> None:
    shy = await Person.join(door.url)
    place = await ada.direct(shy)
    sent = await ada.say(place, "read me")
    await shy.ask("PUT", "users/me/privacy/", json={"read_receipts": False, "typing_indicators": False})
    # The choice reaches the conversations service as an event.
    async with asyncio.timeout(30):
        while (await ada.ask("GET", f"conversations/{place}/receipts/"))["results"][1]["read_seq"] is not None:
            await asyncio.sleep(0.05)
    async with ada.socket() as of_ada, shy.socket() as one, shy.socket() as other:
        await one.command("receipt.delivered", {"conversation_id": place, "seq": 1})
        await one.command("receipt.read", {"conversation_id": place, "seq": 1})
        assert (await one.command("typing.start", {"conversation_id": place}))["type"] == "ack"
        mine = await other.first(lambda frame: frame["type"] == "receipt.changed" and frame["payload"]["read_seq"] == 1)
        assert mine["payload"]["user_id"] == shy.user_id
        told = await of_ada.until("receipt.changed")
        assert (told["payload"]["read_seq"], told["payload"]["delivered_seq"]) == (None, 1)
        await silence(of_ada)
        assert [frame["payload"]["read_seq"] for frame in of_ada.frames if frame["type"] == "receipt.changed"] == [None]
        assert not [frame for frame in of_ada.frames if frame["type"] == "typing.changed"]
    assert (await ada.ask("GET", f"messages/{sent['id']}/"))["status"] == "delivered"
    await shy.close()
