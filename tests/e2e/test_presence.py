"""Who is told that somebody comes, turns away and goes."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from deploy.local.stack import Stack
from tests.support.people import Person, Socket


@pytest.fixture
async def five(platform: Stack) -> AsyncIterator[list[Person]]:
    people = [await Person.join(platform.gateway_url) for _ in range(5)]
    yield people
    for person in people:
        await person.close()


def heard(socket: Socket, person: Person) -> list[tuple[str, bool]]:
    """What a socket was told of somebody: state, and whether it was told when they were last seen."""
    payloads = [frame["payload"] for frame in socket.frames if frame["type"] == "presence.changed"]
    return [
        (payload["state"], payload["last_seen_at"] is not None)
        for payload in payloads
        if payload["user_id"] == person.user_id
    ]


async def last(socket: Socket, person: Person, wanted: tuple[str, bool]) -> None:
    """Wait until this is the last that a socket was told."""
    async with asyncio.timeout(180):
        while heard(socket, person)[-1:] != [wanted]:
            await asyncio.sleep(0.05)


async def shown(person: Person, *, to: Person) -> tuple[str, bool]:
    """The same over REST."""
    answer: Any = await to.ask("GET", f"users/{person.user_id}/presence/")
    return answer["state"], answer["last_seen_at"] is not None


ONLINE, AWAY, OFFLINE, NOTHING = ("online", True), ("away", True), ("offline", True), ("offline", False)


async def test_those_who_may_know_are_told_who_is_there(five: list[Person]) -> None:
    ada, bob, cyn, eve, stranger = five
    await ada.group(bob, cyn, eve)
    await ada.ask("PUT", f"users/{eve.user_id}/block/", expect=204)
    await cyn.ask("PUT", "users/me/privacy/", json={"show_online": False})
    async with bob.socket() as of_bob, eve.socket() as of_eve, stranger.socket() as strange:
        async with ada.socket() as laptop, cyn.socket() as of_cyn:
            async with ada.socket() as phone:
                await last(of_bob, ada, ONLINE)
                await last(of_cyn, ada, ONLINE)
                await laptop.command("presence.set", {"state": "away"})
                await phone.command("presence.set", {"state": "away"})
                await last(of_bob, ada, AWAY)
                assert await shown(ada, to=bob) == AWAY
                await phone.command("presence.set", {"state": "online"})
                await last(of_bob, ada, ONLINE)
            # The device that is left says that nobody is there.
            await last(of_bob, ada, AWAY)

            # Eve is blocked and Cyn hides, and the stranger knows nobody.
            assert heard(strange, ada) == []
            assert set(heard(of_eve, ada) + heard(of_bob, cyn)) <= {NOTHING}

            await ada.ask("DELETE", f"users/{eve.user_id}/block/", expect=204)
            await last(of_eve, ada, AWAY)
            await ada.ask("PUT", f"users/{eve.user_id}/block/", expect=204)
            await last(of_eve, ada, NOTHING)
            await laptop.command("presence.set", {"state": "online"})
            await last(of_bob, ada, ONLINE)
            await ada.ask("PUT", "users/me/privacy/", json={"show_last_seen": False})
            await last(of_bob, ada, ("online", False))
            await ada.ask("PUT", "users/me/privacy/", json={"show_online": False})
            await last(of_bob, ada, NOTHING)
            told = len(heard(of_bob, ada))
            await laptop.command("presence.set", {"state": "away"})
            await asyncio.sleep(2.5)
            assert len(heard(of_bob, ada)) == told
            await ada.ask("PUT", "users/me/privacy/", json={"show_online": True, "show_last_seen": True})
            await last(of_bob, ada, AWAY)
            await cyn.ask("PUT", "users/me/privacy/", json={"show_online": True})
            await last(of_bob, cyn, ONLINE)

            # Whoever has somebody among their contacts hears of them without a conversation.
            await stranger.ask("PUT", f"users/{ada.user_id}/contact/", expect=204)
            await laptop.command("presence.set", {"state": "online"})
            await last(strange, ada, ONLINE)
        await last(of_bob, ada, OFFLINE)
        await last(of_bob, cyn, OFFLINE)
        assert await shown(ada, to=bob) == OFFLINE
        assert heard(of_eve, ada)[-1] == NOTHING
        assert heard(strange, cyn) == []
