"""Messages: reading them in one conversation and over all of them, editing and deleting them."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from google.protobuf.field_mask_pb2 import FieldMask
from pydantic import Field

from chassis.errors import InvalidRequest, Violation
from gateway import exchange as exchanges
from gateway import views
from gateway.rest.answers import entity, nothing, page, settled, version
from gateway.rest.backend import Backend, request_id
from gateway.rest.models import (
    EXAMPLE_USER,
    Change,
    ConversationId,
    Id,
    IfMatch,
    MessageType,
    Moment,
    Page,
    Paged,
    Priority,
    SentId,
    Shown,
    Time,
    id_in_path,
    stamp,
)
from gateway.rest.problems import problems
from gateway.rest.route import LeanRoute, SignedInRoute
from messaging.conversations.v1 import messages_pb2 as pb

router = APIRouter(prefix="/api/v1", tags=["Messages"], route_class=SignedInRoute)
lists = APIRouter(prefix="/api/v1", tags=["Messages"], route_class=LeanRoute)

MessageId = Annotated[str, id_in_path("Which message")]
PRIORITIES: dict[str, pb.Priority.ValueType] = {
    "low": pb.PRIORITY_LOW,
    "normal": pb.PRIORITY_NORMAL,
    "high": pb.PRIORITY_HIGH,
    "urgent": pb.PRIORITY_URGENT,
}


Content = Annotated[str, Field(min_length=1, max_length=16_000, examples=["Hello!"])]


class MessageChange(Change):
    """What shall be different; fields that are left out stay as they are."""

    # Without a default in the documentation: leaving a field out does not set it to anything.
    content: Content = Field(default_factory=str, description="The new text")
    priority: Priority = Field(default_factory=lambda: "normal", description="The new priority")
    is_important: bool = Field(default_factory=bool, description="The new mark")
    requires_acknowledgement: bool = Field(
        default_factory=bool, description="Whether every member shall acknowledge it"
    )


class Origin(Shown):
    """Where a forwarded message comes from; all is null unless everybody may read it there."""

    sender_id: Id | None
    conversation_id: Id | None
    message_id: Id | None
    created_at: Time | None


class ReactionCount(Shown):
    """How many people reacted with an emoji."""

    count: int = Field(examples=[2])


class Reaction(ReactionCount):
    """The same, and whether the one who asks is among them."""

    me: bool = Field(description="Whether I did")


class Preview(Shown):
    """What a linked page says about itself; plain text."""

    url: str = Field(examples=["https://example.org/"])
    title: str
    description: str
    site_name: str


class PollOption(Shown):
    """One option of a poll."""

    text: str = Field(examples=["Tuesday"])
    votes: int = Field(examples=[3])


class SharedPoll(Shown):
    """What there is to vote for; the question is the message's content."""

    options: list[PollOption]
    is_multiple: bool
    is_anonymous: bool
    closes_at: Time | None
    is_closed: bool
    voter_count: int


class Poll(SharedPoll):
    """The same, and what the one who asks voted for."""

    my_votes: list[int] = Field(description="Places of the options that I voted for, from 0", examples=[[0]])


class SharedMessage(Shown):
    """A message as every member sees it. Deleted ones stay as a stub without content."""

    id: Id
    conversation_id: Id
    seq: int = Field(description="1, 2, 3 … within the conversation, without holes", examples=[17])
    rev: int = Field(description="Revision of its last change", examples=[21])
    sender_id: Id = Field(examples=[EXAMPLE_USER])
    message_type: MessageType
    content: str = Field(examples=["Hello!"])
    priority: Priority
    is_important: bool
    client_message_id: str | None = Field(examples=["d1f7c2"])
    reply_to_id: Id | None = Field(description="The message that it answers", examples=[None])
    thread_root_id: Id | None = Field(description="The message that began its chain of replies", examples=[None])
    reply_count: int = Field(description="Replies in the thread that it began, deleted ones included", examples=[0])
    forwarded_from: Origin | None = Field(examples=[None])
    mentions: list[Id] = Field(description="Members whom its text mentions", examples=[[]])
    mentions_all: bool = Field(description="Whether its text mentions everybody")
    requires_acknowledgement: bool
    acknowledgement_count: int = Field(examples=[0])
    reactions: dict[str, ReactionCount] = Field(description="By emoji", examples=[{"👍": {"count": 2}}])
    is_pinned: bool
    previews: list[Preview] = Field(description="What the pages that it links to say about themselves", examples=[[]])
    poll: SharedPoll | None = Field(examples=[None])
    edited_at: Time | None = Field(examples=[None])
    deleted_at: Time | None = Field(examples=[None])
    created_at: Time


class Message(SharedMessage):
    """A message as the one who asks sees it."""

    reactions: dict[str, Reaction] = Field(  # type: ignore[assignment]  # each says more
        description="By emoji", examples=[{"👍": {"count": 2, "me": True}}]
    )
    poll: Poll | None = Field(examples=[None])
    status: Literal["sent", "delivered", "read"] | None = Field(description="Of my own messages")
    is_bookmarked: bool
    has_acknowledged: bool = Field(description="Whether I have acknowledged it")


class MessageFilters(Paged):
    """Which messages of all conversations."""

    sender: SentId | None = Field(None, description="Only what this user wrote")
    priority: Priority | None = Field(None, description="Only this priority")
    since: Moment | None = Field(None, description="Only those sent at or after this time")
    until: Moment | None = Field(None, description="Only those sent before this time")
    pinned: bool | None = Field(None, description="Only pinned ones, or only the others")


_BOUNDS = ("before_seq", "after_seq", "around_seq")


class ConversationMessageFilters(MessageFilters):
    """Which messages of a conversation."""

    before_seq: int | None = Field(None, ge=1, lt=2**63, description="Only before this number, newest first")
    after_seq: int | None = Field(None, ge=0, lt=2**63, description="Only after this number, oldest first")
    around_seq: int | None = Field(None, ge=1, lt=2**63, description="Around this number, oldest first")


@lists.get(
    "/conversations/{conversation_id:id}/messages/",
    summary="List messages of a conversation",
    response_model=Page[Message],
    responses=problems("conversation_not_found", "invalid_page_token"),
)
async def list_in_conversation(
    conversation_id: ConversationId, request: Request, filters: Annotated[ConversationMessageFilters, Query()]
) -> Response:
    """Newest first; oldest first with `after_seq` or `around_seq`. Only one of the three bounds may be given."""
    bounds = {name: bound for name in _BOUNDS if (bound := getattr(filters, name)) is not None}
    if len(bounds) > 1:
        raise InvalidRequest(fields=[Violation(name, "ambiguous", "only one bound may be given") for name in bounds])
    return await _list(request, filters, conversation_id=conversation_id, **bounds)


@lists.get(
    "/messages/",
    summary="List messages of all my conversations",
    response_model=Page[Message],
    responses=problems("invalid_page_token"),
)
async def list_everywhere(request: Request, filters: Annotated[MessageFilters, Query()]) -> Response:
    """Newest first."""
    return await _list(request, filters)


async def _list(request: Request, filters: MessageFilters, **where: Any) -> Response:
    reader = exchanges.signed_in(exchanges.of(request.scope))
    answer = await request.app.state.gateway.pages.ask(
        reader.user_id,
        pb.ListMessagesRequest(
            sender_id=(filters.sender or "").lower(),
            priority=PRIORITIES[filters.priority] if filters.priority else pb.PRIORITY_UNSPECIFIED,
            since_time=stamp(filters.since),
            until_time=stamp(filters.until),
            is_pinned=filters.pinned,
            page_size=filters.page_size,
            page_token=filters.cursor,
            **where,
        ),
    )
    return page(request, [views.message(item) for item in answer.messages], answer)


@router.get(
    "/messages/{message_id:id}/",
    summary="Show a message",
    response_model=Message,
    responses=problems("message_not_found"),
)
async def show(message_id: MessageId, clients: Backend) -> Response:
    """To members of its conversation."""
    answer = await clients.conversations.ask(
        clients.conversations.messages.GetMessage, pb.GetMessageRequest(message_id=message_id)
    )
    return entity(views.message(answer.message), etag=str(answer.message.rev))


@router.patch(
    "/messages/{message_id:id}/",
    summary="Edit a message",
    response_model=Message,
    responses=problems(
        "message_not_found",
        "not_the_author",
        "role_insufficient",
        "muted",
        "blocked",
        "sender_suspended",
        "posting_restricted",
        "too_many_mentions",
        "edit_window_closed",
        "message_deleted",
        "etag_mismatch",
        "message_too_long",
        "message_content_invalid",
    ),
)
async def edit(
    message_id: MessageId, request: Request, change: MessageChange, clients: Backend, if_match: IfMatch = None
) -> Response:
    """Changes the given fields; for the author, within the edit window. The old text stays in the history."""
    given = change.given()
    answer = await clients.conversations.ask(
        clients.conversations.messages.EditMessage,
        pb.EditMessageRequest(
            message_id=message_id,
            content=change.content,
            priority=PRIORITIES[change.priority],
            is_important=change.is_important,
            requires_acknowledgement=change.requires_acknowledgement,
            update_mask=FieldMask(paths=list(given)),
            etag=version(if_match),
            request_id=request_id(None),
        ),
    )
    return settled(request, views.message(answer.message), etag=str(answer.message.rev))


@router.delete(
    "/messages/{message_id:id}/",
    summary="Delete a message",
    status_code=204,
    responses=problems("message_not_found", "not_the_author", "delete_window_closed"),
)
async def delete(
    message_id: MessageId,
    clients: Backend,
    scope: Annotated[Literal["everyone", "me"], Query(description="For whom")] = "everyone",
) -> Response:
    """For everyone, within the delete window, so that a numbered stub stays; or for me alone, at any time.

    Deleting a deleted message succeeds.
    """
    messages = clients.conversations.messages
    if scope == "me":
        await clients.conversations.ask(messages.HideMessage, pb.HideMessageRequest(message_id=message_id))
    else:
        request = pb.DeleteMessageRequest(message_id=message_id, request_id=request_id(None))
        await clients.conversations.ask(messages.DeleteMessage, request)
    return nothing()
