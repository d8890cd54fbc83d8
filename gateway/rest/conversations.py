"""Conversations: creating, listing, changing and deleting them."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from google.protobuf.field_mask_pb2 import FieldMask
from pydantic import Field

from gateway import views
from gateway.rest.answers import entity, nothing, page, settled, version
from gateway.rest.backend import Backend, request_id
from gateway.rest.messages import Message
from gateway.rest.models import (
    EXAMPLE_USER,
    Change,
    ConversationId,
    Id,
    IdempotencyKey,
    IfMatch,
    Page,
    Paged,
    Sent,
    SentId,
    Shown,
    Time,
)
from gateway.rest.participants import Role
from gateway.rest.problems import problems
from gateway.rest.route import SignedInRoute
from messaging.conversations.v1 import conversations_pb2 as pb

router = APIRouter(prefix="/api/v1/conversations", tags=["Conversations"], route_class=SignedInRoute)

Kind = Literal["direct", "group", "channel"]
HistoryVisibility = Literal["all", "since_joined"]
PostingPolicy = Literal["members", "moderators"]
NotificationLevel = Literal["all", "mentions", "none"]
Title = Annotated[str, Field(max_length=200, examples=["Analytical Engine"])]
Description = Annotated[str, Field(max_length=2000)]
KINDS: dict[str | None, pb.ConversationKind.ValueType] = {
    None: pb.CONVERSATION_KIND_UNSPECIFIED,
    "direct": pb.CONVERSATION_KIND_DIRECT,
    "group": pb.CONVERSATION_KIND_GROUP,
    "channel": pb.CONVERSATION_KIND_CHANNEL,
}
HISTORY_VISIBILITIES: dict[str, pb.HistoryVisibility.ValueType] = {
    "all": pb.HISTORY_VISIBILITY_ALL,
    "since_joined": pb.HISTORY_VISIBILITY_SINCE_JOINED,
}
POSTING_POLICIES: dict[str, pb.PostingPolicy.ValueType] = {
    "members": pb.POSTING_POLICY_MEMBERS,
    "moderators": pb.POSTING_POLICY_MODERATORS,
}


class NewConversation(Sent):
    """A conversation to create."""

    kind: Kind = Field(description="Two people for good, several with roles, or many readers and few writers")
    title: Title = Field("", description="Name of a group; none for a direct conversation")
    description: Description = Field("", description="What a group is about")
    is_public: bool = Field(False, description="Whether anybody may find and join it")
    history_visibility: HistoryVisibility = Field("all", description="What those who join later may read")
    participant_ids: list[SentId] = Field(
        [], max_length=999, description="The others; exactly one for a direct conversation"
    )


class ConversationChange(Change):
    """What shall be different; fields that are left out stay as they are."""

    title: Title = Field(default_factory=str)
    description: Description = Field(default_factory=str)
    is_public: bool = Field(default_factory=bool, description="Whether anybody may find and join it")
    history_visibility: HistoryVisibility = Field(
        default_factory=lambda: "all", description="What those may read who join from now on"
    )
    posting_policy: PostingPolicy = Field(default_factory=lambda: "members", description="Who may write")
    slow_mode_seconds: int = Field(
        default_factory=int, ge=0, le=86_400, description="Between two messages of a member; 0 for none"
    )


class MyMembership(Shown):
    """What the one who asks is in the conversation."""

    role: Role
    read_seq: int = Field(description="Everything up to this number was read")
    delivered_seq: int = Field(description="Everything up to this number reached a device")
    joined_at: Time
    muted_until: Time | None = Field(description="No notifications until then", examples=[None])
    notification_level: NotificationLevel = Field(description="Of which messages to be notified")
    pinned: bool
    archived: bool
    nickname: str = Field(description="How I want to be called here, or empty", examples=[""])


class SharedConversation(Shown):
    """A conversation as all its members see it."""

    id: Id
    kind: Kind
    title: str = Field(examples=["Analytical Engine"])
    description: str
    is_public: bool = Field(description="Whether anybody may find and join it")
    history_visibility: HistoryVisibility = Field(description="What newcomers may read")
    posting_policy: PostingPolicy = Field(description="Who may write")
    slow_mode_seconds: int = Field(description="Between two messages of a member; 0 for none", examples=[0])
    last_seq: int = Field(description="Number of its last message; 0 before the first", examples=[17])
    rev: int = Field(description="Number of its last shared change", examples=[21])
    participant_count: int = Field(examples=[3])
    created_by: Id = Field(examples=[EXAMPLE_USER])
    created_at: Time
    updated_at: Time


class Conversation(SharedConversation):
    """A conversation as the one who asks sees it."""

    peer_id: Id | None = Field(description="The other person of a direct conversation")
    last_message: Message | None
    unread_count: int = Field(description="Messages after the own read position", examples=[2])
    my_membership: MyMembership


class ConversationFilters(Paged):
    """Which of my conversations."""

    kind: Kind | None = Field(None, description="Only this kind")
    unread: bool | None = Field(None, description="Only those with unread messages, or only those without")
    archived: bool | None = Field(None, description="Only those that I keep out of the way, or only the others")
    pinned: bool | None = Field(None, description="Only those that I keep at the top, or only the others")
    search: str = Field("", max_length=100, description="Only those whose title contains this")


@router.get(
    "/", summary="List my conversations", response_model=Page[Conversation], responses=problems("invalid_page_token")
)
async def list_mine(request: Request, filters: Annotated[ConversationFilters, Query()], clients: Backend) -> Response:
    """The most recently active first."""
    answer = await clients.conversations.ask(
        clients.conversations.conversations.ListConversations,
        pb.ListConversationsRequest(
            kind=KINDS[filters.kind],
            is_unread=filters.unread,
            is_archived=filters.archived,
            is_pinned=filters.pinned,
            title_query=filters.search,
            page_size=filters.page_size,
            page_token=filters.cursor,
        ),
    )
    return page(request, [views.conversation(item) for item in answer.conversations], answer)


@router.post(
    "/",
    summary="Create a conversation",
    status_code=201,
    response_model=Conversation,
    responses={
        200: {"model": Conversation, "description": "The pair has a direct conversation already: this one."},
        **problems(
            "user_unavailable", "direct_needs_one_peer", "participant_limit", "blocked", "idempotency_key_reused"
        ),
    },
)
async def create(request: Request, sent: NewConversation, clients: Backend, key: IdempotencyKey = None) -> Response:
    """Creates a group, or the direct conversation with one other person: a pair has one for good."""
    answer = await clients.conversations.ask(
        clients.conversations.conversations.CreateConversation,
        pb.CreateConversationRequest(
            kind=KINDS[sent.kind],
            title=sent.title,
            description=sent.description,
            is_public=sent.is_public,
            history_visibility=HISTORY_VISIBILITIES[sent.history_visibility],
            participant_ids=[user_id.lower() for user_id in sent.participant_ids],
            request_id=request_id(key),
        ),
    )
    conversation = answer.conversation
    return settled(
        request,
        views.conversation(conversation),
        status=201 if answer.created else 200,
        etag=str(conversation.rev),
        location=f"/api/v1/conversations/{conversation.conversation_id}/",
    )


@router.get(
    "/{conversation_id:id}/",
    summary="Show a conversation",
    response_model=Conversation,
    responses=problems("conversation_not_found"),
)
async def show(conversation_id: ConversationId, clients: Backend) -> Response:
    """To its members."""
    answer = await clients.conversations.ask(
        clients.conversations.conversations.GetConversation,
        pb.GetConversationRequest(conversation_id=conversation_id),
    )
    return entity(views.conversation(answer.conversation), etag=str(answer.conversation.rev))


@router.patch(
    "/{conversation_id:id}/",
    summary="Change a conversation",
    response_model=Conversation,
    responses=problems("conversation_not_found", "role_insufficient", "direct_conversation", "etag_mismatch"),
)
async def change(
    conversation_id: ConversationId,
    request: Request,
    sent: ConversationChange,
    clients: Backend,
    if_match: IfMatch = None,
) -> Response:
    """Changes the settings of a group or channel; for its owner and admins."""
    given = sent.given()
    mask = FieldMask(paths=list(given))
    for name, values in (("history_visibility", HISTORY_VISIBILITIES), ("posting_policy", POSTING_POLICIES)):
        if name in given:
            given[name] = values[given[name]]
    answer = await clients.conversations.ask(
        clients.conversations.conversations.UpdateConversation,
        pb.UpdateConversationRequest(
            conversation_id=conversation_id,
            **given,
            update_mask=mask,
            etag=version(if_match),
            request_id=request_id(None),
        ),
    )
    return settled(request, views.conversation(answer.conversation), etag=str(answer.conversation.rev))


@router.delete(
    "/{conversation_id:id}/",
    summary="Delete a conversation",
    status_code=204,
    responses=problems("conversation_not_found", "role_insufficient"),
)
async def delete(conversation_id: ConversationId, clients: Backend) -> Response:
    """A group is deleted for all, by its owner; a direct conversation is hidden until its next message."""
    await clients.conversations.ask(
        clients.conversations.conversations.DeleteConversation,
        pb.DeleteConversationRequest(conversation_id=conversation_id, request_id=request_id(None)),
    )
    return nothing()
