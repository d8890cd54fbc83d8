"""What one is in a conversation: own settings, coming in where anybody may, passing ownership on."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from google.protobuf.field_mask_pb2 import FieldMask
from pydantic import Field

from gateway import views
from gateway.rest.answers import Json, page, settled
from gateway.rest.backend import Backend, request_id
from gateway.rest.conversations import Conversation, Kind, MyMembership, NotificationLevel
from gateway.rest.models import (
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
    stamp,
)
from gateway.rest.problems import problems
from gateway.rest.route import SignedInRoute
from messaging.conversations.v1 import conversations_pb2, participants_pb2

router = APIRouter(prefix="/api/v1/conversations", tags=["Participants"], route_class=SignedInRoute)

NOTIFICATION_LEVELS: dict[str, participants_pb2.NotificationLevel.ValueType] = {
    "all": participants_pb2.NOTIFICATION_LEVEL_ALL,
    "mentions": participants_pb2.NOTIFICATION_LEVEL_MENTIONS,
    "none": participants_pb2.NOTIFICATION_LEVEL_NONE,
}
# The contract's names of those fields that it calls otherwise: `muted_until` of a participant is a moderator's doing.
_FIELDS = {"muted_until": "snooze_time", "pinned": "is_pinned", "archived": "is_archived"}


class MembershipChange(Change):
    """What shall be different; fields that are left out stay as they are."""

    muted_until: SentTime | None = Field(
        default_factory=lambda: None, description="No notifications until then; null for none"
    )
    notification_level: NotificationLevel = Field(
        default_factory=lambda: "all", description="Of which messages to be notified"
    )
    pinned: bool = Field(default_factory=bool, description="Keep it at the top")
    archived: bool = Field(default_factory=bool, description="Keep it out of the way, whatever is written in it")
    nickname: str = Field(
        default_factory=str, max_length=50, description="How to be called here, for all to see; empty for none"
    )


class NewOwner(Sent):
    """Who shall own a conversation."""

    user_id: SentId = Field(description="One of its participants")


class PublicConversation(Shown):
    """A public conversation as those see it who are not in it."""

    id: Id
    kind: Kind
    title: str = Field(examples=["Analytical Engine"])
    description: str
    participant_count: int = Field(examples=[3])
    created_at: Time


class PublicFilters(Paged):
    """Which public conversations."""

    search: str = Field("", max_length=100, description="Only those whose title or description contains this")


@router.get(
    "/public/",
    summary="List public conversations",
    response_model=Page[PublicConversation],
    responses=problems("invalid_page_token"),
)
async def list_public(request: Request, filters: Annotated[PublicFilters, Query()], clients: Backend) -> Response:
    """Those that anybody may join, the most recently active first."""
    answer = await clients.conversations.ask(
        clients.conversations.conversations.ListPublicConversations,
        conversations_pb2.ListPublicConversationsRequest(
            query=filters.search, page_size=filters.page_size, page_token=filters.cursor
        ),
    )
    return page(request, [views.conversation_public(item) for item in answer.conversations], answer)


@router.post(
    "/{conversation_id:id}/join/",
    summary="Join a public conversation",
    response_model=Conversation,
    responses=problems(
        "conversation_not_found", "banned", "user_unavailable", "participant_limit", "idempotency_key_reused"
    ),
)
async def join(
    conversation_id: ConversationId, request: Request, clients: Backend, key: IdempotencyKey = None
) -> Response:
    """Whoever takes part already stays as they are; a private conversation is not found."""
    answer = await clients.conversations.ask(
        clients.conversations.conversations.JoinConversation,
        conversations_pb2.JoinConversationRequest(conversation_id=conversation_id, request_id=request_id(key)),
    )
    return settled(request, views.conversation(answer.conversation), etag=str(answer.conversation.rev))


@router.post(
    "/{conversation_id:id}/transfer/",
    summary="Pass a conversation on",
    response_model=Conversation,
    responses=problems(
        "conversation_not_found",
        "participant_not_found",
        "role_insufficient",
        "direct_conversation",
        "idempotency_key_reused",
    ),
)
async def transfer(
    conversation_id: ConversationId, request: Request, sent: NewOwner, clients: Backend, key: IdempotencyKey = None
) -> Response:
    """Makes another participant the owner; the former owner becomes an admin."""
    answer = await clients.conversations.ask(
        clients.conversations.conversations.TransferOwnership,
        conversations_pb2.TransferOwnershipRequest(
            conversation_id=conversation_id, user_id=sent.user_id.lower(), request_id=request_id(key)
        ),
    )
    return settled(request, views.conversation(answer.conversation), etag=str(answer.conversation.rev))


@router.patch(
    "/{conversation_id:id}/membership/",
    summary="Change my membership",
    response_model=MyMembership,
    responses=problems("conversation_not_found"),
)
async def change(conversation_id: ConversationId, sent: MembershipChange, clients: Backend) -> Response:
    """Own settings, which no one else learns, and the nickname, which all see."""
    given = sent.given()
    answer = await clients.conversations.ask(
        clients.conversations.participants.UpdateMembership,
        participants_pb2.UpdateMembershipRequest(
            conversation_id=conversation_id,
            snooze_time=stamp(sent.muted_until),
            notification_level=NOTIFICATION_LEVELS[sent.notification_level],
            is_pinned=sent.pinned,
            is_archived=sent.archived,
            nickname=sent.nickname,
            update_mask=FieldMask(paths=[_FIELDS.get(name, name) for name in given]),
            request_id=request_id(None),
        ),
    )
    return Json(views.membership(answer.participant, answer.settings))
