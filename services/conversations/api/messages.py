"""The Messages service."""

import asyncio
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from chassis.call import caller
from chassis.database import Database, Once
from chassis.errors import Failure, InvalidRequest, Overloaded, Violation
from chassis.paging import MAX_PAGE_BYTES, Page, Pager, size
from chassis.rpc.interceptor import Context
from chassis.rpc.status import to_status
from messaging.conversations.v1 import messages_pb2 as pb
from messaging.conversations.v1 import messages_pb2_grpc as rpc
from services.conversations.api import convert
from services.conversations.domain import messages
from services.conversations.domain.writer import Writer
from services.conversations.model.ids import UserId
from services.conversations.model.limits import Limits
from services.conversations.model.messages import Priority
from services.conversations.model.viewers import Viewed
from services.conversations.store import messages as store


class MessagesServicer(rpc.MessagesServicer):
    """Sends go through the writer; everything else is a transaction of its own."""

    def __init__(self, database: Database, writer: Writer, pager: Pager, limits: Limits) -> None:
        self._database = database
        self._writer = writer
        self._pager = pager
        self._limits = limits

    async def SendMessages(self, request: pb.SendMessagesRequest, context: Context) -> pb.SendMessagesResponse:
        """Refuses items, each for itself."""
        drafts = [convert.draft(item) for item in request.items]
        return convert.sent(await asyncio.wrap_future(self._writer.submit(drafts)))

    async def GetMessage(self, request: pb.GetMessageRequest, context: Context) -> pb.GetMessageResponse:
        """Refuses messages that the caller cannot see."""
        viewed = await self._database.run(
            store.view, message_id=convert.message_id(request.message_id), member_id=UserId(caller().user_id)
        )
        return pb.GetMessageResponse(message=convert.viewed(viewed))

    async def ListMessages(self, request: pb.ListMessagesRequest, context: Context) -> pb.ListMessagesResponse:
        """Refuses conversations that the caller is not in, numbers without one, page tokens of other lists."""
        question = self._question(request, UserId(caller().user_id))
        page = await self._database.read(messages.list_messages, **question.asked)
        return self._answer(question, page, pb.ListMessagesResponse())

    async def BatchListMessages(
        self, request: pb.BatchListMessagesRequest, context: Context
    ) -> pb.BatchListMessagesResponse:
        """Refuses items that cannot be read, each for itself, and those that the answer has no room for."""
        questions = [self._question(item.request, convert.user_id(item.reader_id)) for item in request.items]
        pages = await self._database.read(messages.list_each, asked=[question.asked for question in questions])
        response, taken = pb.BatchListMessagesResponse(), 0
        for question, page in zip(questions, pages, strict=True):
            result = response.results.add()
            if isinstance(page, Failure):
                result.error.CopyFrom(to_status(page))
                continue
            weight = self._answer(question, page, result.response).ByteSize()
            if taken and taken + weight > MAX_PAGE_BYTES:
                # Replaces the page.
                result.error.CopyFrom(to_status(Overloaded()))
            else:
                taken += weight
        return response

    def _question(self, request: pb.ListMessagesRequest, reader_id: UserId) -> "_Question":
        selection = convert.selection(request)
        if selection.needs_conversation and not request.conversation_id:
            raise InvalidRequest(fields=[Violation("conversation_id", "required", "is needed where numbers are given")])
        conversation_id = convert.conversation_id(request.conversation_id) or None
        filters = {"list": "messages", "conversation": conversation_id, "user": reader_id, **asdict(selection)}
        asked = {
            "conversation_id": conversation_id,
            "selection": selection,
            "member_id": reader_id,
            "cursor": self._pager.decode(request.page_token, filters),
            "size": size(request.page_size),
        }
        return _Question(filters, asked)

    def _answer(
        self, question: "_Question", page: Page[Viewed], response: pb.ListMessagesResponse
    ) -> pb.ListMessagesResponse:
        for shown in page.rows:
            convert.viewed(shown, response.messages.add)
        response.next_page_token = self._pager.encode(page.next, question.filters)
        response.previous_page_token = self._pager.encode(page.previous, question.filters)
        return response

    async def EditMessage(self, request: pb.EditMessageRequest, context: Context) -> pb.EditMessageResponse:
        """Refuses other people's messages, deleted ones, those past the edit window, and old etags."""
        paths = set(request.update_mask.paths)
        return await self._database.run(
            messages.edit,
            message_id=convert.message_id(request.message_id),
            editor_id=UserId(caller().user_id),
            content=request.content if "content" in paths else None,
            priority=Priority(request.priority or Priority.NORMAL) if "priority" in paths else None,
            is_important=request.is_important if "is_important" in paths else None,
            requires_acknowledgement=request.requires_acknowledgement if "requires_acknowledgement" in paths else None,
            etag=request.etag,
            limits=self._limits,
            once=Once.of(request, encode=_edited, answer=pb.EditMessageResponse),
        )

    async def DeleteMessage(self, request: pb.DeleteMessageRequest, context: Context) -> pb.DeleteMessageResponse:
        """Refuses other people's messages and those past the window, except for moderators."""
        return await self._database.run(
            messages.delete,
            message_id=convert.message_id(request.message_id),
            actor_id=UserId(caller().user_id),
            limits=self._limits,
            once=Once.of(request, encode=_deleted, answer=pb.DeleteMessageResponse),
        )

    async def HideMessage(self, request: pb.HideMessageRequest, context: Context) -> pb.HideMessageResponse:
        """Refuses messages that the caller cannot see."""
        await self._database.run(
            messages.hide, message_id=convert.message_id(request.message_id), member_id=UserId(caller().user_id)
        )
        return pb.HideMessageResponse()

    async def ListMessageVersions(
        self, request: pb.ListMessageVersionsRequest, context: Context
    ) -> pb.ListMessageVersionsResponse:
        """Refuses messages that the caller cannot see, and page tokens of other lists."""
        message_id = convert.message_id(request.message_id)
        filters = {"list": "versions", "message": message_id, "user": caller().user_id}
        page = await self._database.run(
            messages.list_versions,
            message_id=message_id,
            member_id=UserId(caller().user_id),
            cursor=self._pager.decode(request.page_token, filters),
            size=size(request.page_size),
        )
        return pb.ListMessageVersionsResponse(
            versions=map(convert.version, page.rows),
            next_page_token=self._pager.encode(page.next, filters),
            previous_page_token=self._pager.encode(page.previous, filters),
        )


@dataclass(frozen=True, slots=True)
class _Question:
    """What a page token belongs to, and what the domain is asked."""

    filters: Mapping[str, Any]
    asked: Mapping[str, Any]


def _edited(edited: Viewed) -> pb.EditMessageResponse:
    return pb.EditMessageResponse(message=convert.viewed(edited))


def _deleted(stub: Viewed) -> pb.DeleteMessageResponse:
    return pb.DeleteMessageResponse(message=convert.viewed(stub))
