"""Messages that are sent by themselves at a time that their sender names."""

from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from google.protobuf.field_mask_pb2 import FieldMask
from pydantic import Field

from gateway import views
from gateway.rest.answers import entity, nothing, page, settled
from gateway.rest.backend import Backend, request_id
from gateway.rest.messages import PRIORITIES, Content
from gateway.rest.models import (
    Change,
    Id,
    IdempotencyKey,
    MessageType,
    Page,
    Paged,
    Priority,
    SentId,
    SentTime,
    Shown,
    Time,
    id_in_path,
    stamp,
)
from gateway.rest.problems import problems
from gateway.rest.route import SignedInRoute
from gateway.rest.sends import Composition, item
from messaging.conversations.v1 import scheduled_pb2 as pb

router = APIRouter(prefix="/api/v1/messages/scheduled", tags=["Messages"], route_class=SignedInRoute)

ScheduledId = Annotated[str, id_in_path("Which scheduled message")]
State = Literal["pending", "sent", "failed"]
STATES: dict[str | None, pb.ScheduledState.ValueType] = {
    None: pb.SCHEDULED_STATE_UNSPECIFIED,
    "pending": pb.SCHEDULED_STATE_PENDING,
    "sent": pb.SCHEDULED_STATE_SENT,
    "failed": pb.SCHEDULED_STATE_FAILED,
}


class ScheduledDraft(Composition):
    """A message to be, and when."""

    conversation_id: SentId = Field(description="Where to")
    send_at: SentTime = Field(description="Between now and a year from now")


class ScheduledChange(Change):
    """What shall be different; fields that are left out stay as they are."""

    # Without a default in the documentation: leaving a field out does not set it to anything.
    content: Content = Field(default_factory=str, description="The new text")
    priority: Priority = Field(default_factory=lambda: "normal", description="The new priority")
    is_important: bool = Field(default_factory=bool, description="The new mark")
    requires_acknowledgement: bool = Field(
        default_factory=bool, description="Whether every member shall acknowledge it"
    )
    send_at: SentTime = Field(default_factory=lambda: datetime.now(UTC), description="The new time")


class ScheduledPoll(Shown):
    """What there will be to vote for."""

    options: list[str] = Field(examples=[["Tuesday", "Thursday"]])
    is_multiple: bool
    is_anonymous: bool
    closes_at: Time | None


class ScheduledMessage(Shown):
    """A message to be, or what became of it."""

    id: Id
    conversation_id: Id
    content: str = Field(examples=["Good morning"])
    message_type: MessageType
    priority: Priority
    is_important: bool
    requires_acknowledgement: bool
    reply_to_id: Id | None = Field(examples=[None])
    poll: ScheduledPoll | None = Field(examples=[None])
    send_at: Time
    state: Literal["pending", "sent", "failed", "cancelled"] = Field(
        description="`cancelled` is only told to sockets", examples=["pending"]
    )
    failure: str | None = Field(description="Why it could not be sent: the code of a problem", examples=[None])
    message_id: Id | None = Field(description="The message that it became", examples=[None])
    created_at: Time
    updated_at: Time


class ScheduledFilters(Paged):
    """Which scheduled messages."""

    conversation_id: SentId | None = Field(None, description="Only those to this conversation")
    state: State | None = Field(None, description="Only those in this state")


@router.get(
    "/",
    summary="List scheduled messages",
    response_model=Page[ScheduledMessage],
    responses=problems("invalid_page_token"),
)
async def list_mine(request: Request, filters: Annotated[ScheduledFilters, Query()], clients: Backend) -> Response:
    """My own, by the time at which they are sent. What was sent or failed long ago is not kept."""
    answer = await clients.conversations.ask(
        clients.conversations.scheduled.ListScheduledMessages,
        pb.ListScheduledMessagesRequest(
            conversation_id=(filters.conversation_id or "").lower(),
            state=STATES[filters.state],
            page_size=filters.page_size,
            page_token=filters.cursor,
        ),
    )
    return page(request, [views.scheduled(found) for found in answer.scheduled_messages], answer)


@router.post(
    "/",
    summary="Schedule a message",
    status_code=201,
    response_model=ScheduledMessage,
    responses=problems(
        "conversation_not_found",
        "scheduled_limit",
        "send_time_invalid",
        "message_too_long",
        "message_content_invalid",
        "poll_invalid",
    ),
)
async def schedule(draft: ScheduledDraft, request: Request, clients: Backend, key: IdempotencyKey = None) -> Response:
    """Sent when its time has come, or as soon as possible afterwards; whether I may write there is judged then."""
    like = item(draft)
    answer = await clients.conversations.ask(
        clients.conversations.scheduled.ScheduleMessage,
        pb.ScheduleMessageRequest(
            conversation_id=draft.conversation_id.lower(),
            content=like.content,
            message_type=like.message_type,
            priority=like.priority,
            is_important=like.is_important,
            requires_acknowledgement=like.requires_acknowledgement,
            reply_to_id=like.reply_to_id,
            poll=like.poll if like.HasField("poll") else None,
            send_time=stamp(draft.send_at),
            request_id=request_id(key),
        ),
    )
    return settled(request, views.scheduled(answer.scheduled_message), status=201)


@router.get(
    "/{scheduled_id:id}/",
    summary="Show a scheduled message",
    response_model=ScheduledMessage,
    responses=problems("scheduled_message_not_found"),
)
async def show(scheduled_id: ScheduledId, clients: Backend) -> Response:
    """To its sender."""
    answer = await clients.conversations.ask(
        clients.conversations.scheduled.GetScheduledMessage,
        pb.GetScheduledMessageRequest(scheduled_message_id=scheduled_id),
    )
    return entity(views.scheduled(answer.scheduled_message))


@router.patch(
    "/{scheduled_id:id}/",
    summary="Change a scheduled message",
    response_model=ScheduledMessage,
    responses=problems(
        "scheduled_message_not_found",
        "scheduled_message_settled",
        "send_time_invalid",
        "message_too_long",
        "message_content_invalid",
    ),
)
async def change(scheduled_id: ScheduledId, request: Request, change: ScheduledChange, clients: Backend) -> Response:
    """Changes the given fields while it waits."""
    paths = ["send_time" if field == "send_at" else field for field in change.given()]
    answer = await clients.conversations.ask(
        clients.conversations.scheduled.UpdateScheduledMessage,
        pb.UpdateScheduledMessageRequest(
            scheduled_message_id=scheduled_id,
            content=change.content,
            priority=PRIORITIES[change.priority],
            is_important=change.is_important,
            requires_acknowledgement=change.requires_acknowledgement,
            send_time=stamp(change.send_at),
            update_mask=FieldMask(paths=paths),
            request_id=request_id(None),
        ),
    )
    return settled(request, views.scheduled(answer.scheduled_message))


@router.delete(
    "/{scheduled_id:id}/",
    summary="Cancel a scheduled message",
    status_code=204,
    responses=problems("scheduled_message_not_found", "scheduled_message_settled"),
)
async def cancel(scheduled_id: ScheduledId, clients: Backend) -> Response:
    """While it waits, or when it could not be sent; what was sent is a message by now."""
    await clients.conversations.ask(
        clients.conversations.scheduled.CancelScheduledMessage,
        pb.CancelScheduledMessageRequest(scheduled_message_id=scheduled_id, request_id=request_id(None)),
    )
    return nothing()
