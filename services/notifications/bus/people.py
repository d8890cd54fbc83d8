"""What the users service knows of the people around a batch of events, asked for before the batch's transaction."""

import asyncio
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, Generic, TypeVar

import structlog
from google.protobuf.message import DecodeError

from chassis.database import Database
from chassis.errors import Failure
from chassis.ids import is_uuid
from chassis.rpc.client import Channel
from messaging.chassis.v1.envelope_pb2 import Envelope
from messaging.conversations.v1 import events_pb2 as events
from messaging.users.v1 import presences_pb2 as presences
from messaging.users.v1 import presences_pb2_grpc as presences_rpc
from messaging.users.v1 import profiles_pb2 as profiles
from messaging.users.v1 import profiles_pb2_grpc as profiles_rpc
from services.notifications.model.ids import ConversationId, UserId
from services.notifications.model.members import Attention, Audience
from services.notifications.store import members

V = TypeVar("V")
log = structlog.get_logger(__name__)

# An answer about somebody holds for so long, in seconds; that there was none holds as long as a presence.
_PRESENCE_HOLDS = 3.0
_NAME_HOLDS = 300.0
_TIMEOUT = 1.0
# How many users GetPresence and GetUsers take at once.
_AT_ONCE = 1000
_REMEMBERED = 50_000
_ATTENTION = {
    profiles.PRESENCE_STATE_ONLINE: Attention.LOOKING,
    profiles.PRESENCE_STATE_AWAY: Attention.AWAY,
}

# The events of which somebody may be told by what a message says.
_OF_MESSAGES: dict[str, type[events.MessageSent | events.MessageEdited | events.AcknowledgementDue]] = {
    "message_sent": events.MessageSent,
    "message_edited": events.MessageEdited,
    "acknowledgement_due": events.AcknowledgementDue,
}


class People:
    """Remembers presence for a few seconds and names for minutes. While users cannot be asked, nobody is looking."""

    def __init__(self, database: Database, users: Channel) -> None:
        """Take the own database, which knows the members, and the way to the users service."""
        self._database = database
        self._users = users
        self._presences = users.stub(presences_rpc.PresencesStub)
        self._profiles = users.stub(profiles_rpc.ProfilesStub)
        self._attention = _Memory[Attention]()
        self._names = _Memory[str]()
        # Always what is known now: all that can be, for the events that were prepared last.
        self.audience = Audience(self._attention.values, self._names.values)

    async def prepare(self, envelopes: Sequence[Envelope]) -> None:
        """Learn who of those whom the events may notify is looking, and how those who caused them are called."""
        conversation_ids: set[ConversationId] = set()
        user_ids: set[UserId] = set()
        actor_ids: set[UserId] = set()
        for envelope in envelopes:
            try:
                if (event := _OF_MESSAGES.get(envelope.kind)) is not None:
                    message = event.FromString(envelope.payload).message
                    conversation_ids.add(ConversationId(message.conversation_id))
                    actor_ids.add(UserId(message.sender_id))
                elif envelope.kind == "member_added":
                    # Not yet in the table, and perhaps written to in the same batch.
                    user_ids.add(UserId(events.MemberAdded.FromString(envelope.payload).participant.user_id))
                    actor_ids.add(UserId(envelope.actor_id))
            except DecodeError:
                # Its handler will fail on it, and on nothing else.
                continue
        if conversation_ids:
            known = [each for each in conversation_ids if is_uuid(each)]
            user_ids.update(await self._database.run(members.present, conversation_ids=known))
        await asyncio.gather(self._learn_attention(user_ids), self._learn_names(actor_ids))

    async def _learn_attention(self, user_ids: Collection[UserId]) -> None:
        due = self._attention.due(user_ids)
        requests = [presences.GetPresenceRequest(user_ids=some) for some in _portions(due)]
        answers = await self._ask(self._presences.GetPresence, requests)
        states = {UserId(item.user_id): item.state for answer in answers or () for item in answer.presences}
        connected = {user_id: _ATTENTION[state] for user_id, state in states.items() if state in _ATTENTION}
        self._attention.learn(due, connected, holds=_PRESENCE_HOLDS)

    async def _learn_names(self, user_ids: Collection[UserId]) -> None:
        due = self._names.due(user_ids)
        requests = [profiles.GetUsersRequest(user_ids=some) for some in _portions(due)]
        answers = await self._ask(self._profiles.GetUsers, requests)
        names = {UserId(u.user_id): u.display_name or u.username for answer in answers or () for u in answer.users}
        self._names.learn(due, names, holds=_PRESENCE_HOLDS if answers is None else _NAME_HOLDS)

    async def _ask(self, rpc: Callable[..., Any], requests: Iterable[Any]) -> list[Any] | None:
        """Return all answers, or nothing when one is missing: what people are told does not wait for this."""
        try:
            return await asyncio.gather(*(self._users.call(rpc, request, timeout=_TIMEOUT) for request in requests))
        except Failure as failure:
            log.warning("users_unasked", reason=failure.reason)
            return None


class _Memory(Generic[V]):
    """Values by user, and until when they need not be asked for again."""

    def __init__(self) -> None:
        self.values: dict[UserId, V] = {}
        self._until: dict[UserId, float] = {}

    def due(self, user_ids: Iterable[UserId]) -> list[UserId]:
        if len(self._until) > _REMEMBERED:
            self.values.clear()
            self._until.clear()
        now = time.monotonic()
        return [user_id for user_id in user_ids if is_uuid(user_id) and self._until.get(user_id, 0.0) <= now]

    def learn(self, user_ids: Iterable[UserId], found: Mapping[UserId, V], *, holds: float) -> None:
        for user_id in user_ids:
            self.values.pop(user_id, None)
            self._until[user_id] = time.monotonic() + holds
        self.values.update(found)


def _portions(user_ids: Sequence[UserId]) -> Iterable[Sequence[UserId]]:
    return (user_ids[start : start + _AT_ONCE] for start in range(0, len(user_ids), _AT_ONCE))
