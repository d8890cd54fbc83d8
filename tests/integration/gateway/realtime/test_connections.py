"""How connections begin, what they may not say, and how they are refused."""

import asyncio
import uuid

import httpx2
import pytest
from websockets.exceptions import InvalidStatus

from deploy.local.stack import Stack
from gateway.realtime import session
from tests.support.doors import Door, close_code, command, open_door, said
from tests.support.people import Person


async def test_a_header_proves_who_it_is(door: Door, ada: Person) -> None:
    async with door.connected(ada) as socket:
        hello = (await socket.until("hello"))["payload"]

        assert hello["user_id"] == ada.user_id
        assert hello["session_id"]
        assert hello["epoch"]
        assert hello["limits"]["frame_bytes"] == 262144
        assert hello["server_time"] < hello["expires_at"]


async def test_devices_that_come_at_once_leave_each_other_alone(door: Door) -> None:
    people = [await Person.join(door.url) for _ in range(4)]
    for person in people[1:]:
        await people[0].direct(person)

    async def come(person: Person) -> str:
        async with person.socket() as socket:
            # Past the moment in which a socket is held, so that one that had to resume would be told.
            await asyncio.sleep(0.3)
            return str((await socket.command("ping", {}))["type"])

    assert set(await asyncio.gather(*(come(person) for person in people * 3))) == {"ack"}
    await asyncio.gather(*(person.close() for person in people))


async def test_a_first_frame_proves_it_and_what_follows_waits(door: Door, ada: Person) -> None:
    async with door.connected() as socket:
        await socket.connection.send(command("authenticate", {"access": ada.access}, "1"))
        await socket.connection.send(command("resume", {}, "2"))
        await socket.connection.send(command("ping", {}, "3"))
        await socket.until("ack")

        spontaneous = {"digest", "presence.changed"}
        told = [frame["type"] for frame in socket.frames if frame["type"] not in spontaneous]
        assert told == ["hello", "resumed", "ack"]


@pytest.mark.parametrize(
    "text",
    [
        command("ping"),
        command("resume"),
        command("message.send", {"conversation_id": str(uuid.uuid4()), "content": "x"}),
        command("authenticate", {"access": "x.y.z"}),
        command("authenticate", {"access": ""}),
        command("authenticate", {}),
        "junk",
    ],
)
async def test_anything_else_first_ends_it(door: Door, text: str) -> None:
    async with door.connected() as socket:
        await socket.connection.send(text)

        assert await close_code(socket) == 4401
        assert all(frame["type"] == "error" for frame in socket.frames)


async def test_silence_ends_it_too(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "AUTHENTICATE_SECONDS", 0.2)
    async with door.connected() as socket:
        assert await close_code(socket) == 4401


async def test_a_bad_header_ends_it(door: Door) -> None:
    for value in ("Bearer x.y.z", "Basic YTpi", "Bearer "):
        async with door.connected(headers={"Authorization": value}) as socket:
            assert await close_code(socket) == 4401


async def test_a_ticket_opens_one_socket(door: Door, ada: Person) -> None:
    answer = await ada.ask("POST", "auth/ws-ticket/", expect=201)
    assert answer["expires_in"] == 30
    async with door.connected(query=f"?ticket={answer['ticket']}") as socket:
        assert (await socket.until("hello"))["payload"]["user_id"] == ada.user_id
    async with door.connected(query=f"?ticket={answer['ticket']}") as socket:
        assert await close_code(socket) == 4401
    async with door.connected(query="?ticket=" + "x" * 200) as socket:
        assert await close_code(socket) == 4401
    async with httpx2.AsyncClient(base_url=door.url) as http:
        assert (await http.post("/api/v1/auth/ws-ticket/")).status_code == 401


@pytest.mark.parametrize("query", ["?access_token=x", "?token=x", "?ticket=x&more=y"])
async def test_nothing_else_is_taken_from_the_address(door: Door, ada: Person, query: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with door.connected(ada, query=query):
            pass
    assert refused.value.response.status_code == 403


async def test_pages_of_other_origins_are_refused(platform: Stack, ada: Person) -> None:
    async with open_door(platform, CORS_ALLOWED_ORIGINS="https://chat.example.org") as door:
        for origin in ("https://chat.example.org", door.url):
            async with door.connected(ada, headers={"Origin": origin}) as socket:
                await socket.until("hello")
        for origin in ("https://evil.example.org", "null", "https://chat.example.org.evil.org"):
            with pytest.raises(InvalidStatus) as refused:
                async with door.connected(ada, headers={"Origin": origin}):
                    pass
            assert refused.value.response.status_code == 403


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "null",
        "[]",
        "[" * 5000,
        '{"type":"ping"}',
        '{"type":"ping","id":7}',
        '{"type":"ping","id":"1","payload":7}',
        '{"type":"ping","id":"1","extra":7}',
        '{"type":"ping","id":"1","payload":{"a":"\\u0000"}}',
        b"\x00\x01\x02",
        b'{"type":"ping","id":"1"}',
    ],
)
async def test_junk_gets_an_error_frame_and_nothing_worse(door: Door, ada: Person, text: str | bytes) -> None:
    async with ada.socket() as socket:
        assert (await said(socket, text))["code"] == "frame_invalid"
        assert (await socket.command("ping", {}))["type"] == "ack"


async def test_a_frame_in_pieces_is_read_as_one(door: Door, ada: Person) -> None:
    async with ada.socket() as socket:
        await socket.connection.send(list(command("ping", {}, "pieces")))
        assert (await socket.first(lambda frame: frame.get("id") == "pieces"))["type"] == "ack"


async def test_a_frame_above_256_kib_ends_it(door: Door, ada: Person) -> None:
    async with ada.socket() as socket:
        await socket.connection.send(command("ping", {"a": "x" * 262_144}))
        assert await close_code(socket) == 1009


async def test_text_that_is_not_utf8_is_refused(door: Door, ada: Person) -> None:
    async with ada.socket() as socket:
        protocol = socket.connection.protocol
        protocol.send_text(b'{"type":"\xff"}')
        for data in protocol.data_to_send():
            socket.connection.transport.write(data)
        assert (await socket.until("error"))["payload"]["code"] == "frame_invalid"
