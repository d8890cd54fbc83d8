"""What is unread is arithmetic, and always what a count of the messages would say."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chassis.rpc.status import RemoteFailure
from messaging.conversations.v1 import messages_pb2, participants_pb2, receipts_pb2
from tests.integration.conversations.conftest import Service
from tests.integration.conversations.reading import Reading

PEOPLE = 3
VERBS = ("send", "send", "send", "reply", "edit", "delete", "hide", "read", "deliver", "join", "leave", "forward")
_RECOUNT = """
    select p.user_id, (select count(*) from messages m where m.conversation_id = p.conversation_id
                       and m.seq > p.read_seq and m.seq > p.visible_after),
           c.last_seq, (select count(*) from messages m where m.conversation_id = c.id)
    from participants p join conversations c on c.id = p.conversation_id
    where c.id = :id and p.left_at is null
"""


@dataclass
class Play:
    """A group with an owner, who is always there, and others who come and go."""

    service: Service
    group: str
    people: list[str]
    message_ids: list[str] = field(default_factory=list)

    async def act(self, verb: str, who: int, which: int) -> None:
        """Do something, as far as it is allowed."""
        by = self.people[who % PEOPLE]
        message_id = self.message_ids[which % len(self.message_ids)] if self.message_ids else self.group
        try:
            await getattr(self, f"_{verb}")(by, message_id, which)
        except RemoteFailure as refused:
            if refused.code in {"INTERNAL", "UNKNOWN", "UNAVAILABLE"}:
                raise

    async def _send(self, by: str, _message_id: str, _which: int, reply_to_id: str = "") -> None:
        item = messages_pb2.SendItem(
            sender_id=by,
            conversation_id=self.group,
            content="Are you there?",
            client_message_id=f"{len(self.message_ids)}-{_which}",
            reply_to_id=reply_to_id,
        )
        [result] = await self.service.send(item)
        if result.HasField("message") and not result.replayed:
            self.message_ids.append(result.message.message_id)

    async def _reply(self, by: str, message_id: str, which: int) -> None:
        await self._send(by, message_id, which, reply_to_id=message_id)

    async def _edit(self, by: str, message_id: str, which: int) -> None:
        await self.service.edit(message_id, f"Edited {which}", by=by)

    async def _delete(self, by: str, message_id: str, _which: int) -> None:
        await self.service.delete(message_id, by=by)

    async def _hide(self, by: str, message_id: str, _which: int) -> None:
        await Reading(self.service).hide(message_id, by=by)

    async def _read(self, by: str, _message_id: str, which: int) -> None:
        request = receipts_pb2.MarkReadRequest(conversation_id=self.group, seq=which)
        await self.service.ask(self.service.receipts.MarkRead, request, by=by)

    async def _deliver(self, by: str, _message_id: str, which: int) -> None:
        request = receipts_pb2.MarkDeliveredRequest(conversation_id=self.group, seq=which)
        await self.service.ask(self.service.receipts.MarkDelivered, request, by=by)

    async def _join(self, by: str, _message_id: str, _which: int) -> None:
        request = participants_pb2.AddParticipantsRequest(conversation_id=self.group, user_ids=[by])
        await self.service.ask(self.service.participants.AddParticipants, request, by=self.people[0])

    async def _leave(self, by: str, _message_id: str, _which: int) -> None:
        request = participants_pb2.RemoveParticipantRequest(conversation_id=self.group, user_id=by)
        await self.service.ask(self.service.participants.RemoveParticipant, request, by=by)

    async def _forward(self, by: str, message_id: str, which: int) -> None:
        results = await Reading(self.service).forward(message_id, [self.group], by=by, request_id=f"{which}")
        self.message_ids += [
            found.message.message_id for found in results if found.HasField("message") and not found.replayed
        ]

    async def check(self) -> None:
        """Compare what each present member is told with a count."""
        for user_id, unread, last_seq, count in await self.service.rows(_RECOUNT, id=self.group):
            shown = await self.service.get(self.group, by=user_id)
            assert (shown.unread_count, shown.last_seq) == (unread, last_seq)
            assert last_seq == count == len(self.message_ids)


@pytest.mark.parametrize("since_joined", [False, True])
async def test_what_is_unread_is_what_a_count_says(service: Service, since_joined: bool) -> None:
    people = await service.people(PEOPLE)

    async def play(steps: list[tuple[str, int, int]]) -> None:
        group = await service.group(*people)
        if since_joined:
            await service.rows("update conversations set history_visibility = 2 where id = :id", id=group)
        playing = Play(service, group, people)
        for step in steps:
            await playing.act(*step)
        await playing.check()

    await explore(play)


async def explore(play: Callable[[list[tuple[str, int, int]]], Coroutine[Any, Any, None]]) -> None:
    """Try operations in random order; the loop of the services is this one, so the search has a thread of its own."""
    loop = asyncio.get_running_loop()
    step = st.tuples(st.sampled_from(VERBS), st.integers(0, PEOPLE - 1), st.integers(0, 12))

    @settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(st.lists(step, min_size=10, max_size=30))
    def search(steps: list[tuple[str, int, int]]) -> None:
        asyncio.run_coroutine_threadsafe(play(steps), loop).result(timeout=60)

    await asyncio.to_thread(search)
