"""Who is connected here, told to the users service: news within a second, everybody at each heartbeat."""

import asyncio
import time
from collections.abc import Mapping, Sequence

import structlog

from chassis.call import Call, serving
from chassis.errors import Failure
from chassis.ids import uuid7
from gateway.clients import UsersClient
from gateway.realtime.rooms import Person
from messaging.users.v1.presences_pb2 import RecordHeartbeatsRequest

log = structlog.get_logger(__name__)

# News is collected for so long: whoever turns away and back again meanwhile has not moved.
_COLLECT_SECONDS = 1.0
# How long somebody may take to connect again before their going is news.
_RETURN_SECONDS = 5.0
# As many as one RecordHeartbeats takes.
_CHUNK = 5000


class Heartbeats:
    """Compares what is with what was told; a process of its own, for others may have sockets of the same people."""

    def __init__(self, users: UsersClient, people: Mapping[str, Person], *, heartbeat_seconds: float) -> None:
        """Take where to tell it, who is here, and how often everybody is told of."""
        self._users = users
        self._people = people
        self._heartbeat_seconds = heartbeat_seconds
        self._place = uuid7()
        # User -> state that was told, and user -> when it is time to look whether that is still right.
        self._told: dict[str, str] = {}
        self._due: dict[str, float] = {}

    def note(self, user_id: str, is_leaving: bool) -> None:
        """Take in that a user's sockets are others than before, or say something else."""
        self._due[user_id] = time.monotonic() + (_RETURN_SECONDS if is_leaving else 0.0)

    async def run(self) -> None:
        """Tell until cancelled. What cannot be told is told again, reminders with the next heartbeat."""
        next_beat = time.monotonic() + self._heartbeat_seconds
        while True:
            await asyncio.sleep(_COLLECT_SECONDS)
            now = time.monotonic()
            await self._tell_news([user_id for user_id, due in self._due.items() if due <= now])
            if now >= next_beat:
                next_beat = now + self._heartbeat_seconds
                told = list(self._told.items())
                for start in range(0, len(told), _CHUNK):
                    await self._tell(told[start : start + _CHUNK], is_reminder=True)

    async def _tell_news(self, user_ids: Sequence[str]) -> None:
        states = {user_id: self._state(user_id) for user_id in user_ids}
        for user_id in user_ids:
            del self._due[user_id]
        news = [(user_id, state) for user_id, state in states.items() if state != self._told.get(user_id, "")]
        for start in range(0, len(news), _CHUNK):
            chunk = news[start : start + _CHUNK]
            if not await self._tell(chunk, is_reminder=False):
                for user_id, _ in news[start:]:
                    self._due.setdefault(user_id, 0.0)
                return
            for user_id, state in chunk:
                if state:
                    self._told[user_id] = state
                else:
                    self._told.pop(user_id, None)

    def _state(self, user_id: str) -> str:
        """The state of the device where somebody is most present; empty for no device."""
        person = self._people.get(user_id)
        if person is None or not person.sockets:
            return ""
        return "away" if all(socket.is_away for socket in person.sockets) else "online"

    async def _tell(self, states: Sequence[tuple[str, str]], *, is_reminder: bool) -> bool:
        """Returns whether it was heard."""
        request = RecordHeartbeatsRequest(
            user_ids=[user_id for user_id, state in states if state == "online"],
            away_user_ids=[user_id for user_id, state in states if state == "away"],
            gone_user_ids=[user_id for user_id, state in states if not state],
            place=self._place,
            is_reminder=is_reminder,
        )
        try:
            with serving(Call(request_id=uuid7())):
                await self._users.call(self._users.presences.RecordHeartbeats, request)
        except Failure as failure:
            log.warning("heartbeats_not_recorded", reason=failure.reason)
            return False
        return True
