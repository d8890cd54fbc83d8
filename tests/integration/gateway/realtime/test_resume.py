"""Losing nothing: what a device that was away gets, and in which order with what happens meanwhile."""

import asyncio
import contextlib
import time
import uuid

import psycopg2
import pytest

from deploy.local.stack import Stack
from gateway.realtime import session
from tests.support.doors import Door, close_code, command, events, silence
from tests.support.people import Person


async def test_what_was_missed_comes_exactly_once_and_in_order(door: Door, ada: Person, bob: Person) -> None:
    place = await ada.direct(bob)
    async with bob.socket() as socket:
        await ada.say(place, "hello")
        known, epoch = (await socket.until("message.created"))["rev"], socket.hello["epoch"]
        socket.connection.transport.abort()
    for text in ("one", "two", "three"):
        await ada.say(place, text)
    async with bob.socket({place: known}, epoch) as socket:
        assert socket.resumed["conversations"][place] == {"mode": "events", "rev": known + 3}
        await ada.say(place, "four")
        await socket.first(lambda frame: frame.get("payload", {}).get("content") == "four")
        assert [message["content"] for message in socket.messages()] == ["one", "two", "three", "four"]
        assert events(socket, place) == [("message.created", known + n) for n in (1, 2, 3, 4)]
        assert socket.frames.index(await socket.until("resumed")) > socket.frames.index(
            await socket.until("message.created", count=3)
        )


async def test_events_are_held_until_the_resume_is_through(
    door: Door, ada: Person, bob: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Nothing but the resume ends the holding.
    monkeypatch.setattr(session, "CHOOSE_SECONDS", 300)
    place = await ada.direct(bob)
    first = await ada.say(place, "before")
    async with door.connected(bob) as socket:
        hello = await socket.until("hello")
        await ada.say(place, "held one")
        await ada.say(place, "held two")
        assert await silence(socket, 0.3) == []
        revs = {place: first["rev"]}
        answer = await socket.command("resume", {"epoch": hello["payload"]["epoch"], "revs": revs})
        assert answer["type"] == "resumed"
        await ada.say(place, "live")
        await socket.until("message.created", count=3)
        assert events(socket, place) == [("message.created", first["rev"] + n) for n in (1, 2, 3)]


async def test_without_a_resume_a_second_is_waited_and_then_what_was_held_comes(
    door: Door, ada: Person, bob: Person
) -> None:
    place = await ada.direct(bob)
    begun = time.monotonic()
    async with door.connected(bob) as socket:
        await socket.until("hello")
        await ada.say(place, "held")
        frame = await socket.until("message.created")
        # However slow everything else was.
        assert time.monotonic() - begun >= session.CHOOSE_SECONDS
        assert frame["payload"]["content"] == "held"


async def test_another_first_command_means_live_from_now(
    door: Door, ada: Person, bob: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "CHOOSE_SECONDS", 300)
    place = await ada.direct(bob)
    async with door.connected(bob) as socket:
        await socket.until("hello")
        await socket.command("ping", {})
        await ada.say(place, "now")
        await socket.until("message.created")
    async with door.connected(bob) as socket:
        await socket.until("hello")
        await socket.command("message.send", {"conversation_id": place, "content": "mine"})
        await socket.until("message.created")


async def test_what_is_sent_right_behind_a_resume_waits_for_it(door: Door, ada: Person, bob: Person) -> None:
    place = await ada.direct(bob)
    async with bob.socket() as before:
        await ada.say(place, "seen")
        known = (await before.until("message.created"))["rev"]
        epoch = before.hello["epoch"]
    for text in ("missed", "missed too"):
        await ada.say(place, text)
    async with door.connected(bob) as socket:
        await socket.until("hello")
        revs = {"epoch": epoch, "revs": {place: known}}
        sent = {"conversation_id": place, "content": "mine"}
        # Both in one segment: neither waits for an answer.
        connection = socket.connection
        connection.protocol.send_text(command("resume", revs, "1").encode())
        connection.protocol.send_text(command("message.send", sent, "2").encode())
        connection.transport.write(b"".join(connection.protocol.data_to_send()))
        await socket.until("ack")
        await socket.until("message.created", count=3)

        assert [message["content"] for message in socket.messages()] == ["missed", "missed too", "mine"]


async def test_a_live_device_may_resume_again(door: Door, ada: Person, bob: Person) -> None:
    place = await ada.direct(bob)
    async with bob.socket() as socket:
        first = await ada.say(place, "one")
        await ada.say(place, "two")
        await socket.until("message.created", count=2)
        revs = {place: first["rev"]}
        answer = await socket.command("resume", {"epoch": socket.hello["epoch"], "revs": revs})
        assert answer["payload"]["conversations"][place] == {"mode": "events", "rev": first["rev"] + 1}
        await ada.say(place, "three")
        await socket.until("message.created", count=4)
        assert [message["content"] for message in socket.messages()] == ["one", "two", "two", "three"]


async def test_the_summary_names_new_and_lost_conversations(door: Door, ada: Person, bob: Person, cyn: Person) -> None:
    kept, left, fresh = await ada.group(bob), await ada.group(bob), await ada.group(bob)
    async with bob.socket() as socket:
        revs = {place: socket.resumed["conversations"][place]["rev"] for place in (kept, left)}
        epoch = socket.hello["epoch"]
    await bob.ask("POST", f"conversations/{left}/leave/", expect=204)
    stranger = await ada.direct(cyn)
    async with bob.socket({**revs, stranger: 3}, epoch) as socket:
        shown = socket.resumed["conversations"]
        assert shown[kept] == {"mode": "events", "rev": revs[kept]}
        assert shown[left]["mode"] == "gone"
        assert shown[fresh]["mode"] == "new"
        # Nothing tells whether a conversation that is not one's own exists.
        assert shown[stranger] == {"mode": "gone", "rev": 3}
        assert socket.messages() == []


@pytest.mark.parametrize("rev", [-1, 2**63, 2**64 - 1])
async def test_a_rev_that_is_no_rev_is_refused_and_the_socket_lives(
    door: Door, ada: Person, bob: Person, rev: int
) -> None:
    place = await ada.direct(bob)
    async with bob.socket() as socket:
        answer = await socket.command("resume", {"epoch": socket.hello["epoch"], "revs": {place: rev}})

        assert answer["payload"]["code"] == "invalid_request"
        assert (await socket.command("ping", {}))["type"] == "ack"


async def test_revs_of_another_epoch_or_the_future_mean_nothing(door: Door, ada: Person, bob: Person) -> None:
    place = await ada.direct(bob)
    sent = await ada.say(place, "hello")
    async with bob.socket({place: 1}, str(uuid.uuid4())) as socket:
        assert socket.resumed["conversations"][place] == {"mode": "reset", "rev": sent["rev"]}
        assert socket.messages() == []
    async with bob.socket({place: sent["rev"] + 50}) as socket:
        assert socket.resumed["conversations"][place] == {"mode": "reset", "rev": sent["rev"]}
        await ada.say(place, "next")
        assert (await socket.until("message.created"))["rev"] == sent["rev"] + 1


async def test_a_thousand_changes_are_told_one_by_one_and_more_than_that_compacted(
    door: Door, ada: Person, bob: Person
) -> None:
    place = await ada.group(bob)
    first = await ada.say(place, "0")
    async with ada.socket() as socket:
        last = (await socket.send(place, *(f"{number} " + "x" * 2000 for number in range(1000))))[-1]
        await socket.until("message.created", count=1000)
        # Two thousand characters a thousand times: more than one page.
        async with bob.socket({place: first["rev"]}) as resumed:
            assert resumed.resumed["conversations"][place] == {"mode": "events", "rev": last["rev"]}
            assert [message["seq"] for message in resumed.messages()] == list(range(2, 1002))
        for text in ("short", "shorter"):
            await socket.command("message.edit", {"message_id": last["id"], "content": text})
    async with bob.socket({place: first["rev"]}) as resumed:
        shown = resumed.resumed["conversations"][place]
        assert shown["rev"] == last["rev"] + 2
        # What changed is more than one answer takes, so only a fresh start helps.
        assert shown["mode"] == "reset"
        assert resumed.messages() == []


async def test_many_changes_of_few_things_are_told_as_they_ended(
    platform: Stack, door: Door, ada: Person, bob: Person
) -> None:
    place = await ada.group(bob)
    first = await ada.say(place, "0")
    await ada.ask("PATCH", f"messages/{first['id']}/", json={"content": "edit 0"})
    # Its edit is logged a thousand times: of what is changed again, nothing else is left.
    with (
        contextlib.closing(psycopg2.connect(platform.superuser_url("conversations"))) as database,
        database,
        database.cursor() as cursor,
    ):
        cursor.execute(
            "insert into conversation_changes (conversation_id, rev, kind, actor_id, target_id, created_at) "
            "select conversation_id, rev + n, kind, actor_id, target_id, created_at "
            "from conversation_changes, generate_series(1, 999) n where conversation_id = %s and rev = %s",
            [place, first["rev"] + 1],
        )
        cursor.execute("update conversations set rev = rev + 999 where id = %s", [place])
    last = await ada.ask("PATCH", f"messages/{first['id']}/", json={"content": "edit 1000"})
    assert last["rev"] == first["rev"] + 1001
    async with bob.socket({place: first["rev"]}) as socket:
        assert socket.resumed["conversations"][place] == {"mode": "compacted", "rev": last["rev"]}
        assert events(socket, place) == [("message.updated", last["rev"])]
        assert (await socket.until("message.updated"))["payload"]["content"] == "edit 1000"


async def test_another_database_sends_everybody_to_begin_anew(
    platform: Stack, door: Door, ada: Person, bob: Person
) -> None:
    place = await ada.direct(bob)
    sent = await ada.say(place, "hello")
    connection = psycopg2.connect(platform.superuser_url("conversations"))
    connection.autocommit = True
    try:
        async with bob.socket() as socket:
            with connection.cursor() as cursor:
                cursor.execute("update epoch set value = gen_random_uuid()")
            assert await close_code(socket) == 4009
        async with bob.socket({place: sent["rev"]}, socket.hello["epoch"]) as again:
            assert again.hello["epoch"] != socket.hello["epoch"]
            assert again.resumed["conversations"][place]["mode"] == "reset"
    finally:
        connection.close()


async def test_a_resume_while_people_talk_has_neither_gaps_nor_repeats(door: Door, ada: Person, bob: Person) -> None:
    place = await ada.direct(bob)
    first = await ada.say(place, "0")
    stop = asyncio.Event()

    async def talk() -> None:
        async with ada.socket() as socket:
            while not stop.is_set():
                await socket.command("message.send", {"conversation_id": place, "content": "and on"})

    talking = asyncio.create_task(talk())
    known = first["rev"]
    try:
        for _ in range(8):
            async with bob.socket({place: known}) as socket:
                await socket.until("message.created", count=len(socket.messages()) + 5)
                revs = [rev for _, rev in events(socket, place)]
                assert revs == list(range(known + 1, known + 1 + len(revs)))
                known = revs[-1]
    finally:
        stop.set()
        await talking
