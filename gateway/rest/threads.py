"""Threads: the replies to a message, who follows them, and how far they were read."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from gateway import views
from gateway.rest.answers import Json, nothing, page
from gateway.rest.backend import Backend
from gateway.rest.messages import Message, MessageId
from gateway.rest.models import Id, Page, Paged, Shown
from gateway.rest.problems import problems
from gateway.rest.receipts import Position
from gateway.rest.route import SignedInRoute
from messaging.conversations.v1 import threads_pb2 as pb

router = APIRouter(prefix="/api/v1/messages/{message_id:id}/thread", tags=["Messages"], route_class=SignedInRoute)


class ThreadReading(Shown):
    """How far I have read in a thread."""

    read_seq: int = Field(
        description="I have read everything of it up to this number; at first, as far as I have read the conversation",
        examples=[17],
    )
    unread_count: int = Field(description="Replies beyond it", examples=[0])


class Thread(ThreadReading):
    """A thread as the one who asks sees it."""

    root_id: Id = Field(description="The message that began it")
    conversation_id: Id
    root: Message | None = Field(description="The same; null when I came after it")
    reply_count: int = Field(description="Replies, deleted ones included", examples=[2])
    is_subscribed: bool = Field(description="Whether I follow it")


class ThreadPage(Page[Message], Thread):
    """A page of the replies of a thread, the oldest first, with the thread itself."""


@router.get("/", summary="Show a thread", response_model=ThreadPage,
    responses=problems("message_not_found", "invalid_page_token"),
)  # fmt: skip
async def show(message_id: MessageId, request: Request, paged: Annotated[Paged, Query()], clients: Backend) -> Response:
    """The replies, the oldest first. Any message of the thread names it; one without replies has an empty thread."""
    answer = await clients.conversations.ask(
        clients.conversations.threads.ListReplies,
        pb.ListRepliesRequest(message_id=message_id, page_size=paged.page_size, page_token=paged.cursor),
    )
    shown = [views.message(item) for item in answer.messages]
    return page(request, shown, answer, status=200, **views.thread(answer.thread))


@router.put("/subscription/", summary="Follow a thread", status_code=204, responses=problems("message_not_found"))
async def follow(message_id: MessageId, clients: Backend) -> Response:
    """Who began it or wrote in it does so already. My other devices are told."""
    return await _subscribe(message_id, clients, is_subscribed=True)


@router.delete(
    "/subscription/", summary="Follow a thread no longer", status_code=204, responses=problems("message_not_found")
)
async def leave(message_id: MessageId, clients: Backend) -> Response:
    """Until I write in it again. My other devices are told."""
    return await _subscribe(message_id, clients, is_subscribed=False)


async def _subscribe(message_id: str, clients: Backend, *, is_subscribed: bool) -> Response:
    await clients.conversations.ask(
        clients.conversations.threads.SetThreadSubscription,
        pb.SetThreadSubscriptionRequest(message_id=message_id, is_subscribed=is_subscribed),
    )
    return nothing()


@router.post(
    "/read/", summary="Mark a thread as read", response_model=ThreadReading,
    responses=problems("message_not_found", "position_beyond_end"),
)  # fmt: skip
async def read(message_id: MessageId, sent: Position, clients: Backend) -> Response:
    """Moves my read position in the thread to a message number; never back. Repeating is harmless."""
    answer = await clients.conversations.ask(
        clients.conversations.threads.MarkThreadRead, pb.MarkThreadReadRequest(message_id=message_id, seq=sent.seq)
    )
    return Json({"read_seq": answer.read_seq, "unread_count": answer.unread_count})
