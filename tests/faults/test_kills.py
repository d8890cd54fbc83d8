"""Parts are killed under load; afterwards every acknowledged message is there once, in one order without holes."""

import asyncio
import random
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field

import httpx2
import pytest

from deploy.local.stack import Stack
from tests.support.doors import shared
from tests.support.people import Person

RATE = 100


@pytest.fixture
async def pair(fragile: Stack) -> AsyncIterator[tuple[Person, Person, str]]:
    a, b = await Person.join(fragile.gateway_url), await Person.join(fragile.gateway_url)
    yield a, b, await a.direct(b)
    await asyncio.gather(a.close(), b.close())


@dataclass
class History:
    """What the senders were told, by client_message_id."""

    acknowledged: dict[str, str] = field(default_factory=dict)
    unknown: int = 0
    refused: int = 0
    delayed: int = 0

    def add(self, other: "History") -> None:
        self.acknowledged |= other.acknowledged
        self.unknown, self.refused = self.unknown + other.unknown, self.refused + other.refused
        self.delayed += other.delayed


async def send_until_known(person: Person, conversation: str, history: History, give_up: float) -> None:
    """Send one message, repeating it with its key for as long as the outcome is not known."""
    key = uuid.uuid4().hex
    while (begun := time.monotonic()) < give_up:
        try:
            answer = await person.http.post(
                f"/api/v1/conversations/{conversation}/messages/",
                json={"content": f"message {key}", "client_message_id": key},
            )
        except httpx2.HTTPError:
            history.unknown += 1
        else:
            if answer.status_code in {200, 201}:
                # The gateway holds what comes while the service is away, and sends it when it is back.
                history.delayed += time.monotonic() - begun > 0.5
                history.acknowledged[key] = answer.json()["id"]
                return
            assert answer.status_code in {429, 503}, answer.text
            history.refused += 1
        await asyncio.sleep(random.uniform(0.1, 0.4))


async def load(pair: tuple[Person, Person, str], seconds: float) -> History:
    """Offer a fixed rate of messages, whatever becomes of the earlier ones."""
    a, b, conversation = pair
    history = History()
    begun = time.monotonic()
    pending = []
    for number in range(int(seconds * RATE)):
        await asyncio.sleep(max(0.0, begun + number / RATE - time.monotonic()))
        sender = (a, b)[number % 2]
        pending.append(asyncio.create_task(send_until_known(sender, conversation, history, begun + seconds + 30)))
    await asyncio.gather(*pending)
    assert len(history.acknowledged) == int(seconds * RATE)
    return history


async def check(pair: tuple[Person, Person, str], history: History) -> None:
    """Compare what was acknowledged with what both members see."""
    a, b, conversation = pair
    async with asyncio.timeout(30):
        # A connection to a service that was away is tried again a moment after it is back.
        while (await a.http.get(f"/api/v1/conversations/{conversation}/")).status_code == 503:
            await asyncio.sleep(0.2)
    seen = await a.read_all(conversation)
    assert list(map(shared, seen)) == list(map(shared, await b.read_all(conversation)))
    assert [message["seq"] for message in seen] == list(range(1, len(seen) + 1))
    stored = {message["client_message_id"]: message["id"] for message in seen}
    assert len(stored) == len(seen)
    assert history.acknowledged.items() <= stored.items()


async def test_nothing_is_lost_or_doubled_when_conversations_is_killed(
    fragile: Stack, pair: tuple[Person, Person, str]
) -> None:
    kills = 0
    is_over = asyncio.Event()

    async def kill_often() -> None:
        nonlocal kills
        while not is_over.is_set():
            await asyncio.to_thread(fragile.kill, "conversations")
            kills += 1
            await asyncio.to_thread(fragile.start, "conversations")
            with suppress(TimeoutError):
                async with asyncio.timeout(2.5):
                    await is_over.wait()

    nemesis = asyncio.create_task(kill_often())
    history = await load(pair, 10)
    # A run in which nothing happened proves nothing, and on a slow machine it takes long to come back.
    while kills < 2:
        history.add(await load(pair, 5))
    is_over.set()
    await nemesis
    await check(pair, history)
    assert history.delayed + history.refused + history.unknown > 0


async def test_sends_go_on_without_nats_and_their_events_arrive_afterwards(
    fragile: Stack, pair: tuple[Person, Person, str]
) -> None:
    async with pair[1].socket() as socket:
        await asyncio.to_thread(fragile.kill, "nats")
        history = await load(pair, 3)
        assert history.refused + history.unknown == 0
        assert socket.messages() == []
        await asyncio.to_thread(fragile.start, "nats")
        await socket.until("message.created", count=3 * RATE, seconds=60)
        assert [message["seq"] for message in socket.messages()] == list(range(1, 3 * RATE + 1))
    await check(pair, history)


async def test_sends_go_on_without_redis(fragile: Stack, pair: tuple[Person, Person, str]) -> None:
    async with pair[1].socket() as socket:
        await asyncio.to_thread(fragile.kill, "redis")
        try:
            history = await load(pair, 3)
        finally:
            await asyncio.to_thread(fragile.start, "redis")
        assert history.refused + history.unknown == 0
        await socket.until("message.created", count=3 * RATE, seconds=60)
    await check(pair, history)


async def test_a_gateway_that_was_killed_comes_back_and_sockets_resume(
    fragile: Stack, pair: tuple[Person, Person, str]
) -> None:
    a, b, conversation = pair
    async with b.socket() as socket:
        await a.say(conversation, "before")
        known = (await socket.until("message.created"))["rev"]
        epoch = socket.hello["epoch"]
        await asyncio.to_thread(fragile.kill, "gateway")
        await socket.connection.wait_closed()
    await asyncio.to_thread(fragile.start, "gateway")
    await a.say(conversation, "after")
    async with b.socket({conversation: known}, epoch) as socket:
        assert [message["content"] for message in socket.messages()] == ["after"]
