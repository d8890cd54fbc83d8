"""Two people talk: what each of them hears, in which order, and how every command is answered."""

import json
from typing import Any

import psycopg2
import pytest

from deploy.local.stack import Stack
from gateway.realtime import session
from tests.support.doors import Door, close_code, events, open_door, shared, silence
from tests.support.people import Person


async def test_both_hear_everything_in_order_and_the_sender_gets_an_ack(door: Door, ada: Person, bob: Person) -> None:
    place = await ada.group(bob)
    async with ada.socket() as of_ada, bob.socket() as of_bob:
        ack = await of_ada.command("message.send", {"conversation_id": place, "content": "hello"})
        assert ack["type"] == "ack"
        assert ack["payload"]["seq"] == 1
        assert ack["payload"]["sender_id"] == ada.user_id
        frame = await of_bob.until("message.created")
        assert frame["payload"] == shared(ack["payload"])
        assert ack["payload"]["status"] == "sent"
        assert frame["rev"] == ack["payload"]["rev"]
        assert (await of_ada.until("message.created")) == frame
        await of_bob.command("message.send", {"conversation_id": place, "content": "hi"})
        await ada.say(place, "by REST")
        await of_ada.until("message.created", count=3)
        await of_bob.until("message.created", count=3)
        assert of_ada.messages() == of_bob.messages()
        assert [message["seq"] for message in of_ada.messages()] == [1, 2, 3]


async def test_sends_of_one_socket_keep_their_order(door: Door, ada: Person, bob: Person) -> None:
    place = await ada.direct(bob)
    async with ada.socket() as socket:
        texts = [f"message {number}" for number in range(200)]
        await socket.send(place, *texts, at_once=100)
        await socket.until("message.created", count=200)
        assert [message["content"] for message in socket.messages()] == texts


async def test_a_repeated_send_answers_the_first_message(door: Door, ada: Person, bob: Person) -> None:
    place = await ada.direct(bob)
    async with ada.socket() as socket:
        payload = {"conversation_id": place, "content": "once", "client_message_id": "k1"}
        first = await socket.command("message.send", payload)
        again = await socket.command("message.send", payload)
        assert again["payload"] == first["payload"]
        other = await socket.command("message.send", payload | {"content": "something else"})
        assert other["type"] == "error"
        assert other["payload"]["code"] == "idempotency_key_reused"
        await socket.until("message.created")
        assert len(await silence(socket)) == 0


async def test_edits_and_deletions_reach_everybody(door: Door, ada: Person, bob: Person) -> None:
    place = await ada.group(bob)
    async with ada.socket() as of_ada, bob.socket() as of_bob:
        sent = (await of_ada.command("message.send", {"conversation_id": place, "content": "helo"}))["payload"]
        edit = {"message_id": sent["id"], "content": "hello", "priority": "high", "is_important": True}
        edited = await of_ada.command("message.edit", edit)
        assert edited["payload"]["content"] == "hello"
        frame = await of_bob.until("message.updated")
        assert frame["payload"] == shared(edited["payload"])
        assert frame["payload"]["priority"] == "high"
        refused = await of_bob.command("message.edit", {"message_id": sent["id"], "content": "no"})
        assert refused["payload"]["code"] == "not_the_author"
        stale = await of_ada.command("message.edit", {"message_id": sent["id"], "content": "x", "etag": "1"})
        assert stale["payload"]["code"] == "etag_mismatch"
        nothing = await of_ada.command("message.edit", {"message_id": sent["id"]})
        assert nothing["payload"]["code"] == "invalid_request"
        deleted = await of_ada.command("message.delete", {"message_id": sent["id"]})
        assert deleted["payload"]["deleted_at"]
        frame = await of_bob.until("message.deleted")
        assert frame["payload"]["content"] == ""
        assert [kind for kind, _ in events(of_bob, place)] == ["message.created", "message.updated", "message.deleted"]
        revs = [rev for _, rev in events(of_bob, place)]
        assert revs == list(range(revs[0], revs[0] + 3))


async def test_positions_and_typing_are_told_to_the_others(door: Door, ada: Person, bob: Person) -> None:
    place = await ada.direct(bob)
    sent = await ada.say(place, "read me")
    async with ada.socket() as of_ada, bob.socket() as of_bob:
        ack = await of_bob.command("receipt.delivered", {"conversation_id": place, "seq": sent["seq"]})
        assert ack["payload"]["delivered_seq"] == sent["seq"]
        ack = await of_bob.command("receipt.read", {"conversation_id": place, "seq": sent["seq"]})
        assert ack["payload"]["unread_count"] == 0
        frame = await of_ada.first(
            lambda one: one["type"] == "receipt.changed" and one["payload"]["read_seq"] == sent["seq"]
        )
        assert frame["payload"]["user_id"] == bob.user_id
        assert "rev" not in frame
        beyond = await of_bob.command("receipt.read", {"conversation_id": place, "seq": sent["seq"] + 1})
        assert beyond["payload"]["code"] == "position_beyond_end"
        assert (await of_bob.command("typing.start", {"conversation_id": place}))["type"] == "ack"
        frame = await of_ada.until("typing.changed")
        assert frame["payload"] == {"user_id": bob.user_id, "is_typing": True}
        await of_bob.command("typing.stop", {"conversation_id": place})
        frame = await of_ada.until("typing.changed", count=2)
        assert frame["payload"]["is_typing"] is False
        assert not [one for one in of_bob.frames if one["type"] == "typing.changed"]


async def test_who_is_not_in_a_conversation_learns_nothing_of_it(
    door: Door, ada: Person, bob: Person, cyn: Person
) -> None:
    place = await ada.direct(bob)
    async with cyn.socket() as socket:
        sent = await ada.say(place, "private")
        for kind, payload in (
            ("message.send", {"conversation_id": place, "content": "x"}),
            ("message.edit", {"message_id": sent["id"], "content": "x"}),
            ("message.delete", {"message_id": sent["id"]}),
            ("receipt.read", {"conversation_id": place, "seq": 1}),
            ("receipt.delivered", {"conversation_id": place, "seq": 1}),
            ("typing.start", {"conversation_id": place}),
        ):
            answer = await socket.command(kind, payload)
            assert answer["payload"]["status"] == 404, answer
        assert not [frame for frame in socket.frames if frame.get("conversation_id") == place]


async def test_notifications_come_to_all_devices_of_their_user(platform: Stack, ada: Person) -> None:
    eve = await Person.join(ada.url)
    place = await ada.group(eve)

    def is_told(frame: dict[str, Any]) -> bool:
        shown = frame["payload"]
        return frame["type"] == "notification.created" and (shown["conversation_id"], shown["kind"]) == (
            place,
            "message",
        )

    # Who is online needs no notification; through this gateway nobody ever is.
    async with (
        open_door(platform, USERS_TARGET="127.0.0.1:9") as door,
        door.connected(eve) as one,
        door.connected(eve) as other,
    ):
        await one.until("hello")
        await other.until("hello")
        await ada.say(place, "are you there?")
        frame = await one.first(is_told)
        assert frame["payload"]["body"] == "are you there?"
        assert (await other.first(is_told))["payload"]["id"] == frame["payload"]["id"]
        await eve.ask("POST", "notifications/mark_all_read/")
        frame = await one.until("notification.updated")
        assert (frame["payload"]["id"], frame["payload"]["is_read"]) == (None, True)
    await eve.close()


async def test_a_locked_conversation_delays_its_own_sends_alone(
    platform: Stack, door: Door, ada: Person, bob: Person
) -> None:
    held, free = await ada.group(bob), await ada.group(bob)
    async with ada.socket() as socket:
        with psycopg2.connect(platform.superuser_url("conversations")) as connection, connection.cursor() as cursor:
            cursor.execute("select 1 from conversations where id = %s for update", (held,))
            await socket.command("message.send", {"conversation_id": held, "content": "held"}, wait=False)
            await socket.send(free, "free")
            assert not [frame for frame in socket.frames if frame.get("payload", {}).get("content") == "held"]
        connection.close()
        frame = await socket.first(lambda one: one["type"] == "ack" and one["payload"]["content"] == "held")
        assert frame["payload"]["seq"] == 1


async def test_commands_of_later_versions_are_unknown(door: Door, ada: Person) -> None:
    async with ada.socket() as socket:
        for kind in ("call.begin", "nonsense", ""):
            answer = await socket.command(kind, {})
            assert answer["type"] == "error"
            assert answer["payload"]["code"] == "unknown_command"
        assert (await socket.command("ping", {}))["type"] == "ack"


@pytest.mark.parametrize(
    ("kind", "payload", "field"),
    [
        ("message.send", {}, "content"),
        ("message.send", {"conversation_id": "x", "content": "y"}, "conversation_id"),
        ("message.send", {"conversation_id": None, "content": "y"}, "conversation_id"),
        ("message.send", {"content": "x" * 16_001}, "content"),
        ("message.send", {"content": ""}, "content"),
        ("message.send", {"content": 7}, "content"),
        ("message.send", {"content": "x", "sender_id": "me"}, "sender_id"),
        ("message.send", {"content": "x", "client_message_id": "y" * 65}, "client_message_id"),
        ("message.send", {"content": "x", "message_type": "system"}, "message_type"),
        ("message.send", {"content": "x", "priority": 3}, "priority"),
        ("message.edit", {"content": "x"}, "message_id"),
        ("message.delete", {"message_id": ["x"]}, "message_id"),
        ("receipt.read", {"seq": -1}, "seq"),
        ("receipt.read", {"seq": 2**63}, "seq"),
        ("receipt.read", {"seq": 1.5}, "seq"),
        ("receipt.read", {"seq": True}, "seq"),
        ("typing.start", {"conversation_id": "x"}, "conversation_id"),
        ("resume", {"revs": {"x": 1}}, "revs.x.[key]"),
        ("resume", {"revs": []}, "revs"),
        ("resume", {"epoch": 7}, "epoch"),
        ("authenticate", {}, "access"),
        ("ping", {"more": 1}, "more"),
    ],
)
async def test_a_payload_that_breaks_a_rule_is_refused_by_field(
    door: Door, ada: Person, kind: str, payload: dict[str, object], field: str
) -> None:
    async with ada.socket() as socket:
        answer = await socket.command(kind, payload)

        assert answer["type"] == "error"
        assert answer["payload"]["code"] == "invalid_request"
        assert answer["payload"]["status"] == 422
        assert field in {error["field"] for error in answer["payload"]["errors"]}
        assert "x" * 100 not in json.dumps(answer)


async def test_a_flood_of_junk_ends_like_one_of_commands(platform: Stack, ada: Person) -> None:
    async with open_door(platform, COMMAND_RATE="0.01", COMMAND_BURST="5") as door, door.connected(ada) as socket:
        await socket.until("hello")
        for _ in range(session.MAX_STRIKES + 10):
            await socket.connection.send("junk")
        assert await close_code(socket) == 4429
