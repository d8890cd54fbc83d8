"""How far each participant has got, and who is typing."""

from typing import Annotated, Literal

from fastapi import APIRouter, Request, Response
from pydantic import Field

from gateway import views
from gateway.rest.answers import Json, nothing, page
from gateway.rest.backend import Backend
from gateway.rest.messages import MessageId
from gateway.rest.models import EXAMPLE_USER, ConversationId, Id, Page, Sent, Shown
from gateway.rest.problems import problems
from gateway.rest.route import SignedInRoute
from messaging.conversations.v1 import receipts_pb2 as pb

router = APIRouter(prefix="/api/v1/conversations", tags=["Receipts"], route_class=SignedInRoute)

of_messages = APIRouter(prefix="/api/v1/messages", tags=["Receipts"], route_class=SignedInRoute)

Status = Literal["sent", "delivered", "read"]
Seq = Annotated[int, Field(ge=0, lt=2**63, description="Number of a message", examples=[17])]


class Position(Sent):
    """How far."""

    seq: Seq


class Typing(Sent):
    """Whether the user types."""

    state: Literal["start", "stop"]


class Receipt(Shown):
    """How far one person has got."""

    conversation_id: Id
    user_id: Id = Field(examples=[EXAMPLE_USER])
    read_seq: int | None = Field(
        description="Everything up to this number was read; null of others who do not show it", examples=[17]
    )
    delivered_seq: int = Field(description="Everything up to this number reached a device", examples=[17])


class ReadReceipt(Receipt):
    """How far the user has read, and what is left."""

    unread_count: int


class MessageReceipt(Shown):
    """How far a message has come with one person."""

    user_id: Id = Field(examples=[EXAMPLE_USER])
    status: Status = Field(description="Never `read` of those who do not show it")


class MessageReceipts(Shown):
    """How far a message has come with those who may see it, its author apart."""

    status: Status = Field(description="With all of them; `read` when all have read it who show that")
    participants: list[MessageReceipt] = Field(description="By the time they joined")


@of_messages.get(
    "/{message_id:id}/receipts/",
    summary="Show how far a message has come",
    response_model=MessageReceipts,
    responses=problems("message_not_found"),
)
async def of_message(message_id: MessageId, clients: Backend) -> Response:
    """Who has read it, and whose devices it has reached."""
    answer = await clients.conversations.ask(
        clients.conversations.receipts.GetMessageReceipts, pb.GetMessageReceiptsRequest(message_id=message_id)
    )
    return Json(views.message_receipts(answer))


@router.post(
    "/{conversation_id:id}/read/",
    summary="Mark as read",
    response_model=ReadReceipt,
    responses=problems("conversation_not_found", "position_beyond_end"),
)
async def read(conversation_id: ConversationId, sent: Position, clients: Backend) -> Response:
    """Moves the own read position, and the delivered one with it, to a message; never back. Repeating is harmless."""
    answer = await clients.conversations.ask(
        clients.conversations.receipts.MarkRead, pb.MarkReadRequest(conversation_id=conversation_id, seq=sent.seq)
    )
    return Json({**views.receipt(answer.participant), "unread_count": answer.unread_count})


@router.post(
    "/{conversation_id:id}/delivered/",
    summary="Mark as delivered",
    response_model=Receipt,
    responses=problems("conversation_not_found", "position_beyond_end"),
)
async def delivered(conversation_id: ConversationId, sent: Position, clients: Backend) -> Response:
    """Moves the own delivered position to a message; never back. Repeating is harmless."""
    answer = await clients.conversations.ask(
        clients.conversations.receipts.MarkDelivered,
        pb.MarkDeliveredRequest(conversation_id=conversation_id, seq=sent.seq),
    )
    return Json(views.receipt(answer.participant))


@router.get(
    "/{conversation_id:id}/receipts/",
    summary="List receipts",
    response_model=Page[Receipt],
    responses=problems("conversation_not_found"),
)
async def list_all(conversation_id: ConversationId, request: Request, clients: Backend) -> Response:
    """The positions of all participants, on one page: who has read message n stands at n or beyond."""
    answer = await clients.conversations.ask(
        clients.conversations.receipts.ListReceipts, pb.ListReceiptsRequest(conversation_id=conversation_id)
    )
    return page(request, [views.receipt(item) for item in answer.participants])


@router.post(
    "/{conversation_id:id}/typing/",
    summary="Say that I am typing",
    status_code=204,
    responses=problems("conversation_not_found", "role_insufficient"),
)
async def typing(conversation_id: ConversationId, sent: Typing, clients: Backend) -> Response:
    """Passed on to the other participants who are connected, unless I do not show it; nothing is stored."""
    await clients.conversations.ask(
        clients.conversations.receipts.SetTyping,
        pb.SetTypingRequest(conversation_id=conversation_id, is_typing=sent.state == "start"),
    )
    return nothing()
