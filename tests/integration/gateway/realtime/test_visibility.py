"""Who is told what of a shared change: members of a history that they may not see hear that something happened."""

from tests.support.doors import Door
from tests.support.people import Person, Socket


async def since_joined(owner: Person) -> str:
    body = {"kind": "group", "title": "A group", "history_visibility": "since_joined"}
    return str((await owner.ask("POST", "conversations/", expect=201, json=body))["id"])


def revs(socket: Socket, conversation: str) -> list[int]:
    return [frame["rev"] for frame in socket.frames if frame.get("conversation_id") == conversation and "rev" in frame]


async def test_a_newcomer_hears_of_older_messages_only_that_something_changed(door: Door) -> None:
    owner, guest = await Person.join(door.url), await Person.join(door.url)
    conversation = await since_joined(owner)
    old = (await owner.say(conversation, "before"))["id"]
    async with owner.socket() as of_owner, guest.socket() as of_guest:
        await owner.ask(
            "POST", f"conversations/{conversation}/participants/", expect=201, json={"user_ids": [guest.user_id]}
        )
        await of_guest.until("conversation.created")
        await owner.ask("PATCH", f"messages/{old}/", json={"content": "before, again"})
        new = await owner.say(conversation, "after")
        await owner.ask("PATCH", f"messages/{new['id']}/", json={"content": "after, again"})
        await of_guest.until("message.updated")
        await of_owner.until("message.updated", count=2)

        assert [frame["payload"]["id"] for frame in of_guest.frames if frame["type"] == "message.updated"] == [
            new["id"]
        ]
        assert [frame["payload"] for frame in of_guest.frames if frame["type"] == "change.hidden"] == [{}]
        assert "before" not in str(of_guest.frames)
        # One for each change, hidden or not.
        assert revs(of_guest, conversation) == revs(of_owner, conversation)
        epoch = of_guest.hello["epoch"]
    joined = revs(of_guest, conversation)[0]
    async with guest.socket({conversation: joined}, epoch) as resumed:
        assert [frame["type"] for frame in resumed.frames if frame.get("conversation_id") == conversation] == [
            "change.hidden",
            "message.created",
            "message.updated",
        ]
        assert "before" not in str(resumed.frames)
        # The gateway read the membership anew: it hides as before.
        await owner.ask("PATCH", f"messages/{old}/", json={"content": "before, once more"})
        await resumed.until("change.hidden", count=2)
    await owner.close()
    await guest.close()


async def test_what_one_sets_for_oneself_is_told_to_the_own_devices_only(door: Door) -> None:
    ada, bob = await Person.join(door.url), await Person.join(door.url)
    conversation = await ada.direct(bob)
    async with ada.socket() as phone, ada.socket() as laptop, bob.socket() as of_bob:
        await ada.ask("PATCH", f"conversations/{conversation}/membership/", json={"pinned": True})
        for socket in (phone, laptop):
            frame = await socket.until("membership.changed")
            assert frame["payload"] == {
                "conversation_id": conversation,
                "muted_until": None,
                "notification_level": "all",
                "pinned": True,
                "archived": False,
            }
            assert "rev" not in frame
        await ada.say(conversation, "hello")
        await of_bob.until("message.created")
        assert not [frame for frame in of_bob.frames if frame["type"] == "membership.changed"]
    await ada.close()
    await bob.close()
