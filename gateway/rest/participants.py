"""Who takes part in a conversation, and as what."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from google.protobuf.field_mask_pb2 import FieldMask
from pydantic import Field

from chassis import call
from gateway import views
from gateway.rest.answers import Json, nothing, page, settled
from gateway.rest.backend import Backend, request_id
from gateway.rest.models import (
    EXAMPLE_USER,
    Change,
    ConversationId,
    Id,
    IdempotencyKey,
    Page,
    Paged,
    Sent,
    SentId,
    SentTime,
    Shown,
    Time,
    id_in_path,
    stamp,
)
from gateway.rest.problems import problems
from gateway.rest.route import SignedInRoute
from messaging.conversations.v1 import participants_pb2 as pb

router = APIRouter(prefix="/api/v1/conversations", tags=["Participants"], route_class=SignedInRoute)

Role = Literal["owner", "admin", "moderator", "member", "readonly"]
UserId = Annotated[str, id_in_path("Which participant")]
ROLES: dict[str, pb.Role.ValueType] = {
    "owner": pb.ROLE_OWNER,
    "admin": pb.ROLE_ADMIN,
    "moderator": pb.ROLE_MODERATOR,
    "member": pb.ROLE_MEMBER,
    "readonly": pb.ROLE_READONLY,
}
REMOVAL_PROBLEMS = (
    "conversation_not_found",
    "participant_not_found",
    "role_insufficient",
    "direct_conversation",
    "owner_required",
)


class Invitees(Sent):
    """Whom to add."""

    user_ids: list[SentId] = Field(min_length=1, max_length=200, description="Who shall take part")
    role: Role = Field("member", description="As what; only below one's own role")


class ParticipantChange(Change):
    """What shall be different; fields that are left out stay as they are."""

    role: Role = Field(default_factory=lambda: "member")
    muted_until: SentTime | None = Field(
        default_factory=lambda: None, description="Until when they cannot write; null ends a mute"
    )


class Participant(Shown):
    """One person in a conversation."""

    conversation_id: Id
    user_id: Id = Field(examples=[EXAMPLE_USER])
    role: Role
    joined_at: Time
    left_at: Time | None = Field(description="Null while they take part", examples=[None])
    muted_until: Time | None = Field(description="Until when a moderator has muted them", examples=[None])
    nickname: str = Field(description="How they want to be called here, or empty", examples=[""])
    visible_after_seq: int = Field(description="They see messages after this number", examples=[0])


@router.get(
    "/{conversation_id:id}/participants/",
    summary="List participants",
    response_model=Page[Participant],
    responses=problems("conversation_not_found", "invalid_page_token"),
)
async def list_all(
    conversation_id: ConversationId, request: Request, paged: Annotated[Paged, Query()], clients: Backend
) -> Response:
    """By the time they joined."""
    answer = await clients.conversations.ask(
        clients.conversations.participants.ListParticipants,
        pb.ListParticipantsRequest(conversation_id=conversation_id, page_size=paged.page_size, page_token=paged.cursor),
    )
    return page(request, [views.participant(item) for item in answer.participants], answer)


@router.post(
    "/{conversation_id:id}/participants/",
    summary="Add participants",
    status_code=201,
    response_model=Page[Participant],
    responses=problems(
        "conversation_not_found",
        "role_insufficient",
        "banned",
        "user_unavailable",
        "direct_conversation",
        "participant_limit",
        "idempotency_key_reused",
    ),
)
async def add(
    conversation_id: ConversationId, request: Request, sent: Invitees, clients: Backend, key: IdempotencyKey = None
) -> Response:
    """Adds people to a group; those who take part already stay as they are. Answers all that were named."""
    answer = await clients.conversations.ask(
        clients.conversations.participants.AddParticipants,
        pb.AddParticipantsRequest(
            conversation_id=conversation_id,
            user_ids=[user_id.lower() for user_id in sent.user_ids],
            role=ROLES[sent.role],
            request_id=request_id(key),
        ),
    )
    shown = [views.participant(item) for item in answer.participants]
    return settled(request, {"results": shown, "next": None, "previous": None}, status=201)


@router.patch(
    "/{conversation_id:id}/participants/{user_id:id}/",
    summary="Change a participant",
    response_model=Participant,
    responses=problems(*REMOVAL_PROBLEMS),
)
async def change(
    conversation_id: ConversationId, user_id: UserId, sent: ParticipantChange, clients: Backend
) -> Response:
    """Roles below one's own, of people below oneself; moderators mute those below them. An owner may do all."""
    given = sent.given()
    answer = await clients.conversations.ask(
        clients.conversations.participants.UpdateParticipant,
        pb.UpdateParticipantRequest(
            conversation_id=conversation_id,
            user_id=user_id,
            role=ROLES[sent.role],
            mute_time=stamp(sent.muted_until),
            update_mask=FieldMask(paths=["mute_time" if name == "muted_until" else name for name in given]),
            request_id=request_id(None),
        ),
    )
    return Json(views.participant(answer.participant))


@router.delete(
    "/{conversation_id:id}/participants/{user_id:id}/",
    summary="Remove a participant",
    status_code=204,
    responses=problems(*REMOVAL_PROBLEMS),
)
async def remove(conversation_id: ConversationId, user_id: UserId, clients: Backend) -> Response:
    """Nothing sent afterwards reaches them."""
    await _remove(clients, conversation_id, user_id, request_id(None))
    return nothing()


@router.post(
    "/{conversation_id:id}/leave/",
    summary="Leave a conversation",
    status_code=204,
    responses=problems("conversation_not_found", "direct_conversation", "owner_required"),
)
async def leave(conversation_id: ConversationId, clients: Backend, key: IdempotencyKey = None) -> Response:
    """Ends the own participation; the last owner passes the role on first."""
    await _remove(clients, conversation_id, call.caller().user_id, request_id(key))
    return nothing()


async def _remove(clients: Backend, conversation_id: str, user_id: str, key: str) -> None:
    await clients.conversations.ask(
        clients.conversations.participants.RemoveParticipant,
        pb.RemoveParticipantRequest(conversation_id=conversation_id, user_id=user_id, request_id=key),
    )
