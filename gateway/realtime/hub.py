"""Who is connected here and what they are told: every shared change once, in order, to every socket of every member."""

import asyncio
from collections.abc import Callable, Iterable

import structlog
from nats.aio.msg import Msg
from prometheus_client import Counter, Gauge

from chassis.bus import Bus
from chassis.call import Call, serving
from chassis.errors import Failure
from chassis.ids import uuid7
from gateway import views
from gateway.clients import ConversationsClient
from gateway.realtime import changes, frames, private
from gateway.realtime.changes import Change
from gateway.realtime.closing import Close
from gateway.realtime.rooms import Person, Room
from gateway.realtime.socket import Socket
from messaging.chassis.v1.envelope_pb2 import Envelope
from messaging.conversations.v1 import conversations_pb2 as pb
from messaging.conversations.v1.events_pb2 import TypingChanged
from messaging.notifications.v1.events_pb2 import NotificationCreated, NotificationDeleted, NotificationRead

log = structlog.get_logger(__name__)

SOCKETS = Gauge("messaging_sockets", "Sockets connected to this process", multiprocess_mode="livesum")
DELIVERIES = Counter("messaging_deliveries_total", "Frames given to sockets by the hub")
GAPS = Counter("messaging_gaps_total", "Changes that came after one that was missing")


class Hub:
    """Rooms by conversation and people by user, kept by events alone once a socket's memberships have been read."""

    def __init__(self, conversations: ConversationsClient, bus: Bus) -> None:
        """Know nobody yet."""
        self._conversations = conversations
        self._bus = bus
        self.rooms: dict[str, Room] = {}
        self.people: dict[str, Person] = {}
        self.epoch = ""
        # Told of a room with a gap, and of people whose sockets come or go: whether one went, then.
        self.on_gap: Callable[[Room], None] = lambda _room: None
        self.on_presence: Callable[[str, bool], None] = lambda _user_id, _is_leaving: None
        self._loads = 0
        # Conversations that were heard of, but had no room, while memberships were being read.
        self._passed: set[str] = set()

    async def run(self) -> None:
        """Listen until cancelled."""
        await self._bus.subscribe("messaging.conversations.v1.>", self._hear_conversations)
        await self._bus.subscribe("messaging.notifications.v1.>", self._hear_notifications)
        await self._bus.subscribe("live.conversations.typing.*", self._hear_typing)
        await asyncio.Event().wait()

    # -- who is here ---------------------------------------------------------------------------------------------------

    async def attach(self, socket: Socket) -> dict[str, int]:
        """Let a socket hear of its user's conversations from now on; returns their revs as they were just read.

        Raises: Failure, and the socket is not attached.
        """
        user_id = socket.principal.user_id
        person = self.people.setdefault(user_id, Person(user_id))
        person.sockets[socket] = None
        self.on_presence(user_id, False)
        SOCKETS.inc()
        for conversation_id in person.conversation_ids:
            self.rooms[conversation_id].sockets[socket] = None
        try:
            return await self.load(person)
        except (Failure, asyncio.CancelledError):
            self.detach(socket)
            raise

    def detach(self, socket: Socket) -> None:
        """Forget a socket, and with a user's last one the user."""
        person = self.people.get(socket.principal.user_id)
        if person is None or socket not in person.sockets:
            return
        del person.sockets[socket]
        SOCKETS.dec()
        for conversation_id in person.conversation_ids:
            self._forget(conversation_id, socket)
        if not person.sockets:
            del self.people[person.user_id]
        self.on_presence(person.user_id, True)

    def mark_away(self, socket: Socket, is_away: bool) -> None:
        """Take in whether somebody is at a device."""
        if socket.is_away != is_away:
            socket.is_away = is_away
            self.on_presence(socket.principal.user_id, False)

    async def load(self, person: Person) -> dict[str, int]:
        """Read a person's memberships and join the rooms that are missing. Raises: Failure.

        Sockets that are live already have missed how these came about: they are sent to resume.
        """
        socket = next(iter(person.sockets))
        self._loads += 1
        person.loads += 1
        try:
            with serving(Call(caller=socket.principal.caller(socket.client_ip), request_id=uuid7())):
                answer: pb.ListMembershipsResponse = await self._conversations.ask(
                    self._conversations.conversations.ListMemberships, pb.ListMembershipsRequest()
                )
            self.adopt(answer.epoch)
            # What another load has joined meanwhile was joined before anything could be missed.
            known = set(person.conversation_ids)
            for membership in answer.memberships:
                # A removal that was heard meanwhile counts more than an answer from before it.
                if membership.rev > person.removals.get(membership.conversation_id, 0):
                    self._join(person, membership.conversation_id, membership.rev, blind=membership.visible_after_seq)
            if person.conversation_ids - known:
                for other in person.sockets:
                    other.resync()
            return {membership.conversation_id: membership.rev for membership in answer.memberships}
        finally:
            self._loads -= 1
            person.loads -= 1
            if not person.loads:
                person.removals.clear()
            if not self._loads:
                self._passed.clear()

    def adopt(self, epoch: str) -> bool:
        """Take the database's epoch in. Another one than before makes all revs void: everybody begins anew."""
        if self.epoch in {"", epoch}:
            self.epoch = epoch
            return True
        log.warning("epoch_changed")
        self.epoch = epoch
        self.dismiss([socket for person in self.people.values() for socket in person.sockets])
        return False

    def dismiss(self, sockets: Iterable[Socket]) -> None:
        """Send devices to resume, and forget with them what was known of their users' conversations."""
        for socket in tuple(sockets):
            socket.close(Close.RESYNC, "resume")
            self.detach(socket)

    def _join(self, person: Person, conversation_id: str, rev: int, *, blind: int) -> None:
        if conversation_id in person.conversation_ids or not person.sockets:
            return
        person.conversation_ids.add(conversation_id)
        room = self.rooms.get(conversation_id)
        if room is None:
            room = self.rooms[conversation_id] = Room(conversation_id, rev, told_rev=rev)
            if conversation_id in self._passed:
                self.on_gap(room)
        room.sockets.update(person.sockets)
        if blind:
            room.blind[person.user_id] = blind

    def _leave(self, person: Person, conversation_id: str) -> None:
        person.conversation_ids.discard(conversation_id)
        if room := self.rooms.get(conversation_id):
            room.blind.pop(person.user_id, None)
        for socket in person.sockets:
            self._forget(conversation_id, socket)

    def _forget(self, conversation_id: str, socket: Socket) -> None:
        if room := self.rooms.get(conversation_id):
            room.sockets.pop(socket, None)
            if not room.sockets:
                del self.rooms[conversation_id]

    # -- what they are told --------------------------------------------------------------------------------------------

    def offer(self, room: Room, change: Change) -> None:
        """Tell a room of a change, and of those that waited for it, as soon as it is the next."""
        for ready in room.offer(change):
            self._apply(room, ready)

    def _apply(self, room: Room, change: Change) -> None:
        newcomer = self._newcomer(change) if change.kind == "member_added" else None
        frame = changes.frame(change)
        if room.blind and change.seq and change.seq <= max(room.blind.values()):
            self._tell_some(room, change, frame)
        else:
            for socket in room.sockets:
                socket.push(room.conversation_id, change.rev, frame)
        DELIVERIES.inc(len(room.sockets))
        if newcomer is not None:
            self._welcome(newcomer, change)
        elif change.kind == "member_removed" and change.member is not None:
            if person := self.people.get(change.member.user_id):
                if person.loads:
                    person.removals[room.conversation_id] = change.rev
                self._leave(person, room.conversation_id)
        elif change.kind == "conversation_deleted":
            for socket in tuple(room.sockets):
                self._leave(self.people[socket.principal.user_id], room.conversation_id)

    def _tell_some(self, room: Room, change: Change, frame: bytes) -> None:
        """Of a message from before they joined some members learn its rev only."""
        hidden = changes.hidden(change)
        for socket in room.sockets:
            is_visible = change.seq > room.blind.get(socket.principal.user_id, 0)
            socket.push(room.conversation_id, change.rev, frame if is_visible else hidden)

    def _newcomer(self, change: Change) -> Person | None:
        person = self.people.get(change.member.user_id) if change.member is not None else None
        return person if person is not None and change.conversation_id not in person.conversation_ids else None

    def _welcome(self, person: Person, change: Change) -> None:
        blind = change.member.visible_after_seq if change.member is not None else 0
        self._join(person, change.conversation_id, change.rev, blind=blind)
        if change.joined is None:
            # Read from the change log, which does not say what was joined: a resume does.
            for socket in person.sockets:
                socket.resync()
            return
        frame = changes.welcome(change)
        for socket in person.sockets:
            socket.push(change.conversation_id, change.rev, frame)

    # -- what is heard -------------------------------------------------------------------------------------------------

    async def _hear_conversations(self, message: Msg) -> None:
        kind, conversation_id = message.subject.split(".")[-2:]
        if kind in private.KINDS:
            # Its aggregate is the user.
            if person := self.people.get(conversation_id):
                self.tell_person(person, private.frame(Envelope.FromString(message.data)))
            return
        room = self.rooms.get(conversation_id)
        if room is None:
            if self._loads:
                self._passed.add(conversation_id)
            if kind == "member_added":
                change = changes.of_event(Envelope.FromString(message.data))
                if (newcomer := self._newcomer(change)) is not None:
                    self._welcome(newcomer, change)
            return
        change = changes.of_event(Envelope.FromString(message.data))
        if change.rev:
            self.offer(room, change)
            if room.has_gap:
                GAPS.inc()
                self.on_gap(room)
            return
        if change.target is None:
            # Without a rev nobody waits for it, and there is nothing to show.
            return
        frame = changes.frame(change)
        for socket in room.sockets:
            if change.only_for in {"", socket.principal.user_id}:
                socket.push(conversation_id, 0, frame)

    async def _hear_notifications(self, message: Msg) -> None:
        person = self.people.get(message.subject.rpartition(".")[2])
        if person is None:
            return
        envelope = Envelope.FromString(message.data)
        if envelope.kind == "notification_created":
            shown = views.notification(NotificationCreated.FromString(envelope.payload).notification)
            frame = frames.personal("notification.created", shown)
        elif envelope.kind == "notification_read":
            shown = views.notification_read(NotificationRead.FromString(envelope.payload))
            frame = frames.personal("notification.updated", shown)
        elif envelope.kind == "notification_deleted":
            shown = views.notification_deleted(NotificationDeleted.FromString(envelope.payload))
            frame = frames.personal("notification.deleted", shown)
        else:
            return
        self.tell_person(person, frame)

    def tell_person(self, person: Person, frame: bytes) -> None:
        """Tell every device of one person, without a rev."""
        for socket in person.sockets:
            socket.push("", 0, frame)

    async def _hear_typing(self, message: Msg) -> None:
        room = self.rooms.get(message.subject.rpartition(".")[2])
        if room is None:
            return
        typing = TypingChanged.FromString(message.data)
        shown = {"user_id": typing.user_id, "is_typing": typing.is_typing}
        frame = frames.shared("typing.changed", room.conversation_id, 0, shown)
        for socket in room.sockets:
            if socket.principal.user_id != typing.user_id:
                socket.push(room.conversation_id, 0, frame)
