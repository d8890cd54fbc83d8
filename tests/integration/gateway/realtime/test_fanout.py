"""Who hears of a conversation, from when and until when, and what heals a bus that lost something."""

import asyncio
import contextlib

import psycopg2

from deploy.local.stack import Stack
from tests.support.doors import Door, close_code, events, silence
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


async def test_what_was_lost_on_the_bus_is_read_from_the_change_log(
    door: Door, ada: Person, bob: Person, cyn: Person
) -> None:
    place = await ada.group(bob)
    async with bob.socket() as of_bob, cyn.socket() as of_cyn:
        await ada.say(place, "heard")
        await of_bob.until("message.created")
        await door.nats.cut()
        for text in ("lost one", "lost two"):
            await ada.say(place, text)
        await ada.ask("POST", f"conversations/{place}/participants/", expect=201, json={"user_ids": [cyn.user_id]})
        await ada.say(place, "lost three")
        try:
            # Nothing is heard, but silence is compared with the database at each heartbeat.
            await of_bob.until("message.created", count=4, seconds=10)
            last = events(of_bob, place)[-1][1]
            await of_bob.first(lambda frame: frame["type"] == "digest" and frame["payload"].get(place) == last)
            # The log does not say what a newcomer came into: that is what resuming is for.
            assert await close_code(of_cyn, seconds=10) == 4009
        finally:
            await door.nats.mend()
        await asyncio.sleep(1.5)
        await ada.say(place, "heard again")
        await of_bob.until("message.created", count=5)
        revs = [rev for _, rev in events(of_bob, place)]
        assert revs == list(range(revs[0], revs[0] + 6))
        texts = [message["content"] for message in of_bob.messages()]
        assert texts == ["heard", "lost one", "lost two", "lost three", "heard again"]


async def test_a_gap_is_filled_before_what_comes_after_it(door: Door, ada: Person, bob: Person) -> None:
    place = await ada.group(bob)
    async with bob.socket() as socket:
        await door.nats.cut()
        await ada.say(place, "lost")
        await door.nats.mend()
        # As soon as the gateway is back on the bus, and before its heart beats.
        for number in range(20):
            await ada.say(place, f"after {number}")
            await asyncio.sleep(0.1)
        await socket.until("message.created", count=21)
        revs = [rev for _, rev in events(socket, place)]
        assert revs == list(range(revs[0], revs[0] + 21))
        assert socket.messages()[0]["content"] == "lost"


async def test_after_a_gap_too_long_to_tell_everybody_begins_anew(
    platform: Stack, door: Door, ada: Person, bob: Person
) -> None:
    place = await ada.group(bob)
    with contextlib.closing(psycopg2.connect(platform.superuser_url("conversations"))) as database:
        async with bob.socket() as early, bob.socket() as late:
            with database, database.cursor() as cursor:
                cursor.execute("update conversations set rev = rev + 1001 where id = %s", [place])
            assert await close_code(early, seconds=10) == await close_code(late, seconds=10) == 4009
    async with bob.socket() as socket:
        sent = await ada.say(place, "hello")
        assert (await socket.until("message.created"))["rev"] == sent["rev"]
        # Two heartbeats later nobody is sent away again.
        await socket.until("digest", count=3, seconds=6)


async def test_conversations_that_began_while_nothing_was_heard_are_found(door: Door, ada: Person, bob: Person) -> None:
    async with bob.socket() as socket:
        await door.nats.cut()
        place = await ada.group(bob)
        await door.nats.mend()
        assert await close_code(socket, seconds=10) == 4009
    async with bob.socket() as socket:
        assert socket.resumed["conversations"][place]["mode"] == "new"
        await ada.say(place, "hello")
        await socket.until("message.created")


async def test_a_heartbeat_comes_even_when_nothing_happens(door: Door, ada: Person) -> None:
    async with ada.socket() as socket:
        assert socket.hello["heartbeat_seconds"] == 1.0
        await socket.until("digest", count=3, seconds=6)
        quiet = [frame for frame in socket.frames if frame["type"] == "digest"]
        assert all(set(frame) == {"type", "payload"} for frame in quiet)


async def test_presence_follows_the_sockets(door: Door, ada: Person, bob: Person) -> None:
    async def state() -> str:
        return str((await ada.ask("GET", f"users/{bob.user_id}/"))["presence"]["state"])

    async def becomes(wanted: str) -> None:
        async with asyncio.timeout(10):
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
