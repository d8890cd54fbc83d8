"""Who hears of a conversation, from when and until when; heartbeats and presence."""

import asyncio
import contextlib

from tests.support.doors import Door, events, silence
from tests.support.people import Person


async def test_newcomers_get_the_conversation_and_the_others_the_newcomer(
    door: Door, ada: Person, bob: Person, cyn: Person
) -> None:
    async with ada.socket() as of_ada, bob.socket() as of_bob, cyn.socket() as of_cyn:
        place = await ada.group(bob, title="Three of us")
        created = await of_bob.first(lambda frame: frame.get("conversation_id") == place)
        assert created["type"] == "conversation.created"
        assert created["payload"]["title"] == "Three of us"
        assert "my_membership" not in created["payload"]
        await ada.ask("POST", f"conversations/{place}/participants/", expect=201, json={"user_ids": [cyn.user_id]})
        added = await of_bob.first(lambda frame: frame["type"] == "participant.added" and frame["rev"] > created["rev"])
        assert added["payload"]["user_id"] == cyn.user_id
        assert added["conversation_id"] == place
        welcome = await of_cyn.first(lambda frame: frame.get("conversation_id") == place)
        assert (welcome["type"], welcome["rev"]) == ("conversation.created", added["rev"])
        await of_cyn.command("message.send", {"conversation_id": place, "content": "thanks"})
        for socket in (of_ada, of_bob, of_cyn):
            frame = await socket.until("message.created")
            assert frame["rev"] == added["rev"] + 1
        # One frame a revision, without holes, whoever looks.
        for socket in (of_ada, of_bob, of_cyn):
            revs = [rev for _, rev in events(socket, place)]
            assert revs == list(range(revs[0], added["rev"] + 2))


async def test_settings_roles_and_the_end_of_a_group_are_told(door: Door, ada: Person, bob: Person) -> None:
    place = await ada.group(bob)
    async with bob.socket() as socket:
        await ada.ask("PATCH", f"conversations/{place}/", json={"title": "Renamed"})
        assert (await socket.until("conversation.updated"))["payload"]["title"] == "Renamed"
        await ada.ask("PATCH", f"conversations/{place}/participants/{bob.user_id}/", json={"role": "moderator"})
        assert (await socket.until("participant.updated"))["payload"]["role"] == "moderator"
        await ada.ask("DELETE", f"conversations/{place}/", expect=204)
        frame = await socket.until("conversation.deleted")
        assert (frame["conversation_id"], frame["payload"]) == (place, {"id": place})
        revs = [rev for _, rev in events(socket, place)]
        assert revs == list(range(revs[0], revs[0] + 3))
        answer = await socket.command("message.send", {"conversation_id": place, "content": "hello?"})
        assert answer["payload"]["code"] == "conversation_not_found"


async def test_who_is_removed_hears_that_and_then_nothing(door: Door, ada: Person, bob: Person, cyn: Person) -> None:
    place = await ada.group(bob, cyn)
    async with bob.socket() as of_bob, cyn.socket() as of_cyn:
        async with ada.socket() as talking:
            stop = asyncio.Event()

            async def talk() -> None:
                while not stop.is_set():
                    await talking.command("message.send", {"conversation_id": place, "content": "on and on"})

            task = asyncio.create_task(talk())
            await of_cyn.until("message.created", count=5)
            await ada.ask("DELETE", f"conversations/{place}/participants/{cyn.user_id}/", expect=204)
            removal = await of_cyn.until("participant.removed")
            assert removal["payload"]["user_id"] == cyn.user_id
            assert removal["payload"]["left_at"]
            heard = len(of_bob.messages())
            await of_bob.until("message.created", count=heard + 10)
            stop.set()
            await task
        assert [frame for frame in await silence(of_cyn) if frame.get("conversation_id") == place] == []
        assert events(of_cyn, place)[-1] == ("participant.removed", removal["rev"])
        assert (await of_bob.until("participant.removed"))["rev"] == removal["rev"]
        answer = await of_cyn.command("message.send", {"conversation_id": place, "content": "let me in"})
        assert answer["payload"]["code"] == "conversation_not_found"
        # Back again, they hear from then on.
        await ada.ask("POST", f"conversations/{place}/participants/", expect=201, json={"user_ids": [cyn.user_id]})
        await of_cyn.first(lambda frame: frame.get("rev", 0) > removal["rev"] and frame["conversation_id"] == place)
        await ada.say(place, "welcome back")
        await of_cyn.first(lambda frame: frame.get("payload", {}).get("content") == "welcome back")


async def test_a_heartbeat_comes_even_when_nothing_happens(door: Door, ada: Person) -> None:
    async with ada.socket() as socket:
        assert socket.hello["heartbeat_seconds"] == 1.0
        await socket.until("digest", count=3)
        quiet = [frame for frame in socket.frames if frame["type"] == "digest"]
        assert all(set(frame) == {"type", "payload"} for frame in quiet)


async def test_presence_follows_the_sockets(door: Door, ada: Person, bob: Person) -> None:
    async def state() -> str:
        return str((await ada.ask("GET", f"users/{bob.user_id}/"))["presence"]["state"])

    async def becomes(wanted: str) -> None:
        async with asyncio.timeout(30):
            while await state() != wanted:
                await asyncio.sleep(0.1)

    async with contextlib.AsyncExitStack() as stack:
        first = await stack.enter_async_context(bob.socket())
        await stack.enter_async_context(bob.socket())
        await becomes("online")
        await first.connection.close()
        await asyncio.sleep(2)
        assert await state() == "online"
    await becomes("offline")
