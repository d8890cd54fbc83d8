"""The texts that messages had before."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from gateway import views
from gateway.rest.answers import page
from gateway.rest.backend import Backend
from gateway.rest.messages import MessageId
from gateway.rest.models import Page, Paged, Shown, Time
from gateway.rest.problems import problems
from gateway.rest.route import SignedInRoute
from messaging.conversations.v1 import messages_pb2 as pb

router = APIRouter(prefix="/api/v1/messages", tags=["Messages"], route_class=SignedInRoute)


class MessageVersion(Shown):
    """A text that a message had."""

    rev: int = Field(description="The message's last revision with this text", examples=[21])
    content: str = Field(examples=["Helo!"])
    created_at: Time = Field(description="When it was written")


@router.get(
    "/{message_id:id}/history/", summary="List the texts that a message had", response_model=Page[MessageVersion],
    responses=problems("message_not_found", "invalid_page_token"),
)  # fmt: skip
async def list_all(
    message_id: MessageId, request: Request, paged: Annotated[Paged, Query()], clients: Backend
) -> Response:
    """Those before the present one, the newest first; to all who see the message. None once it is deleted."""
    answer = await clients.conversations.ask(
        clients.conversations.messages.ListMessageVersions,
        pb.ListMessageVersionsRequest(message_id=message_id, page_size=paged.page_size, page_token=paged.cursor),
    )
    return page(request, [views.version(item) for item in answer.versions], answer)
