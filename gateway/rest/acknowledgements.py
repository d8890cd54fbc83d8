"""Confirming that one took notice of messages that ask for it."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from gateway import views
from gateway.rest.answers import page, settled
from gateway.rest.backend import Backend, request_id
from gateway.rest.messages import MessageId
from gateway.rest.models import EXAMPLE_USER, Id, IdempotencyKey, Page, Paged, Shown, Time
from gateway.rest.problems import problems
from gateway.rest.route import SignedInRoute
from messaging.conversations.v1 import acknowledgements_pb2 as pb

router = APIRouter(prefix="/api/v1/messages/{message_id:id}", tags=["Messages"], route_class=SignedInRoute)


class Acknowledgement(Shown):
    """Whether somebody has acknowledged a message."""

    message_id: Id
    user_id: Id = Field(examples=[EXAMPLE_USER])
    acknowledged_at: Time | None = Field(description="Null while they have not")


class AcknowledgementFilters(Paged):
    """Which part of the report."""

    acknowledged: bool | None = Field(None, description="Only those who have, or only those who have not")


@router.post(
    "/acknowledge/",
    summary="Acknowledge a message",
    response_model=Acknowledgement,
    responses=problems(
        "message_not_found", "message_deleted", "acknowledgement_not_required", "idempotency_key_reused"
    ),
)
async def acknowledge(
    message_id: MessageId, request: Request, clients: Backend, key: IdempotencyKey = None
) -> Response:
    """Where it is asked for, of everybody but the author. For good: repeating it answers the time of the first time."""
    answer = await clients.conversations.ask(
        clients.conversations.acknowledgements.AcknowledgeMessage,
        pb.AcknowledgeMessageRequest(message_id=message_id, request_id=request_id(key)),
    )
    return settled(request, views.acknowledgement(answer.acknowledgement))


@router.get(
    "/acknowledgements/",
    summary="List who has acknowledged a message",
    response_model=Page[Acknowledgement],
    responses=problems("message_not_found", "role_insufficient", "acknowledgement_not_required", "invalid_page_token"),
)
async def list_all(
    message_id: MessageId, request: Request, filters: Annotated[AcknowledgementFilters, Query()], clients: Backend
) -> Response:
    """All who have, and the members who can see it and have not yet; for its author and for moderators."""
    answer = await clients.conversations.ask(
        clients.conversations.acknowledgements.ListAcknowledgements,
        pb.ListAcknowledgementsRequest(
            message_id=message_id,
            is_acknowledged=filters.acknowledged,
            page_size=filters.page_size,
            page_token=filters.cursor,
        ),
    )
    return page(request, [views.acknowledgement(found) for found in answer.acknowledgements], answer)
