"""Who counts as being there, and who is told."""

import asyncio
import signal
from collections.abc import AsyncIterator
from typing import Any

import pytest
from redis.asyncio import Redis

from deploy.local.stack import Stack
from gateway.realtime import witnesses
from tests.support.doors import Door, command, open_door, said
from tests.support.people import Person, Socket

PATIENCE = 180


# Of their own: whose gateway of another test ended counts as being there for minutes.
@pytest.fixture
async def bob(door: Door) -> AsyncIterator[Person]:
    person = await Person.join(door.url)
    yield person
    await person.close()


@pytest.fixture
async def cyn(door: Door) -> AsyncIterator[Person]:
    person = await Person.join(door.url)
    yield person
    await person.close()


async def becomes(person: Person, state: str, *, seen_by: Person) -> None:
    async with asyncio.timeout(PATIENCE):
        while (await seen_by.ask("GET", f"users/{person.user_id}/"))["presence"]["state"] != state:
            await asyncio.sleep(0.1)


def heard(socket: Socket, person: Person) -> list[str]:
    """The states of somebody that a socket was told of."""
    return [
        frame["payload"]["state"]
        for frame in socket.frames
        if frame["type"] == "presence.changed" and frame["payload"]["user_id"] == person.user_id
    ]


async def told(socket: Socket, person: Person, state: str, *, after: int = 0) -> Any:
    """Wait until a socket is told of a state, beyond the first frames."""

    def matches(frame: Any) -> bool:
        expected = {"user_id": person.user_id, "state": state}
        return frame["type"] == "presence.changed" and bool(expected.items() <= frame["payload"].items())

    async with asyncio.timeout(PATIENCE):
        while not (found := list(filter(matches, socket.frames[after:]))):
            await asyncio.sleep(0.02)
    return found[0]["payload"]


async def test_two_sockets_that_open_together_make_one_present(door: Door, ada: Person, cyn: Person) -> None:
    async def stay(until: asyncio.Event) -> None:
        async with cyn.socket():
            await until.wait()

    await becomes(cyn, "offline", seen_by=ada)
    enough = asyncio.Event()
    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(2):
                group.create_task(stay(enough))
            try:
                await becomes(cyn, "online", seen_by=ada)
            finally:
                enough.set()
    finally:
        await becomes(cyn, "offline", seen_by=ada)


async def test_of_several_devices_the_one_counts_where_somebody_is_most_present(
    platform: Stack, ada: Person, bob: Person
) -> None:
    await ada.direct(bob)
    await becomes(bob, "offline", seen_by=ada)
    # The second device is connected to another process.
    async with ada.socket() as of_ada, open_door(platform) as other, bob.socket() as laptop:
        await told(of_ada, bob, "online")
        elsewhere = Person(other.url, bob.http, bob.username, vars(bob))
        async with elsewhere.socket() as phone:
            await laptop.command("presence.set", {"state": "away"})
            await phone.command("presence.set", {"state": "away"})
            shown = await told(of_ada, bob, "away")
            assert (await ada.ask("GET", f"users/{bob.user_id}/presence/"))["state"] == "away"
            assert shown["last_seen_at"] is not None

            before = len(of_ada.frames)
            await phone.command("presence.set", {"state": "online"})
            await told(of_ada, bob, "online", after=before)
            # Heartbeats, one a second here, do not undo what a device said.
            await of_ada.until("digest", count=len([f for f in of_ada.frames if f["type"] == "digest"]) + 2)
            await laptop.command("presence.set", {"state": "away"})
            assert heard(of_ada, bob)[-1] == "online"

            before = len(of_ada.frames)
            await phone.command("presence.set", {"state": "away"})
            await told(of_ada, bob, "away", after=before)
        # While both processes are there to say so.
        await laptop.connection.close()
        await becomes(bob, "offline", seen_by=ada)


async def test_who_comes_back_within_seconds_was_never_gone(ada: Person, bob: Person) -> None:
    await ada.direct(bob)
    await becomes(bob, "offline", seen_by=ada)
    async with ada.socket() as of_ada:
        async with bob.socket():
            await told(of_ada, bob, "online")
        for _ in range(2):
            # Longer than news is collected.
            await asyncio.sleep(2)
            async with bob.socket():
                pass
        assert heard(of_ada, bob) == ["online"]
        await told(of_ada, bob, "offline")
        assert heard(of_ada, bob) == ["online", "offline"]


async def test_turning_to_and_fro_is_told_at_most_once_a_second(ada: Person, bob: Person) -> None:
    await ada.direct(bob)
    await becomes(bob, "offline", seen_by=ada)
    async with ada.socket() as of_ada, bob.socket() as of_bob:
        await told(of_ada, bob, "online")
        for n in range(41):
            await of_bob.command("presence.set", {"state": "online" if n % 2 else "away"})
        await told(of_ada, bob, "away")

        assert len(heard(of_ada, bob)) <= 4


async def test_own_devices_and_strangers_are_told_nothing(ada: Person, bob: Person, platform: Stack) -> None:
    await ada.direct(bob)
    await becomes(bob, "offline", seen_by=ada)
    stranger = await Person.join(platform.gateway_url)
    async with ada.socket() as of_ada, stranger.socket() as strange, bob.socket() as laptop, bob.socket() as phone:
        await laptop.command("presence.set", {"state": "away"})
        await phone.command("presence.set", {"state": "away"})
        await told(of_ada, bob, "away")

        assert heard(strange, bob) == heard(laptop, bob) == heard(phone, bob) == []
    await stranger.close()


@pytest.mark.parametrize("payload", [{}, {"state": "offline"}, {"state": "busy"}, {"state": "away", "until": 1}])
async def test_a_state_that_is_none_is_refused(ada: Person, payload: dict[str, Any]) -> None:
    async with ada.socket() as socket:
        refused = await said(socket, command("presence.set", payload))

        assert refused["code"] == "invalid_request"


async def test_many_viewers_are_asked_for_in_several_calls(
    ada: Person, bob: Person, cyn: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As many as one person has.
    monkeypatch.setattr(witnesses, "_MOST_VIEWERS", 2)
    await ada.group(bob, cyn)
    await asyncio.gather(*(becomes(person, "offline", seen_by=ada) for person in (bob, cyn)))
    async with ada.socket() as of_ada, bob.socket(), cyn.socket():
        await told(of_ada, bob, "online")
        await told(of_ada, cyn, "online")


async def test_redis_may_lose_everything_and_be_away(platform: Stack, ada: Person, bob: Person) -> None:
    conversation = await ada.direct(bob)
    await becomes(bob, "offline", seen_by=ada)
    async with ada.socket() as of_ada, bob.socket() as of_bob:
        await told(of_ada, bob, "online")
        redis = Redis.from_url(platform.redis_url)
        await redis.flushall()
        await redis.aclose()
        await becomes(bob, "online", seen_by=ada)

        platform.send("redis", signal.SIGSTOP)
        try:
            await of_bob.command("presence.set", {"state": "away"})
            assert (await of_bob.send(conversation, "still here"))[0]["content"] == "still here"
            assert (await ada.ask("GET", f"users/{bob.user_id}/presence/"))["state"] == "offline"
            await asyncio.sleep(2)
        finally:
            platform.send("redis", signal.SIGCONT)
        await told(of_ada, bob, "away")
        assert heard(of_ada, bob) == ["online", "away"]
