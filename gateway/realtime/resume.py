"""Resuming: a device says which revs it has, and gets what happened since, before anything that happens now."""

from collections.abc import Iterable

from chassis import failpoints
from chassis.errors import Failure, NotFound
from gateway.clients import ConversationsClient
from gateway.realtime import changes, frames
from gateway.realtime.commands import Positions
from gateway.realtime.hub import Hub
from gateway.realtime.socket import Socket
from gateway.views import CHANGES_MODES
from messaging.conversations.v1 import conversations_pb2 as pb

# As much is written before the device must have read most of it.
_PORTION_BYTES = 128 * 1024


class Resume:
    """One resume of one socket, whose events are held until it is through."""

    def __init__(self, hub: Hub, conversations: ConversationsClient, socket: Socket) -> None:
        """Hold the socket's events from now on: whatever is committed later is either read or held."""
        self._hub = hub
        self._conversations = conversations
        self._socket = socket
        # Conversation -> how it was made good, and the rev that the device has then.
        self._modes: dict[str, tuple[str, int]] = {}
        socket.hold()

    async def run(self, command_id: str, known: Positions) -> None:
        """Write what was missed, then the summary, then what was held. Raises: Failure."""
        revs = {conversation_id.lower(): rev for conversation_id, rev in known.revs.items()}
        person = self._hub.people.get(self._socket.principal.user_id)
        mine = set(person.conversation_ids) if person is not None else set()
        for conversation_id in mine:
            await self._catch_up(conversation_id, revs.get(conversation_id), is_known=known.epoch == self._hub.epoch)
        self._modes |= {gone: ("gone", revs[gone]) for gone in revs.keys() - mine}
        self._finish(command_id)

    async def _catch_up(self, conversation_id: str, rev: int | None, *, is_known: bool) -> None:
        room = self._hub.rooms.get(conversation_id)
        if room is None:
            # Left meanwhile: the removal is held.
            return
        if rev is None or not is_known or rev == room.rev:
            self._modes[conversation_id] = ("new" if rev is None else "events" if is_known else "reset", room.rev)
            return
        is_complete = False
        while not is_complete:
            request = pb.ListChangesRequest(conversation_id=conversation_id, after_rev=rev)
            try:
                answer: pb.ListChangesResponse = await self._conversations.ask(
                    self._conversations.conversations.ListChanges, request
                )
            except Failure as failure:
                if failure.code != NotFound.code:
                    raise
                self._modes[conversation_id] = ("gone", rev)
                return
            await self._write(conversation_id, answer.changes)
            # A page ends where its size does.
            rev = answer.changes[-1].rev if answer.changes else answer.rev
            is_complete = rev >= answer.rev or answer.mode != pb.CHANGES_MODE_EVENTS
            self._modes[conversation_id] = (CHANGES_MODES[answer.mode], answer.rev)

    async def _write(self, conversation_id: str, entries: Iterable[pb.Change]) -> None:
        wire, unread = self._socket.wire, 0
        for entry in entries:
            frame = changes.frame(changes.of_log(conversation_id, entry))
            wire.write(frame)
            unread += len(frame)
            if unread > _PORTION_BYTES:
                await wire.drained()
                unread = 0

    def _finish(self, command_id: str) -> None:
        failpoints.reached("before_resumed")
        shown = {conversation_id: {"mode": mode, "rev": rev} for conversation_id, (mode, rev) in self._modes.items()}
        self._socket.wire.write(frames.reply("resumed", command_id, {"conversations": shown}))
        revs = {conversation_id: rev for conversation_id, (mode, rev) in self._modes.items() if mode != "gone"}
        rooms = self._hub.rooms
        ahead = {known: rev for known, rev in revs.items() if known in rooms and rev > rooms[known].rev}
        self._socket.go_live(revs, ahead)
