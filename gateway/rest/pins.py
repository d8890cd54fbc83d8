"""Messages that a conversation keeps at hand."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from gateway import views
from gateway.rest.answers import nothing, page
from gateway.rest.backend import Backend, request_id
from gateway.rest.messages import Message, MessageId
from gateway.rest.models import EXAMPLE_USER, ConversationId, Id, Page, Paged, Shown, Time
from gateway.rest.problems import problems
from gateway.rest.route import SignedInRoute
from messaging.conversations.v1 import pins_pb2 as pb

router = APIRouter(prefix="/api/v1", tags=["Messages"], route_class=SignedInRoute)

_REFUSALS = ("message_not_found", "role_insufficient", "muted", "blocked", "sender_suspended")


class Pin(Shown):
    """A pinned message."""

    message: Message
    pinned_by: Id = Field(examples=[EXAMPLE_USER])
    created_at: Time = Field(description="When it was pinned")


@router.put(
    "/messages/{message_id:id}/pin/",
    summary="Pin a message",
    status_code=204,
    responses=problems(*_REFUSALS, "message_deleted", "pin_limit"),
)
async def pin(message_id: MessageId, clients: Backend) -> Response:
    """For all members: by moderators and above, in a direct conversation by both. At most 100 in a conversation."""
    await clients.conversations.ask(
        clients.conversations.pins.PinMessage,
        pb.PinMessageRequest(message_id=message_id, request_id=request_id(None)),
    )
    return nothing()


@router.delete(
    "/messages/{message_id:id}/pin/", summary="Unpin a message", status_code=204, responses=problems(*_REFUSALS)
)
async def unpin(message_id: MessageId, clients: Backend) -> Response:
    """By those who may pin; does nothing where there is no pin. A message that is deleted is unpinned, too."""
    await clients.conversations.ask(
        clients.conversations.pins.UnpinMessage,
        pb.UnpinMessageRequest(message_id=message_id, request_id=request_id(None)),
    )
    return nothing()


@router.get(
    "/conversations/{conversation_id:id}/pins/",
    summary="List pinned messages",
    response_model=Page[Pin],
    responses=problems("conversation_not_found", "invalid_page_token"),
)
async def list_all(
    conversation_id: ConversationId, request: Request, paged: Annotated[Paged, Query()], clients: Backend
) -> Response:
    """Those that I may see, the latest pin first."""
    answer = await clients.conversations.ask(
        clients.conversations.pins.ListPins,
        pb.ListPinsRequest(conversation_id=conversation_id, page_size=paged.page_size, page_token=paged.cursor),
    )
    return page(request, [views.pinned(found) for found in answer.pins], answer)
