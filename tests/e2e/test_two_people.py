"""The main journey: two people talk, one of them loses the connection and finds out what happened meanwhile."""

import asyncio

from deploy.local.stack import Stack
from tests.support.people import Person


async def test_b_sees_what_a_says_and_catches_up_after_a_lost_connection(platform: Stack) -> None:
    a, b = await Person.join(platform.gateway_url), await Person.join(platform.gateway_url)
    conversation = await a.direct(b)
    async with b.socket() as socket:
        sent = await a.say(conversation, "hello")
        frame = await socket.until("message.created")
        # What only the sender sees of it is not for everybody.
        assert frame["payload"].items() <= sent.items()
        assert frame["conversation_id"] == conversation
        known, epoch = frame["rev"], socket.hello["epoch"]
        # Not a farewell: the line is cut.
        socket.connection.transport.abort()
    for text in ("one", "two", "three"):
        await a.say(conversation, text)
    async with b.socket({conversation: known}, epoch) as socket:
        assert socket.resumed["conversations"][conversation] == {"mode": "events", "rev": known + 3}
        assert [message["content"] for message in socket.messages()] == ["one", "two", "three"]
        assert [message["seq"] for message in socket.messages()] == [2, 3, 4]
        await a.say(conversation, "four")
        await socket.first(lambda frame: frame.get("payload", {}).get("content") == "four")
    await asyncio.gather(a.close(), b.close())


async def test_both_send_over_sockets_and_see_the_same_order(platform: Stack) -> None:
    a, b = await Person.join(platform.gateway_url), await Person.join(platform.gateway_url)
    conversation = await a.direct(b)
    async with a.socket() as of_a, b.socket() as of_b:

        async def talk(socket: object, name: str) -> None:
            for number in range(20):
                payload = {"conversation_id": conversation, "content": f"{name}{number}"}
                answer = await socket.command("message.send", payload)  # type: ignore[attr-defined]
                assert answer["type"] == "ack", answer

        await asyncio.gather(talk(of_a, "a"), talk(of_b, "b"))
        await of_a.until("message.created", count=40)
        await of_b.until("message.created", count=40)
        assert of_a.messages() == of_b.messages()
        assert [message["seq"] for message in of_a.messages()] == list(range(1, 41))
    stored = await a.read_all(conversation)
    assert all(told.items() <= kept.items() for told, kept in zip(of_a.messages(), stored, strict=True))
    await asyncio.gather(a.close(), b.close())


async def test_reading_is_seen_by_the_sender(platform: Stack) -> None:
    a, b = await Person.join(platform.gateway_url), await Person.join(platform.gateway_url)
    conversation = await a.direct(b)
    await a.say(conversation, "read me")
    listed = await b.ask("GET", "conversations/?unread=true")
    assert [one["unread_count"] for one in listed["results"]] == [1]
    async with a.socket() as socket:
        await b.ask("POST", f"conversations/{conversation}/read/", json={"seq": 1})
        frame = await socket.until("receipt.changed")
        assert (frame["payload"]["user_id"], frame["payload"]["read_seq"]) == (b.user_id, 1)
    assert (await b.ask("GET", f"conversations/{conversation}/"))["unread_count"] == 0
    await asyncio.gather(a.close(), b.close())


async def test_who_is_not_looking_finds_a_notification(platform: Stack) -> None:
    a, b = await Person.join(platform.gateway_url), await Person.join(platform.gateway_url)
    conversation = await a.direct(b)
    await a.say(conversation, "are you there?")

    async def messages() -> list[object]:
        page = await b.ask("GET", "notifications/?unread=true")
        return [one for one in page["results"] if one["kind"] == "message"]

    async with asyncio.timeout(30):
        while not (found := await messages()):
            await asyncio.sleep(0.1)
    assert found[0]["conversation_id"] == conversation  # type: ignore[index]
    assert found[0]["body"] == "are you there?"  # type: ignore[index]
    assert (await b.ask("GET", "notifications/unread_count/"))["unread_count"] >= 1
    await b.ask("POST", "notifications/mark_all_read/")
    assert await messages() == []
    await asyncio.gather(a.close(), b.close())
