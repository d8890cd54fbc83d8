"""What makes a lossy bus good enough: gaps are filled from the change log, and silence is compared with the truth."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from contextvars import Context
from itertools import islice

import structlog

from chassis.bus import Bus
from chassis.call import Call, serving
from chassis.errors import Failure, NotFound
from chassis.ids import uuid7
from gateway.clients import ConversationsClient
from gateway.realtime import changes, frames
from gateway.realtime.changes import Change
from gateway.realtime.hub import Hub
from gateway.realtime.rooms import Person, Room
from gateway.realtime.socket import Socket
from messaging.conversations.v1 import conversations_pb2 as pb

log = structlog.get_logger(__name__)

# As many as one GetRevisions takes.
_CHUNK = 20_000
# Events of the last moment are on their way: who is behind only by them need not be healed.
_GRACE_SECONDS = 1.0
_RETRY_SECONDS = 0.5
# How long the digest waits for rooms that are being healed.
_PATIENCE_SECONDS = 5.0
# Memberships that are read again at once after the bus was away.
_RELOADS = 8


class Healer:
    """Compares every room with the database at each heartbeat and after each reconnect, then sends the digest."""

    def __init__(self, hub: Hub, conversations: ConversationsClient, bus: Bus, *, heartbeat_seconds: float) -> None:
        """Take the hub to watch over."""
        self._hub = hub
        self._conversations = conversations
        self._heartbeat_seconds = heartbeat_seconds
        self._healing: dict[str, asyncio.Task[None]] = {}
        self._reconnected = asyncio.Event()
        self._is_connected = False
        hub.on_gap = self.heal
        bus.on_connect(self._note_connect)

    async def run(self) -> None:
        """Heal and tell until cancelled."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._heartbeat_seconds):
                    await self._reconnected.wait()
            with serving(Call(request_id=uuid7())):
                if self._reconnected.is_set():
                    self._reconnected.clear()
                    await self._reload_people()
                await self._compare()
            self._send_digests()

    def heal(self, room: Room) -> None:
        """Fill a room's gap from the change log, unless that is under way."""
        if room.conversation_id not in self._healing:
            task = asyncio.get_running_loop().create_task(self._fill(room), name="heal", context=Context())
            self._healing[room.conversation_id] = task

    async def _fill(self, room: Room) -> None:
        try:
            with serving(Call(request_id=uuid7())):
                before = -1
                while self._hub.rooms.get(room.conversation_id) is room and not await self._read_log(room):
                    if room.rev == before:
                        await asyncio.sleep(_RETRY_SECONDS)
                    before = room.rev
        finally:
            del self._healing[room.conversation_id]

    async def _read_log(self, room: Room) -> bool:
        """Offer a page of what comes after the room's rev. Returns whether nothing is missing any more."""
        request = pb.ListChangesRequest(conversation_id=room.conversation_id, after_rev=room.rev)
        try:
            answer: pb.ListChangesResponse = await self._conversations.ask(
                self._conversations.conversations.ListChanges, request
            )
        except Failure as failure:
            if failure.code != NotFound.code:
                log.warning("heal_postponed", conversation_id=room.conversation_id, reason=failure.reason)
                return False
            self._hub.offer(room, Change(room.conversation_id, room.rev + 1, "conversation_deleted", None))
            return True
        if answer.mode != pb.CHANGES_MODE_EVENTS:
            # Too much to tell one by one, members who left among it: each device takes what it lacks by itself, and the
            # room is forgotten, or it would stay behind for ever.
            self._hub.dismiss(room.sockets)
            return True
        for entry in answer.changes:
            self._hub.offer(room, changes.of_log(room.conversation_id, entry))
        return not room.has_gap and room.rev >= answer.rev

    async def _compare(self) -> None:
        """Heal every room that is behind the database."""
        rooms = list(self._hub.rooms.values())
        revs = await self._revisions([room.conversation_id for room in rooms])
        if revs is None:
            return
        behind = [room for room in rooms if room.rev < revs.get(room.conversation_id, room.rev + 1)]
        if not behind:
            return
        await asyncio.sleep(_GRACE_SECONDS)
        for room in behind:
            if room.rev < revs.get(room.conversation_id, room.rev + 1):
                self.heal(room)
        if self._healing:
            await asyncio.wait(tuple(self._healing.values()), timeout=_PATIENCE_SECONDS)

    async def _revisions(self, conversation_ids: Sequence[str]) -> dict[str, int] | None:
        """The true revs; None when they cannot be had, or mean nothing because the database is another one."""
        revs: dict[str, int] = {}
        for start in range(0, len(conversation_ids), _CHUNK):
            request = pb.GetRevisionsRequest(conversation_ids=islice(conversation_ids, start, start + _CHUNK))
            try:
                answer: pb.GetRevisionsResponse = await self._conversations.ask(
                    self._conversations.conversations.GetRevisions, request
                )
            except Failure as failure:
                log.warning("revisions_not_read", reason=failure.reason)
                return None
            if not self._hub.adopt(answer.epoch):
                return None
            revs.update((item.conversation_id, item.rev) for item in answer.revisions)
        return revs

    def _send_digests(self) -> None:
        """Tell each socket which revs moved since the last digest; an empty one says that the connection lives."""
        moved: dict[Socket, dict[str, object]] = {}
        for room in self._hub.rooms.values():
            if room.rev != room.told_rev:
                room.told_rev = room.rev
                for socket in room.sockets:
                    moved.setdefault(socket, {})[room.conversation_id] = room.rev
        nothing = frames.personal("digest", {})
        for person in self._hub.people.values():
            for socket in person.sockets:
                socket.push("", 0, frames.personal("digest", moved[socket]) if socket in moved else nothing)

    async def _note_connect(self) -> None:
        # The first connect finds nobody here who could have missed anything.
        if self._is_connected:
            self._reconnected.set()
        self._is_connected = True

    async def _reload_people(self) -> None:
        """Find the conversations that people were added to while nothing was heard."""
        places = asyncio.Semaphore(_RELOADS)

        async def reload(person: Person) -> None:
            async with places:
                if person.sockets:
                    with suppress(Failure):
                        await self._hub.load(person)

        await asyncio.gather(*(reload(person) for person in tuple(self._hub.people.values())))
