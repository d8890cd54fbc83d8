"""What makes good for a bus that loses things and a service that goes away."""

import asyncio
import contextlib

import psycopg2

from deploy.local.stack import Stack
from tests.support.doors import Door, close_code, command, events, open_door, silence
from tests.support.people import Person


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
            await of_bob.until("message.created", count=4)
            last = events(of_bob, place)[-1][1]
            await of_bob.first(lambda frame: frame["type"] == "digest" and frame["payload"].get(place) == last)
            # The log does not say what a newcomer came into: that is what resuming is for.
            assert await close_code(of_cyn) == 4009
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
            assert await close_code(early) == await close_code(late) == 4009
    async with bob.socket() as socket:
        sent = await ada.say(place, "hello")
        assert (await socket.until("message.created"))["rev"] == sent["rev"]
        # Two heartbeats later nobody is sent away again.
        await socket.until("digest", count=3)


async def test_conversations_that_began_while_nothing_was_heard_are_found(door: Door, ada: Person, bob: Person) -> None:
    async with bob.socket() as socket:
        await door.nats.cut()
        place = await ada.group(bob)
        await door.nats.mend()
        assert await close_code(socket) == 4009
    async with bob.socket() as socket:
        assert socket.resumed["conversations"][place]["mode"] == "new"
        await ada.say(place, "hello")
        await socket.until("message.created")


async def test_the_end_of_a_conversation_that_was_not_heard_is_noticed(door: Door, ada: Person, bob: Person) -> None:
    place = await ada.group(bob)
    async with bob.socket() as socket:
        await door.nats.cut()
        await ada.ask("DELETE", f"conversations/{place}/", expect=204)
        frame = await socket.until("conversation.deleted")
        await door.nats.mend()
        assert frame["conversation_id"] == place


async def test_who_missed_too_much_to_be_told_is_sent_to_resume(
    platform: Stack, door: Door, ada: Person, bob: Person
) -> None:
    place = await ada.group(bob)
    async with bob.socket() as socket:
        first = await ada.say(place, "0")
        await socket.until("message.created")
        # Deaf and cut off, while everybody else goes on through another gateway.
        await asyncio.gather(door.nats.cut(), door.conversations.cut())
        try:
            async with open_door(platform) as elsewhere, elsewhere.connected(ada) as of_ada:
                await of_ada.until("hello")
                await of_ada.send(place, *("x" * 1001))
        finally:
            await asyncio.gather(door.nats.mend(), door.conversations.mend())
        assert await close_code(socket) == 4009
    async with bob.socket({place: first["rev"]}) as socket:
        assert socket.resumed["conversations"][place]["rev"] == first["rev"] + 1001


async def test_while_conversations_is_away_hearts_beat_and_resumes_are_put_off(
    door: Door, ada: Person, bob: Person
) -> None:
    place = await ada.group(bob)
    sent = await ada.say(place, "0")
    async with bob.socket() as live, door.connected(bob) as resuming:
        hello = await resuming.until("hello")
        await door.conversations.cut()
        try:
            beats = sum(frame["type"] == "digest" for frame in live.frames)
            revs = {place: sent["rev"] - 1}
            resume = command("resume", {"epoch": hello["payload"]["epoch"], "revs": revs})
            await resuming.connection.send(resume)
            assert await close_code(resuming) == 4003
            await live.until("digest", count=beats + 2)
        finally:
            await door.conversations.mend()
        async with asyncio.timeout(30):
            while (await live.command("receipt.read", {"conversation_id": place, "seq": 1}))["type"] != "ack":
                await asyncio.sleep(0.1)


async def test_a_device_that_knows_more_than_the_hub_is_told_nothing_twice(
    platform: Stack, ada: Person, bob: Person
) -> None:
    place = await ada.group(bob)
    first = await ada.say(place, "0")
    async with open_door(platform) as deaf, deaf.connected(bob) as live, deaf.connected(bob) as resuming:
        await live.until("hello")
        hello = await resuming.until("hello")
        await deaf.nats.cut()
        for text in ("one", "two"):
            await ada.say(place, text)
        payload = {"epoch": hello["payload"]["epoch"], "revs": {place: first["rev"] - 1}}
        resumed = await resuming.command("resume", payload)
        assert resumed["payload"]["conversations"][place]["rev"] == first["rev"] + 2
        await deaf.nats.mend()
        await live.until("message.created", count=2)
        await ada.say(place, "three")
        await live.until("message.created", count=3)
        await resuming.until("message.created", count=4)
        assert [message["content"] for message in resuming.messages()] == ["0", "one", "two", "three"]
        assert await silence(resuming) == []
