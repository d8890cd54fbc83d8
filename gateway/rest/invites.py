"""Codes by which people join a conversation."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from google.protobuf.field_mask_pb2 import FieldMask
from pydantic import Field

from gateway import views
from gateway.rest.answers import Json, nothing, page, settled
from gateway.rest.backend import Backend, request_id
from gateway.rest.conversations import Conversation, Kind
from gateway.rest.models import (
    EXAMPLE_USER,
    Change,
    ConversationId,
    Id,
    IdempotencyKey,
    Page,
    Paged,
    Sent,
    SentTime,
    Shown,
    Time,
    id_in_path,
    stamp,
)
from gateway.rest.participants import ROLES, Role
from gateway.rest.problems import problems
from gateway.rest.route import SignedInRoute
from messaging.conversations.v1 import invites_pb2 as pb

router = APIRouter(prefix="/api/v1", tags=["Invites"], route_class=SignedInRoute)

InviteId = Annotated[str, id_in_path("Which invite")]
InviteCode = Annotated[str, Path(description="The invite's code", examples=["x0Yb2p9vQfC1sJd8LwKa3mNe"])]
PROBLEMS = ("conversation_not_found", "role_insufficient", "direct_conversation")
_EXPIRY = "Until when it counts, a time to come; null for good"
_USES = "How many people may come by it; null for any number"


class NewInvite(Sent):
    """A way in to be made."""

    role: Role = Field("member", description="As what people come in; only below one's own role")
    expires_at: SentTime | None = Field(None, description=_EXPIRY)
    max_uses: int | None = Field(None, ge=1, le=100_000, description=_USES)


class InviteChange(Change):
    """What shall be different; fields that are left out stay as they are."""

    expires_at: SentTime | None = Field(default_factory=lambda: None, description=_EXPIRY)
    max_uses: int | None = Field(default_factory=lambda: None, ge=1, le=100_000, description=_USES)


class Invite(Shown):
    """A way in. It is worth what its maker may give: nothing once they have left or may no longer invite so."""

    id: Id
    conversation_id: Id
    code: str = Field(description="Whoever knows it may join", examples=["x0Yb2p9vQfC1sJd8LwKa3mNe"])
    role: Role
    max_uses: int | None = Field(description=_USES)
    use_count: int = Field(description="How many people came by it", examples=[0])
    created_by: Id = Field(examples=[EXAMPLE_USER])
    created_at: Time
    expires_at: Time | None = Field(description="Until when it counts; null for good")


class InvitePreview(Shown):
    """What an invite leads to."""

    kind: Kind
    title: str = Field(examples=["Analytical Engine"])
    participant_count: int = Field(examples=[3])


@router.get(
    "/conversations/{conversation_id:id}/invites/",
    summary="List invites",
    response_model=Page[Invite],
    responses=problems(*PROBLEMS, "invalid_page_token"),
)
async def list_all(
    conversation_id: ConversationId, request: Request, paged: Annotated[Paged, Query()], clients: Backend
) -> Response:
    """Those that were not revoked, the latest first; for those who may invite."""
    answer = await clients.conversations.ask(
        clients.conversations.invites.ListInvites,
        pb.ListInvitesRequest(conversation_id=conversation_id, page_size=paged.page_size, page_token=paged.cursor),
    )
    return page(request, [views.invite(item) for item in answer.invites], answer)


@router.post(
    "/conversations/{conversation_id:id}/invites/",
    summary="Make an invite",
    status_code=201,
    response_model=Invite,
    responses=problems(*PROBLEMS, "expiry_past", "idempotency_key_reused"),
)
async def create(
    conversation_id: ConversationId, request: Request, sent: NewInvite, clients: Backend, key: IdempotencyKey = None
) -> Response:
    """Whoever has the code may join, until it expires, is used up or revoked."""
    answer = await clients.conversations.ask(
        clients.conversations.invites.CreateInvite,
        pb.CreateInviteRequest(
            conversation_id=conversation_id,
            role=ROLES[sent.role],
            expire_time=stamp(sent.expires_at),
            max_uses=sent.max_uses or 0,
            request_id=request_id(key),
        ),
    )
    location = f"/api/v1/conversations/{conversation_id}/invites/{answer.invite.invite_id}/"
    return settled(request, views.invite(answer.invite), status=201, location=location)


@router.get(
    "/conversations/{conversation_id:id}/invites/{invite_id:id}/",
    summary="Show an invite",
    response_model=Invite,
    responses=problems(*PROBLEMS, "invite_not_found"),
)
async def show(conversation_id: ConversationId, invite_id: InviteId, clients: Backend) -> Response:
    """To those who may invite."""
    answer = await clients.conversations.ask(
        clients.conversations.invites.GetInvite,
        pb.GetInviteRequest(conversation_id=conversation_id, invite_id=invite_id),
    )
    return Json(views.invite(answer.invite))


@router.patch(
    "/conversations/{conversation_id:id}/invites/{invite_id:id}/",
    summary="Change an invite",
    response_model=Invite,
    responses=problems(*PROBLEMS, "invite_not_found", "expiry_past"),
)
async def change(
    conversation_id: ConversationId, invite_id: InviteId, sent: InviteChange, clients: Backend
) -> Response:
    """How long or how often it counts."""
    given = sent.given()
    answer = await clients.conversations.ask(
        clients.conversations.invites.UpdateInvite,
        pb.UpdateInviteRequest(
            conversation_id=conversation_id,
            invite_id=invite_id,
            expire_time=stamp(sent.expires_at),
            max_uses=sent.max_uses or 0,
            update_mask=FieldMask(paths=["expire_time" if name == "expires_at" else name for name in given]),
            request_id=request_id(None),
        ),
    )
    return Json(views.invite(answer.invite))


@router.delete(
    "/conversations/{conversation_id:id}/invites/{invite_id:id}/",
    summary="Revoke an invite",
    status_code=204,
    responses=problems(*PROBLEMS, "invite_not_found"),
)
async def revoke(conversation_id: ConversationId, invite_id: InviteId, clients: Backend) -> Response:
    """It opens nothing any more; those who came by it stay."""
    await clients.conversations.ask(
        clients.conversations.invites.RevokeInvite,
        pb.RevokeInviteRequest(conversation_id=conversation_id, invite_id=invite_id, request_id=request_id(None)),
    )
    return nothing()


@router.get(
    "/invites/{invite_code:code}/",
    summary="Look where an invite leads",
    response_model=InvitePreview,
    responses=problems("invite_not_found"),
)
async def preview(invite_code: InviteCode, clients: Backend) -> Response:
    """A code that is unknown, over, used up or revoked is not found, nor is any by who is banned."""
    answer = await clients.conversations.ask(
        clients.conversations.invites.PreviewInvite, pb.PreviewInviteRequest(code=invite_code)
    )
    return Json(views.invite_preview(answer))


@router.post(
    "/invites/{invite_code:code}/accept/",
    summary="Accept an invite",
    response_model=Conversation,
    responses=problems("invite_not_found", "user_unavailable", "participant_limit", "idempotency_key_reused"),
)
async def accept(invite_code: InviteCode, request: Request, clients: Backend, key: IdempotencyKey = None) -> Response:
    """Joins the conversation, which uses the invite once; whoever takes part already stays and uses nothing."""
    answer = await clients.conversations.ask(
        clients.conversations.invites.AcceptInvite,
        pb.AcceptInviteRequest(code=invite_code, request_id=request_id(key)),
    )
    return settled(request, views.conversation(answer.conversation), etag=str(answer.conversation.rev))
