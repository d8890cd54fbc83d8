"""Tells people here of the presence of others: who is near is asked of conversations, who may know of users."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice

import structlog
from nats.aio.msg import Msg

from chassis.bus import Bus
from chassis.call import Call, serving
from chassis.errors import Failure
from chassis.ids import uuid7
from gateway import views
from gateway.clients import Clients
from gateway.realtime import frames
from gateway.realtime.hub import Hub
from messaging.chassis.v1.envelope_pb2 import Envelope
from messaging.conversations.v1.circles_pb2 import GetCirclesRequest, GetCirclesResponse
from messaging.users.v1.events_pb2 import PresenceChanged, SightChanged
from messaging.users.v1.presences_pb2 import (
    PresenceQuestion,
    PresenceView,
    RevealPresenceRequest,
    RevealPresenceResponse,
)

log = structlog.get_logger(__name__)

# As many as one GetCircles and one RevealPresence take; and viewers per RevealPresence, to keep it short.
_PORTION = 50
_MOST_VIEWERS = 10_000
# Between two rounds: nobody hears more of one person than once in that time.
_PAUSE_SECONDS = 1.0


@dataclass(slots=True)
class News:
    """What happened to somebody's presence: it changed, or it looks different to some."""

    has_changed: bool = False
    # To anybody, or to these.
    looks_different: bool = False
    viewer_ids: set[str] = field(default_factory=set)

    def add(self, other: "News") -> None:
        """Take in what happened besides."""
        self.has_changed |= other.has_changed
        self.looks_different |= other.looks_different
        self.viewer_ids |= other.viewer_ids

    def concerns(self, viewer_id: str, *, is_hidden: bool) -> bool:
        """Whether a viewer is to be told; one who may not know hears only that it looks different now."""
        return self.looks_different or viewer_id in self.viewer_ids or (self.has_changed and not is_hidden)

    @property
    def is_for_all(self) -> bool:
        """Whether others than the named viewers are concerned."""
        return self.has_changed or self.looks_different


class Witnesses:
    """Collects whose presence is news and tells it in rounds: two calls for fifty people, however many devices hear."""

    def __init__(self, hub: Hub, clients: Clients, bus: Bus) -> None:
        """Take who is here and whom to ask."""
        self._hub = hub
        self._conversations = clients.conversations
        self._users = clients.users
        self._bus = bus
        self._news: dict[str, News] = {}
        self._has_news = asyncio.Event()

    async def run(self) -> None:
        """Listen and tell until cancelled. What cannot be found out now is tried again."""
        await self._bus.subscribe("live.users.presence", self._hear_changes)
        await self._bus.subscribe("messaging.users.v1.sight_changed.*", self._hear_sights)
        while True:
            await self._has_news.wait()
            self._has_news.clear()
            round_, self._news = self._news, {}
            subjects = iter(round_.items())
            while portion := dict(islice(subjects, _PORTION)):
                try:
                    with serving(Call(request_id=uuid7())):
                        await self._tell(portion)
                except Failure as failure:
                    log.warning("presence_not_told", reason=failure.reason)
                    for user_id, news in portion.items():
                        self._note(user_id, news)
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _hear_changes(self, message: Msg) -> None:
        for user_id in PresenceChanged.FromString(message.data).user_ids:
            self._note(user_id, News(has_changed=True))

    async def _hear_sights(self, message: Msg) -> None:
        event = SightChanged.FromString(Envelope.FromString(message.data).payload)
        is_for_one = bool(event.viewer_id)
        self._note(event.user_id, News(looks_different=not is_for_one, viewer_ids={event.viewer_id} - {""}))

    def _note(self, user_id: str, news: News) -> None:
        self._news.setdefault(user_id, News()).add(news)
        self._has_news.set()

    async def _tell(self, portion: Mapping[str, News]) -> None:
        """Tell those who are concerned and here. Raises: Failure."""
        if not self._hub.people:
            return
        near = await self._near(portion)
        questions: list[PresenceQuestion] = []
        weight = 0
        for user_id in portion:
            viewers = near.get(user_id, set())
            if questions and weight + len(viewers) > _MOST_VIEWERS:
                await self._ask(questions, portion)
                questions, weight = [], 0
            questions.append(PresenceQuestion(user_id=user_id, viewer_ids=islice(viewers, _MOST_VIEWERS)))
            weight += len(viewers)
        await self._ask(questions, portion)

    async def _near(self, portion: Mapping[str, News]) -> dict[str, set[str]]:
        """Those here who share a conversation with each of the people. Raises: Failure."""
        answer: GetCirclesResponse = await self._conversations.ask(
            self._conversations.circles.GetCircles, GetCirclesRequest(user_ids=portion)
        )
        near: dict[str, set[str]] = {}
        for circle in answer.circles:
            news = portion[circle.user_id]
            rooms = (self._hub.rooms.get(conversation_id) for conversation_id in circle.conversation_ids)
            viewers = {socket.principal.user_id for room in rooms if room is not None for socket in room.sockets}
            viewers.discard(circle.user_id)
            near[circle.user_id] = viewers if news.is_for_all else viewers & news.viewer_ids
        return near

    async def _ask(self, questions: list[PresenceQuestion], portion: Mapping[str, News]) -> None:
        """Ask what the viewers may know, and tell them. Raises: Failure."""
        answer: RevealPresenceResponse = await self._users.ask(
            self._users.presences.RevealPresence, RevealPresenceRequest(questions=questions)
        )
        for view in answer.views:
            self._deliver(view, portion[view.presence.user_id])

    def _deliver(self, view: PresenceView, news: News) -> None:
        shown = {"user_id": view.presence.user_id, **views.presence(view.presence)}
        frame = frames.personal("presence.changed", shown)
        for viewer_id in view.viewer_ids:
            person = self._hub.people.get(viewer_id)
            if person is not None and news.concerns(viewer_id, is_hidden=view.is_hidden):
                self._hub.tell_person(person, frame)
