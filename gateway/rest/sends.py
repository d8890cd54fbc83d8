"""Sending messages: the endpoints that are called most."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request, Response
from pydantic import Field
from starlette.types import Scope

from chassis.errors import InvalidRequest, Violation
from chassis.ids import uuid7
from gateway import exchange as exchanges
from gateway import views
from gateway.exchange import Exchange
from gateway.rest.answers import Json
from gateway.rest.messages import PRIORITIES, Content, Message, MessageId
from gateway.rest.models import ConversationId, Priority, Sent, SentId, SentTime, stamp
from gateway.rest.problems import problems
from gateway.rest.route import IDEMPOTENCY, LeanRoute, idempotency_key
from messaging.conversations.v1 import messages_pb2 as pb

router = APIRouter(prefix="/api/v1", tags=["Messages"], route_class=LeanRoute)

SEND_PROBLEMS = (
    "conversation_not_found",
    "role_insufficient",
    "muted",
    "blocked",
    "sender_suspended",
    "posting_restricted",
    "slow_mode",
    "reply_target_unavailable",
    "too_many_mentions",
    "poll_invalid",
    "message_too_long",
    "message_content_invalid",
    "idempotency_key_reused",
    "rate_limited",
    "conversation_busy",
)


Key = Annotated[str, Field(min_length=1, max_length=64, examples=["d1f7c2"])]
_KEY_MEANS = "The sender's own key: repeating it never makes a second message"


class NewPoll(Sent):
    """Options to vote for; the question is the message's content."""

    options: list[Annotated[str, Field(min_length=1, max_length=200)]] = Field(
        min_length=2, max_length=20, description="No two alike", examples=[["Tuesday", "Thursday"]]
    )
    is_multiple: bool = Field(False, description="Whether one may vote for several options")
    is_anonymous: bool = Field(False, description="Whether nobody learns who voted for what")
    closes_at: SentTime | None = Field(None, description="When voting ends by itself")


class Answer(Sent):
    """What an answer to a message is made of."""

    content: Content = Field(description="Text in the Markdown subset, never HTML")
    message_type: Literal["text", "poll"] = Field("text", description="What it consists of; a poll needs `poll`")
    priority: Priority = Field("normal", description="How soon it wants to be seen")
    is_important: bool = Field(False, description="Marked as important")
    requires_acknowledgement: bool = Field(False, description="Every member shall acknowledge it")
    poll: NewPoll | None = Field(None, description="What there is to vote for")


class Composition(Answer):
    """What a message is made of before it is sent."""

    reply_to_id: SentId | None = Field(None, description="The message of this conversation that it answers")


class Draft(Composition):
    """A message to send."""

    client_message_id: Key | None = Field(None, description=_KEY_MEANS)


class Reply(Answer):
    """An answer to send."""

    client_message_id: Key | None = Field(None, description=_KEY_MEANS)


class AddressedDraft(Draft):
    """A message to send, and where to."""

    conversation_id: SentId = Field(description="Where to")


@router.post(
    "/conversations/{conversation_id:id}/messages/",
    summary="Send a message",
    status_code=201,
    response_model=Message,
    responses=problems(*SEND_PROBLEMS),
    openapi_extra=IDEMPOTENCY,
)
async def send(conversation_id: ConversationId, body: Draft, request: Request) -> Response:
    """Stores the message and gives it the conversation's next number.

    Repeating a `client_message_id` or an `Idempotency-Key` answers the message that was stored first, for good.
    """
    return await _send(request.scope, body, conversation_id=conversation_id, reply_to_id=_target(body))


@router.post(
    "/messages/",
    summary="Send a message to a named conversation",
    status_code=201,
    response_model=Message,
    responses=problems(*SEND_PROBLEMS),
    openapi_extra=IDEMPOTENCY,
)
async def send_addressed(body: AddressedDraft, request: Request) -> Response:
    """Like sending in the conversation itself."""
    return await _send(request.scope, body, conversation_id=body.conversation_id.lower(), reply_to_id=_target(body))


@router.post(
    "/messages/{message_id:id}/reply/",
    summary="Reply to a message",
    status_code=201,
    response_model=Message,
    responses=problems("message_not_found", *SEND_PROBLEMS),
    openapi_extra=IDEMPOTENCY,
)
async def reply(message_id: MessageId, body: Reply, request: Request) -> Response:
    """Like sending in the message's conversation with it as `reply_to_id`; joins its thread, or begins one."""
    conversations = request.app.state.gateway.clients.conversations
    answer = await conversations.ask(conversations.messages.GetMessage, pb.GetMessageRequest(message_id=message_id))
    conversation_id = answer.message.conversation_id
    return await _send(request.scope, body, conversation_id=conversation_id, reply_to_id=message_id)


async def _send(scope: Scope, draft: Draft | Reply, *, conversation_id: str, reply_to_id: str) -> Response:
    exchange = exchanges.of(scope)
    principal = exchanges.signed_in(exchange)
    gateway = scope["app"].state.gateway
    gateway.budget.take(principal.user_id)
    message, is_replayed = await gateway.lanes.send(
        _item(
            draft,
            sender_id=principal.user_id,
            conversation_id=conversation_id,
            reply_to_id=reply_to_id,
            client_message_id=_client_message_id(exchange, draft),
            request_id=exchange.request_id,
            traceparent=exchange.traceparent,
        )
    )
    headers = {"Idempotent-Replayed": "true"} if is_replayed else None
    return Json(views.message_json(message), 201, headers)


def item(draft: Composition, **addressed: Any) -> pb.SendItem:
    """What the lanes take for a draft."""
    return _item(draft, reply_to_id=_target(draft), **addressed)


def _target(draft: Composition) -> str:
    return (draft.reply_to_id or "").lower()


def _item(draft: Answer, **addressed: Any) -> pb.SendItem:
    taken = pb.SendItem(
        content=draft.content,
        message_type=pb.MESSAGE_TYPE_POLL if draft.message_type == "poll" else pb.MESSAGE_TYPE_TEXT,
        priority=PRIORITIES[draft.priority],
        is_important=draft.is_important,
        requires_acknowledgement=draft.requires_acknowledgement,
        **addressed,
    )
    if draft.poll is not None:
        poll = draft.poll
        taken.poll.CopyFrom(
            pb.PollDraft(
                options=poll.options,
                is_multiple=poll.is_multiple,
                is_anonymous=poll.is_anonymous,
                close_time=stamp(poll.closes_at),
            )
        )
    return taken


def _client_message_id(exchange: Exchange, draft: Draft | Reply) -> str:
    key = idempotency_key(exchange)
    if draft.client_message_id is None:
        return key or uuid7()
    if key is not None and key != draft.client_message_id:
        violation = Violation("client_message_id", "ambiguous", "must be the Idempotency-Key when both are given")
        raise InvalidRequest(fields=[violation])
    return draft.client_message_id
