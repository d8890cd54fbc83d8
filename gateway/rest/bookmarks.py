"""Messages that people keep at hand for themselves."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from gateway import views
from gateway.rest.answers import nothing, page
from gateway.rest.backend import Backend, request_id
from gateway.rest.messages import Message, MessageId
from gateway.rest.models import Page, Paged, Shown, Time
from gateway.rest.problems import problems
from gateway.rest.route import SignedInRoute
from messaging.conversations.v1 import bookmarks_pb2 as pb

router = APIRouter(prefix="/api/v1/messages", tags=["Messages"], route_class=SignedInRoute)


class Bookmark(Shown):
    """A bookmarked message."""

    message: Message
    created_at: Time = Field(description="When it was bookmarked")


@router.get(
    "/bookmarks/", summary="List my bookmarks", response_model=Page[Bookmark], responses=problems("invalid_page_token")
)
async def list_mine(request: Request, paged: Annotated[Paged, Query()], clients: Backend) -> Response:
    """Of messages that are there for me at this moment, the latest bookmark first."""
    answer = await clients.conversations.ask(
        clients.conversations.bookmarks.ListBookmarks,
        pb.ListBookmarksRequest(page_size=paged.page_size, page_token=paged.cursor),
    )
    return page(request, [views.bookmark(found) for found in answer.bookmarks], answer)


@router.put(
    "/{message_id:id}/bookmark/",
    summary="Bookmark a message",
    status_code=204,
    responses=problems("message_not_found", "message_deleted", "bookmark_limit"),
)
async def add(message_id: MessageId, clients: Backend) -> Response:
    """For myself alone; nobody is told. At most 10,000."""
    await clients.conversations.ask(
        clients.conversations.bookmarks.AddBookmark,
        pb.AddBookmarkRequest(message_id=message_id, request_id=request_id(None)),
    )
    return nothing()


@router.delete(
    "/{message_id:id}/bookmark/",
    summary="Take a bookmark away",
    status_code=204,
    responses=problems("message_not_found"),
)
async def remove(message_id: MessageId, clients: Backend) -> Response:
    """Also of a message that I can no longer see; does nothing where there is none."""
    await clients.conversations.ask(
        clients.conversations.bookmarks.RemoveBookmark,
        pb.RemoveBookmarkRequest(message_id=message_id, request_id=request_id(None)),
    )
    return nothing()
