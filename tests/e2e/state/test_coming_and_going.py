"""A device that comes and goes, through one gateway or another, ends with what the devices have that stayed."""

import asyncio
import random
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from deploy.local.stack import Stack
from tests.support.client import Client
from tests.support.devices import Device, connected, noted, settled
from tests.support.doors import open_door
from tests.support.people import Person

EMOJIS = tuple(map(quote, ("👍", "🎉", "❤️")))


@dataclass
class Chance:
    """People who do whatever occurs to them in a group; what nobody may do is refused, and that is all."""

    seed: int
    group: str
    people: list[Person]
    messages: list[str] = field(default_factory=list)
    roots: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)

    async def act(self, count: int) -> None:
        """Have each of them do so many things, all at the same time."""
        plans = [[self.random.choice(ACTS) for _ in range(count)] for _ in self.people]
        await asyncio.gather(*(self._follow(person, plan) for person, plan in zip(self.people, plans, strict=True)))

    async def _follow(self, person: Person, plan: list["Act"]) -> None:
        for act in plan:
            method, path, body = act(self, person)
            answer = await person.http.request(method, f"/api/v1/{path}", json=body)
            assert answer.status_code < 500, f"seed {self.seed}: {method} {path} {answer.text}"
            if answer.status_code == 201 and path.endswith(("/messages/", "/reply/")):
                self.messages.append(answer.json()["id"])
                if root := answer.json()["thread_root_id"]:
                    self.roots.append(root)

    def one(self, ids: list[str] | None = None) -> str:
        """Some message, most likely one of the last."""
        some = (self.messages if ids is None else ids)[-12:]
        return f"messages/{self.random.choice(some) if some else uuid.uuid4()}"

    def words(self) -> str:
        """Something to say, perhaps to somebody."""
        called = self.random.choice(["", "", "@all ", *(f"@{person.username} " for person in self.people)])
        return f"{called}{self.random.randint(0, 10**9)}"


Act = Callable[[Chance, Person], tuple[str, str, Any]]
ACTS: tuple[Act, ...] = (
    lambda c, _: ("POST", f"conversations/{c.group}/messages/", {"content": c.words()}),
    lambda c, _: ("POST", f"conversations/{c.group}/messages/", {"content": "?", "requires_acknowledgement": True}),
    lambda c, _: (
        "POST",
        f"conversations/{c.group}/messages/",
        {"content": "?", "message_type": "poll", "poll": {"options": ["a", "b"]}},
    ),
    lambda c, _: ("POST", f"{c.one()}/reply/", {"content": c.words()}),
    lambda c, _: ("PATCH", f"{c.one()}/", {"content": c.words()}),
    lambda c, _: ("PATCH", f"{c.one()}/", {"is_important": True, "requires_acknowledgement": True}),
    lambda c, _: ("DELETE", f"{c.one()}/", None),
    lambda c, _: ("DELETE", f"{c.one()}/?scope=me", None),
    lambda c, _: ("PUT", f"{c.one()}/reactions/{c.random.choice(EMOJIS)}/", None),
    lambda c, _: ("DELETE", f"{c.one()}/reactions/{c.random.choice(EMOJIS)}/", None),
    lambda c, _: ("PUT", f"{c.one()}/pin/", None),
    lambda c, _: ("DELETE", f"{c.one()}/pin/", None),
    lambda c, _: ("PUT", f"{c.one()}/bookmark/", None),
    lambda c, _: ("DELETE", f"{c.one()}/bookmark/", None),
    lambda c, _: ("POST", f"{c.one()}/acknowledge/", None),
    lambda c, _: ("PUT", f"{c.one()}/vote/", {"options": [c.random.randint(0, 1)]}),
    lambda c, _: ("DELETE", f"{c.one()}/vote/", None),
    lambda c, _: ("PUT", f"{c.one(c.roots)}/thread/subscription/", None),
    lambda c, _: ("DELETE", f"{c.one(c.roots)}/thread/subscription/", None),
    lambda c, _: ("POST", f"{c.one(c.roots)}/thread/read/", {"seq": c.random.randint(1, 20)}),
    lambda c, _: ("POST", f"conversations/{c.group}/read/", {"seq": c.random.randint(1, 40)}),
    lambda c, _: ("POST", f"conversations/{c.group}/delivered/", {"seq": c.random.randint(1, 60)}),
    lambda c, _: ("PUT", f"conversations/{c.group}/draft/", {"content": c.words()}),
    lambda c, _: ("DELETE", f"conversations/{c.group}/draft/", None),
    lambda c, _: ("PATCH", f"conversations/{c.group}/membership/", {"nickname": c.words()[-9:], "pinned": True}),
    lambda c, _: ("PATCH", f"conversations/{c.group}/", {"title": c.words()}),
    lambda c, _: ("DELETE", f"conversations/{c.group}/participants/{c.people[-1].user_id}/", None),
    lambda c, _: ("POST", f"conversations/{c.group}/participants/", {"user_ids": [c.people[-1].user_id]}),
)


@asynccontextmanager
async def back(client: Client, url: str, revs: dict[str, int], epoch: str = "") -> AsyncIterator[Device]:
    """Have a device return to a gateway with what it knew."""
    async with client.person.socket(url=url, revs={}) as socket:
        # The socket began without any rev; what counts is what this device asks for now.
        device = Device(client, socket, len(socket.frames))
        await device.resume(revs, epoch)
        yield device


async def burst(speaker: Person, place: str, *, count: int, edits: int) -> None:
    """Send messages and edit the last one."""
    async with speaker.socket() as socket:
        for number in range(count):
            await socket.command("message.send", {"conversation_id": place, "content": str(number)}, wait=False)
        await socket.until("ack", count=count, seconds=60)
        last = (await speaker.ask("GET", f"conversations/{place}/"))["last_message"]
        for number in range(edits):
            await socket.command("message.edit", {"message_id": last["id"], "content": f"edit {number}"})


async def test_a_device_that_comes_and_goes_ends_like_those_that_stay(platform: Stack) -> None:
    # Named by whatever fails.
    seed = random.randrange(10**6)
    ann, ben, cyn = people = await asyncio.gather(*(Person.join(platform.gateway_url) for _ in range(3)))
    body = {"kind": "group", "title": "Us", "history_visibility": "since_joined", "participant_ids": [ben.user_id]}
    group = str((await ann.ask("POST", "conversations/", expect=201, json=body))["id"])
    lost, busy = await ben.group(ann, title="Lost"), await ben.group(ann, title="Busy")
    chance = Chance(seed, group, list(people))
    await chance.act(3)
    async with AsyncExitStack() as stack:
        here, there = platform.gateway_url, (await stack.enter_async_context(open_door(platform))).url
        stays, other, third = [
            await stack.enter_async_context(connected(person, url))
            for person, url in ((ann, here), (ben, there), (cyn, here))
        ]
        await noted([stays, other, third])
        async with connected(ann, there) as goes:
            await chance.act(10)
            await settled([stays, goes], None, after=f"talk, seed {seed}")
            client, epoch = goes.client, goes.socket.hello["epoch"]

        async def returned(client: Client, url: str, modes: dict[str, str], epoch: str = epoch) -> None:
            async with back(client, url, client.revs, epoch) as device:
                assert {place: client.modes[place] for place in modes} == modes
                await chance.act(3)
                await settled([stays, device], None, after=f"{modes}, seed {seed}")

        await chance.act(6)
        await ben.ask("DELETE", f"conversations/{lost}/participants/{ann.user_id}/", expect=204)
        fresh = await ben.group(ann, title="Fresh")
        await returned(client, here, {group: "events", lost: "gone", fresh: "new"})
        elder = client.copy()
        await burst(ben, busy, count=990, edits=12)
        await returned(client, there, {group: "events", busy: "compacted"})
        await burst(ben, busy, count=11, edits=0)
        await returned(elder, here, {group: "events", busy: "reset", fresh: "events"})
        await chance.act(3)
        await returned(client, there, {group: "reset", busy: "reset", fresh: "reset"}, epoch=str(uuid.uuid4()))
        await asyncio.gather(*(settled([device], None, after=f"all, seed {seed}") for device in (stays, other, third)))
    await asyncio.gather(*(person.close() for person in people))
