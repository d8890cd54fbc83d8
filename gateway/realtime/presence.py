"""Who is connected, told to the users service: newcomers and leavers within a second, everybody at each heartbeat."""

import asyncio
import time
from collections.abc import Iterable, Sequence

import structlog

from chassis.call import Call, serving
from chassis.errors import Failure
from chassis.ids import uuid7
from gateway.clients import UsersClient
from messaging.users.v1.presences_pb2 import RecordHeartbeatsRequest

log = structlog.get_logger(__name__)

_COLLECT_SECONDS = 1.0
# As many as one RecordHeartbeats takes.
_CHUNK = 5000


class Heartbeats:
    """Collects news for a second, so that a reconnecting client is not announced as gone."""

    def __init__(self, users: UsersClient, *, heartbeat_seconds: float) -> None:
        """Take where to tell it, and how often everybody is told of."""
        self._users = users
        self._heartbeat_seconds = heartbeat_seconds
        self._here: dict[str, None] = {}
        self._news: dict[str, bool] = {}

    def note(self, user_id: str, is_here: bool) -> None:
        """Take in that a user's first socket came or the last one went."""
        self._news[user_id] = is_here
        if is_here:
            self._here[user_id] = None
        else:
            self._here.pop(user_id, None)

    async def run(self) -> None:
        """Tell until cancelled. What cannot be told is made good by the next heartbeat."""
        due = time.monotonic() + self._heartbeat_seconds
        while True:
            await asyncio.sleep(_COLLECT_SECONDS)
            news, self._news = self._news, {}
            here: Iterable[str] = (user_id for user_id, is_here in news.items() if is_here)
            if time.monotonic() >= due:
                here, due = self._here, time.monotonic() + self._heartbeat_seconds
            await self._tell(list(here), [user_id for user_id, is_here in news.items() if not is_here])

    async def _tell(self, here: Sequence[str], gone: Sequence[str]) -> None:
        for start in range(0, max(len(here), len(gone)), _CHUNK):
            chunk = slice(start, start + _CHUNK)
            request = RecordHeartbeatsRequest(user_ids=here[chunk], gone_user_ids=gone[chunk])
            try:
                with serving(Call(request_id=uuid7())):
                    await self._users.call(self._users.presences.RecordHeartbeats, request)
            except Failure as failure:
                log.warning("heartbeats_not_recorded", reason=failure.reason)
                return
