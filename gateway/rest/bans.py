"""Who may not take part in a conversation."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from gateway import views
from gateway.rest.answers import Json, nothing, page
from gateway.rest.backend import Backend, request_id
from gateway.rest.models import (
    EXAMPLE_USER,
    ConversationId,
    Id,
    Page,
    Paged,
    Sent,
    SentTime,
    Shown,
    Time,
    id_in_path,
    stamp,
)
from gateway.rest.problems import problems
from gateway.rest.route import SignedInRoute
from messaging.conversations.v1 import bans_pb2 as pb

router = APIRouter(prefix="/api/v1/conversations", tags=["Participants"], route_class=SignedInRoute)

UserId = Annotated[str, id_in_path("Whom")]
PROBLEMS = ("conversation_not_found", "role_insufficient", "direct_conversation")


class NewBan(Sent):
    """How long somebody may not take part."""

    expires_at: SentTime | None = Field(None, description="Until when, a time to come; null for good")


class Ban(Shown):
    """Somebody who may not take part."""

    conversation_id: Id
    user_id: Id = Field(examples=[EXAMPLE_USER])
    banned_by: Id = Field(examples=[EXAMPLE_USER])
    created_at: Time
    expires_at: Time | None = Field(description="Until when; null for good")


@router.get(
    "/{conversation_id:id}/bans/",
    summary="List bans",
    response_model=Page[Ban],
    responses=problems(*PROBLEMS, "invalid_page_token"),
)
async def list_all(
    conversation_id: ConversationId, request: Request, paged: Annotated[Paged, Query()], clients: Backend
) -> Response:
    """Those that count at this moment, the latest first; for moderators."""
    answer = await clients.conversations.ask(
        clients.conversations.bans.ListBans,
        pb.ListBansRequest(conversation_id=conversation_id, page_size=paged.page_size, page_token=paged.cursor),
    )
    return page(request, [views.ban(item) for item in answer.bans], answer)


@router.put(
    "/{conversation_id:id}/bans/{user_id:id}/",
    summary="Ban somebody",
    response_model=Ban,
    responses=problems(*PROBLEMS, "user_unavailable", "expiry_past"),
)
async def ban(conversation_id: ConversationId, user_id: UserId, sent: NewBan, clients: Backend) -> Response:
    """Removes them, if they take part, and keeps them from coming back in any way."""
    answer = await clients.conversations.ask(
        clients.conversations.bans.BanUser,
        pb.BanUserRequest(
            conversation_id=conversation_id,
            user_id=user_id,
            expire_time=stamp(sent.expires_at),
            request_id=request_id(None),
        ),
    )
    return Json(views.ban(answer.ban))


@router.delete(
    "/{conversation_id:id}/bans/{user_id:id}/", summary="End a ban", status_code=204, responses=problems(*PROBLEMS)
)
async def unban(conversation_id: ConversationId, user_id: UserId, clients: Backend) -> Response:
    """They may come back; does nothing when they are not banned."""
    await clients.conversations.ask(
        clients.conversations.bans.UnbanUser,
        pb.UnbanUserRequest(conversation_id=conversation_id, user_id=user_id, request_id=request_id(None)),
    )
    return nothing()
