"""People who talk while processes die, each message repeated under its key until it is answered."""

import asyncio
import itertools
import random
import re
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import httpx2
import nats
import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.errors import NotFoundError

from chassis.errors import Exhausted, Expired, Unavailable
from chassis.rpc.client import Channel
from chassis.rpc.status import RemoteFailure
from chassis.streams import stream_name
from deploy.local.stack import Stack
from messaging.chassis.v1.envelope_pb2 import Envelope
from messaging.conversations.v1 import events_pb2, messages_pb2, messages_pb2_grpc
from tests.faults.history import Answer, History, Told, Verdict, judge
from tests.support.factories.messages import item
from tests.support.people import Person

SENT = "messaging.conversations.v1.message_sent.>"
# Long enough for a process that dies several times before it serves.
PATIENCE = 90.0
_UNANSWERED = {kind.code for kind in (Unavailable, Expired, Exhausted)}
_PAUSE = 0.05


@dataclass
class Talk:
    """A conversation in which one person speaks: who speaks has read everything, and is told nothing."""

    conversation_id: str
    speaker: Person
    listeners: Sequence[Person]


class Talkers:
    """A direct conversation and a group, in each of which several messages are under way at a time."""

    def __init__(self, stack: Stack, talks: Sequence[Talk], bus: Client) -> None:
        self.history = History()
        self._stack = stack
        self._talks = talks
        self._bus = bus
        # Events that were published at least once while somebody listened.
        self._heard: set[str] = set()
        self._channel = Channel(stack.target("conversations"), stack.credential("gateway"))
        self._messages = self._channel.stub(messages_pb2_grpc.MessagesStub)

    @classmethod
    @asynccontextmanager
    async def gather(cls, stack: Stack) -> AsyncIterator["Talkers"]:
        """Bring people together, and listen to what is published about them."""
        ann, bob, cyn = people = [await Person.join(stack.gateway_url) for _ in range(3)]
        # A gateway comes back to a service that was away a moment after it is there.
        await _until(partial(_answers, ann))
        talks = [Talk(await ann.direct(bob), ann, [bob]), Talk(await bob.group(ann, cyn), bob, [ann, cyn])]
        # Back before any relay is, whose repeats it shall hear.
        bus = await nats.connect(stack.nats_url(), reconnect_time_wait=0.05, max_reconnect_attempts=-1)
        talkers = cls(stack, talks, bus)
        await bus.subscribe(SENT, cb=talkers._hear)
        try:
            yield talkers
        finally:
            await bus.close()
            await talkers._channel.close()
            await asyncio.gather(*(person.close() for person in people))

    async def talk(self, over: asyncio.Event, *, width: int = 3) -> None:
        """Send until it is over, and see every message through."""
        await asyncio.gather(*(self._speak(talk, over) for talk in self._talks for _ in range(width)))

    async def _speak(self, talk: Talk, over: asyncio.Event) -> None:
        for send in itertools.cycle([self._over_grpc, self._over_grpc, self._over_rest]):
            if over.is_set():
                return
            key = uuid.uuid4().hex
            async with asyncio.timeout(PATIENCE):
                while (answer := await send(talk, key)) is None:
                    self.history.unknown += 1
                    await asyncio.sleep(random.uniform(2 * _PAUSE, 6 * _PAUSE))
            self.history.answers.append(answer)
            await asyncio.sleep(random.uniform(0, 2 * _PAUSE))

    async def _over_grpc(self, talk: Talk, key: str) -> Answer | None:
        sent = item(talk.speaker.user_id, talk.conversation_id, key, client_message_id=key)
        request = messages_pb2.SendMessagesRequest(items=[sent])
        try:
            [result] = (await self._channel.call(self._messages.SendMessages, request)).results
            if result.HasField("error"):
                raise RemoteFailure(result.error)
        except (Unavailable, Expired, Exhausted, RemoteFailure) as failure:
            if failure.code not in _UNANSWERED:
                raise
            return None
        stored = result.message
        told = Told(stored.client_message_id, stored.message_id, stored.conversation_id, stored.seq)
        return Answer(told, is_replayed=result.replayed)

    async def _over_rest(self, talk: Talk, key: str) -> Answer | None:
        path = f"/api/v1/conversations/{talk.conversation_id}/messages/"
        try:
            answer = await talk.speaker.http.post(path, json={"content": key, "client_message_id": key})
        except httpx2.HTTPError:
            return None
        if answer.status_code == 503:
            return None
        assert answer.status_code == 201, answer.text
        return Answer(_told(answer.json()), is_replayed="Idempotent-Replayed" in answer.headers)

    async def _hear(self, message: Msg) -> None:
        if message.subject.rpartition(".")[2] in self._ids:
            event_id = (message.headers or {})["Nats-Msg-Id"]
            self.history.republished += event_id in self._heard
            self._heard.add(event_id)

    @property
    def _ids(self) -> set[str]:
        return {talk.conversation_id for talk in self._talks}

    # -- afterwards ----------------------------------------------------------------------------------------------------

    async def settle(self) -> None:
        """Note what is there, once everything is published and handled or has had the time for it."""
        for talk in self._talks:
            for person in (talk.speaker, *talk.listeners):
                await _until(partial(_answers, person))
                read = await person.read_all(talk.conversation_id)
                self.history.views[person.user_id, talk.conversation_id] = [_told(message) for message in read]
        for is_so in (self._is_published, self._is_handled):
            with suppress(TimeoutError):
                await _until(is_so)
        self.history.redelivered = await self._redelivered()

    async def _is_published(self) -> bool:
        self.history.events = await self._read_stream()
        stored = {told.message_id for view in self.history.views.values() for told in view}
        return stored <= {event.message_id for event in self.history.events}

    async def _is_handled(self) -> bool:
        with suppress(NotFoundError):
            state = await self._bus.jetstream().consumer_info(stream_name("conversations"), "notifications")
            if state.num_pending or state.num_ack_pending:
                return False
            for talk in self._talks:
                for listener in talk.listeners:
                    count = await self._told_in_inbox(listener, talk.conversation_id)
                    self.history.effects[listener.user_id, talk.conversation_id] = count
            return judge(self.history).effects_missing == 0
        return False

    async def _redelivered(self) -> int:
        async with httpx2.AsyncClient() as http:
            figures = (await http.get(f"http://{self._stack.environments.metrics('notifications')}/metrics")).text
        found = re.search(r'events_handled_total\{.*outcome="repeated".*\} (\S+)', figures)
        return int(float(found[1])) if found else 0

    async def _told_in_inbox(self, person: Person, conversation_id: str) -> int:
        page = await person.ask("GET", "notifications/?kind=message&page_size=100")
        return sum(entry["count"] for entry in page["results"] if entry["conversation_id"] == conversation_id)

    async def _read_stream(self) -> list[Told]:
        found: list[Told] = []
        js = self._bus.jetstream()
        subscription = await js.pull_subscribe(SENT, stream=stream_name("conversations"))
        try:
            while True:
                for message in await subscription.fetch(200, timeout=1):
                    sent = events_pb2.MessageSent.FromString(Envelope.FromString(message.data).payload).message
                    if sent.conversation_id in self._ids:
                        found.append(Told(sent.client_message_id, sent.message_id, sent.conversation_id, sent.seq))
                    await message.ack()
        except TimeoutError:
            return found
        finally:
            await subscription.unsubscribe()


def _told(message: Any) -> Told:
    return Told(message["client_message_id"], message["id"], message["conversation_id"], message["seq"])


async def _answers(person: Person) -> bool:
    return (await person.http.get("/api/v1/conversations/")).status_code == 200


async def _until(holds: Callable[[], Awaitable[bool]], seconds: float = 60) -> None:
    async with asyncio.timeout(seconds):
        while True:
            with suppress(nats.errors.Error):
                if await holds():
                    return
            await asyncio.sleep(0.1)


async def suffer(stack: Stack, nemesis: Callable[[], Awaitable[int]]) -> Verdict:
    """Have people talk while a nemesis does its worst and answers how often, and judge what is left."""
    over = asyncio.Event()
    async with Talkers.gather(stack) as talkers:
        talking = asyncio.create_task(talkers.talk(over))
        try:
            talkers.history.kills = await nemesis()
        finally:
            over.set()
            await talking
        await talkers.settle()
    return judge(talkers.history)
