"""Calls that attach something to messages, as whoever the test says."""

from typing import Any

import pytest
from google.protobuf.message import Message

from chassis.call import Caller, Meter
from chassis.rpc.client import Channel
from chassis.rpc.status import RemoteFailure
from messaging.conversations.v1 import (
    acknowledgements_pb2,
    bookmarks_pb2,
    drafts_pb2,
    messages_pb2,
    pins_pb2,
    polls_pb2,
    reactions_pb2,
    reports_pb2,
)
from messaging.conversations.v1.acknowledgements_pb2_grpc import AcknowledgementsStub
from messaging.conversations.v1.bookmarks_pb2_grpc import BookmarksStub
from messaging.conversations.v1.drafts_pb2_grpc import DraftsStub
from messaging.conversations.v1.pins_pb2_grpc import PinsStub
from messaging.conversations.v1.polls_pb2_grpc import PollsStub
from messaging.conversations.v1.reactions_pb2_grpc import ReactionsStub
from messaging.conversations.v1.reports_pb2_grpc import ReportsStub
from tests.support import calls

THUMB = "\U0001f44d"


class Marks:
    """Finds each RPC by the name of its request."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        stubs = (
            (acknowledgements_pb2, channel.stub(AcknowledgementsStub)),
            (bookmarks_pb2, channel.stub(BookmarksStub)),
            (drafts_pb2, channel.stub(DraftsStub)),
            (pins_pb2, channel.stub(PinsStub)),
            (polls_pb2, channel.stub(PollsStub)),
            (reactions_pb2, channel.stub(ReactionsStub)),
            (reports_pb2, channel.stub(ReportsStub)),
        )
        self._stubs = {module.DESCRIPTOR.name: stub for module, stub in stubs}

    async def bill(self, request: Message, *, by: str, role: str = "") -> tuple[Any, Meter]:
        """Call as a person, perhaps one with a role on the platform, and say what it cost."""
        descriptor = request.DESCRIPTOR
        rpc = getattr(self._stubs[descriptor.file.name], descriptor.name.removesuffix("Request"))
        return await calls.bill(self._channel, rpc, request, caller=Caller(by, roles=frozenset({role} - {""})))

    async def ask(self, request: Message, *, by: str, role: str = "") -> Any:
        """The same without the cost."""
        return (await self.bill(request, by=by, role=role))[0]

    async def refusal(self, request: Message, *, by: str, role: str = "") -> str:
        """The reason for which a call fails."""
        with pytest.raises(RemoteFailure) as refused:
            await self.ask(request, by=by, role=role)
        return refused.value.reason

    async def react(self, message_id: str, emoji: str = THUMB, *, by: str) -> reactions_pb2.ReactionTally:
        """Add a reaction."""
        request = reactions_pb2.AddReactionRequest(message_id=message_id, emoji=emoji)
        answer: reactions_pb2.AddReactionResponse = await self.ask(request, by=by)
        return answer.tally

    async def take_back(self, message_id: str, emoji: str = THUMB, *, by: str) -> reactions_pb2.ReactionTally:
        """Remove a reaction."""
        request = reactions_pb2.RemoveReactionRequest(message_id=message_id, emoji=emoji)
        answer: reactions_pb2.RemoveReactionResponse = await self.ask(request, by=by)
        return answer.tally

    async def pin(self, message_id: str, *, by: str) -> None:
        """Pin a message."""
        await self.ask(pins_pb2.PinMessageRequest(message_id=message_id), by=by)

    async def pinned(self, conversation_id: str, *, by: str, **fields: Any) -> list[pins_pb2.Pin]:
        """The first page of a conversation's pins."""
        request = pins_pb2.ListPinsRequest(conversation_id=conversation_id, **fields)
        return list((await self.ask(request, by=by)).pins)

    async def bookmark(self, message_id: str, *, by: str) -> None:
        """Bookmark a message."""
        await self.ask(bookmarks_pb2.AddBookmarkRequest(message_id=message_id), by=by)

    async def bookmarked(self, *, by: str, **fields: Any) -> list[str]:
        """The ids of the messages on the first page of somebody's bookmarks."""
        page = await self.ask(bookmarks_pb2.ListBookmarksRequest(**fields), by=by)
        return [found.message.message_id for found in page.bookmarks]

    async def write(self, conversation_id: str, content: str, *, by: str, **fields: Any) -> drafts_pb2.Draft:
        """Save a draft."""
        request = drafts_pb2.SaveDraftRequest(conversation_id=conversation_id, content=content, **fields)
        answer: drafts_pb2.SaveDraftResponse = await self.ask(request, by=by)
        return answer.draft

    async def acknowledge(self, message_id: str, *, by: str) -> acknowledgements_pb2.Acknowledgement:
        """Acknowledge a message."""
        request = acknowledgements_pb2.AcknowledgeMessageRequest(message_id=message_id)
        answer: acknowledgements_pb2.AcknowledgeMessageResponse = await self.ask(request, by=by)
        return answer.acknowledgement

    async def vote(self, message_id: str, *options: int, by: str) -> polls_pb2.Ballot:
        """Vote for options or, without any, for nothing."""
        if options:
            answer = await self.ask(polls_pb2.VoteRequest(message_id=message_id, options=options), by=by)
        else:
            answer = await self.ask(polls_pb2.RetractVoteRequest(message_id=message_id), by=by)
        ballot: polls_pb2.Ballot = answer.ballot
        return ballot

    async def report(self, message_id: str, *, by: str, **fields: Any) -> None:
        """Report a message."""
        fields.setdefault("reason", reports_pb2.REPORT_REASON_SPAM)
        await self.ask(reports_pb2.ReportMessageRequest(message_id=message_id, **fields), by=by)


def counts(message: messages_pb2.Message) -> dict[str, int]:
    """How many react with each emoji."""
    return {found.emoji: found.count for found in message.reactions}


def poll(*options: str, **fields: Any) -> dict[str, Any]:
    """What makes a message to send a poll."""
    draft = messages_pb2.PollDraft(options=options or ("Tuesday", "Thursday", "Never"), **fields)
    return {"message_type": messages_pb2.MESSAGE_TYPE_POLL, "poll": draft}
