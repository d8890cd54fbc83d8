"""How connections end: with their token, by a limit, by a peer that does not read, with the process."""

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from urllib.parse import urlsplit

import httpx2
import pytest
from prometheus_client import REGISTRY

from deploy.local.stack import Stack
from gateway.principal import Principal
from gateway.realtime import session, wire
from gateway.realtime import socket as socket_module
from gateway.realtime.commands import COMMANDS
from gateway.realtime.tickets import Tickets
from gateway.revocations import Revocations
from tests.support.doors import Door, close_code, command, open_door, silence
from tests.support.people import PATIENCE, Person, Socket


async def test_an_ended_session_is_cut_off_by_its_event(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    async def read_no_list(_: Revocations) -> None:
        pass

    # The list of revocations that is read every 30 s would tell as well.
    monkeypatch.setattr(Revocations, "load", read_no_list)
    eve = await Person.join(door.url)
    other = await Person.join(door.url)
    async with eve.socket() as one, eve.socket() as two, other.socket() as of_other:
        await eve.ask("POST", "auth/logout/", expect=204)
        assert await close_code(one) == 4401
        assert await close_code(two) == 4401
        assert [frame["payload"] for frame in one.frames if frame["type"] == "session.revoked"] == [
            {"session_id": one.hello["session_id"]}
        ]
        assert (await eve.http.get("/api/v1/users/me/")).status_code == 401
        assert (await of_other.command("ping", {}))["type"] == "ack"
    async with door.connected(eve) as socket:
        assert await close_code(socket) == 4401
    await eve.close()
    await other.close()


async def test_a_socket_ends_with_its_token_unless_it_is_renewed(
    door: Door, ada: Person, bob: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    issue, lifetime = Tickets.issue, 1.0

    async def issue_brief(self: Tickets, principal: Principal) -> str:
        ends = time.time() + lifetime
        brief = Principal(
            principal.user_id, principal.session_id, principal.roles, principal.scopes, principal.issued_at, ends
        )
        return await issue(self, brief)

    monkeypatch.setattr(Tickets, "issue", issue_brief)
    ticket, late = [(await ada.ask("POST", "auth/ws-ticket/", expect=201))["ticket"] for _ in range(2)]
    async with door.connected(query=f"?ticket={ticket}") as socket:
        await socket.until("hello")
        assert await close_code(socket) == 4401
    async with door.connected(query=f"?ticket={late}") as socket:
        assert await close_code(socket) == 4401
    # Long enough to renew it in time on any machine.
    lifetime = 3.0
    ticket = (await ada.ask("POST", "auth/ws-ticket/", expect=201))["ticket"]
    async with door.connected(query=f"?ticket={ticket}") as socket:
        await socket.until("hello")
        refused = await socket.command("authenticate", {"access": bob.access})
        assert refused["payload"]["code"] == "token_invalid"
        answer = await socket.command("authenticate", {"access": ada.access})
        assert answer["type"] == "ack"
        assert answer["payload"]["expires_at"]
        await silence(socket, lifetime + 0.2)
        assert (await socket.command("ping", {}))["type"] == "ack"


async def test_the_eleventh_socket_of_a_user_is_refused(door: Door, bob: Person) -> None:
    async with AsyncExitStack() as stack:
        opened = [await stack.enter_async_context(door.connected(bob)) for _ in range(11)]
        for socket in opened[:10]:
            await socket.until("hello")
        assert await close_code(opened[10]) == 4429


async def test_too_many_commands_are_refused_and_a_flood_ends_it(platform: Stack, ada: Person) -> None:
    async with open_door(platform, COMMAND_RATE="0.01", COMMAND_BURST="5") as door, door.connected(ada) as socket:
        await socket.until("hello")
        for number in range(10):
            await socket.connection.send(command("ping", {}, str(number)))
        await socket.until("error", count=5)
        assert {frame["payload"]["code"] for frame in socket.frames if frame["type"] == "error"} == {"rate_limited"}
        for _ in range(session.MAX_STRIKES):
            await socket.connection.send(command("ping"))
        assert await close_code(socket) == 4429


async def test_sends_have_a_bucket_of_their_own(platform: Stack, ada: Person, bob: Person) -> None:
    place = await ada.direct(bob)
    async with (
        open_door(platform, SEND_RATE="0.01", SEND_BURST="3", COMMAND_RATE="0.01", COMMAND_BURST="3") as door,
        door.connected(ada) as socket,
    ):
        await socket.until("hello")
        answers = [
            (await socket.command("message.send", {"conversation_id": place, "content": "x"}))["type"] for _ in range(4)
        ]
        assert answers == ["ack", "ack", "ack", "error"]
        assert (await socket.command("ping", {}))["type"] == "ack"


async def test_who_does_not_wait_for_answers_is_bounded(door: Door, ada: Person, bob: Person) -> None:
    place = await ada.direct(bob)
    async with ada.socket() as socket:
        for number in range(session.MAX_WAITING + 2):
            text = command("receipt.read", {"conversation_id": place, "seq": 0}, str(number))
            await socket.connection.send(text)
        assert await close_code(socket) == 4429


@asynccontextmanager
async def deaf(door: Door, person: Person) -> AsyncIterator[socket.socket]:
    """A connection that says hello and then reads no more."""
    with socket.socket() as peer:
        # Little lies between the two, so that few messages show who reads and who does not.
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        peer.connect(("127.0.0.1", urlsplit(door.url).port))
        handshake = (
            "GET /api/v1/ws/ HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
            f"Authorization: Bearer {person.access}\r\n\r\n"
        )
        peer.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(peer, handshake.encode())
        heard = b""
        while b'"hello"' not in heard:
            heard += await loop.sock_recv(peer, 4096)
        yield peer


async def rest_of(peer: socket.socket, end: bytes = b"") -> bytes:
    """Everything that still comes until these bytes or the end of the connection."""
    loop, heard = asyncio.get_running_loop(), bytearray()
    with contextlib.suppress(ConnectionError):
        while not (end and heard.endswith(end)) and (data := await loop.sock_recv(peer, 65536)):
            heard += data
    return bytes(heard)


async def flood(of_sender: Socket, place: str, count: int) -> None:
    """Long messages, twenty at a time, until all of them have come back."""
    await of_sender.send(place, *["x" * 15_000] * count, at_once=20)
    await of_sender.until("message.created", count=count)


async def test_a_slow_reader_is_closed_and_delays_nobody(
    door: Door, ada: Person, bob: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    # However long the flood takes: nobody is cut off before the close frame was read.
    monkeypatch.setattr(wire, "CLOSE_SECONDS", 300)
    place = await ada.group(bob)
    async with ada.socket() as of_ada, deaf(door, bob) as peer:
        await asyncio.sleep(1.1)
        await flood(of_ada, place, 400)
        # What was on its way still comes, and behind it the close frame that says why.
        end = b"\x88\x12" + (4008).to_bytes(2, "big") + b"too slow, resume"
        heard = await rest_of(peer, end)
        assert heard.endswith(end)
        assert heard.count(b'"message.created"') < 400


async def test_a_peer_that_reads_nothing_at_all_is_cut_off(
    door: Door, ada: Person, bob: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "WRITE_SECONDS", 0.3)
    monkeypatch.setattr(wire, "CLOSE_SECONDS", 0.3)
    place = await ada.group(bob)
    async with ada.socket() as of_ada, deaf(door, bob) as peer:
        await asyncio.sleep(1.1)
        await flood(of_ada, place, 400)
        # Once it is shut, an end after 0.3 s comes before that of this second, however slow the machine.
        async with asyncio.timeout(PATIENCE):
            while REGISTRY.get_sample_value("messaging_sockets") != 1:
                await asyncio.sleep(0.05)
        await asyncio.sleep(1)
        heard = await rest_of(peer)
        assert heard.count(b'"message.created"') < 400
        assert b"too slow" not in heard


async def test_a_session_that_is_held_too_long_is_closed(
    door: Door, ada: Person, bob: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket_module, "MAX_HELD", 20_000)
    place = await ada.direct(bob)
    async with door.connected(bob) as held:
        await held.until("hello")
        for _ in range(3):
            await ada.say(place, "x" * 15_000)
        assert await close_code(held) == 4008
        assert held.messages() == []


async def test_without_its_service_a_socket_is_asked_to_come_back(platform: Stack, ada: Person) -> None:
    # Nobody listens on port 9.
    async with open_door(platform, CONVERSATIONS_TARGET="127.0.0.1:9") as door, door.connected(ada) as socket:
        assert await close_code(socket) == 4003


async def test_without_redis_tickets_are_refused_and_sockets_are_not(platform: Stack, ada: Person) -> None:
    async with open_door(platform, REDIS_URL="redis://127.0.0.1:9/0") as door:
        async with httpx2.AsyncClient(base_url=door.url) as http:
            headers = {"Authorization": f"Bearer {ada.access}"}
            answer = await http.post("/api/v1/auth/ws-ticket/", headers=headers)
            assert answer.status_code == 503
            assert answer.json()["code"] == "dependency_unavailable"
        async with door.connected(query="?ticket=x") as socket:
            assert await close_code(socket) == 4003
        async with door.connected(ada) as socket:
            await socket.until("hello")


async def test_a_gateway_that_ends_sends_everybody_elsewhere(platform: Stack, ada: Person, bob: Person) -> None:
    async with open_door(platform) as door, door.connected(ada) as one, door.connected(bob) as two:
        await one.until("hello")
        ending = asyncio.create_task(door.end())
        assert await close_code(one) == 4001
        assert await close_code(two) == 4001
        await ending


async def test_a_defect_ends_its_own_socket_alone(
    door: Door, ada: Person, bob: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise RuntimeError

    async with ada.socket() as of_ada, bob.socket() as of_bob:
        monkeypatch.setitem(COMMANDS, "ping", fail)
        await of_ada.connection.send(command("ping"))
        assert await close_code(of_ada) == 1011
        monkeypatch.undo()
        assert (await of_bob.command("ping", {}))["type"] == "ack"
