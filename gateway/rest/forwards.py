"""Forwarding messages to other conversations."""

from fastapi import APIRouter, Request, Response
from pydantic import Field

from chassis.errors import InvalidRequest, Violation
from gateway import exchange as exchanges
from gateway import views
from gateway.rest.answers import Json
from gateway.rest.backend import Backend, request_id
from gateway.rest.messages import Content, Message, MessageId
from gateway.rest.models import Id, IdempotencyKey, Problem, Sent, SentId, Shown
from gateway.rest.problems import problems
from gateway.rest.route import SignedInRoute
from messaging.conversations.v1 import forwards_pb2 as pb

router = APIRouter(prefix="/api/v1/messages", tags=["Messages"], route_class=SignedInRoute)


class Forward(Sent):
    """Where to send a copy of a message."""

    conversation_ids: list[SentId] = Field(min_length=1, max_length=20, description="No two alike")
    comment: Content | None = Field(None, description="Sent behind the copy, as a message of its own")


class Forwarded(Shown):
    """What became of the message in one conversation."""

    conversation_id: Id
    message: Message | None = Field(description="The copy; null when it was refused")
    comment: Message | None = Field(description="The comment behind it; null without one, or when it was refused")
    problem: Problem | None = Field(description="Why the copy or, when that was sent, the comment was refused")


class Forwards(Shown):
    """What became of the message in each conversation."""

    results: list[Forwarded] = Field(description="In the order of the request")


@router.post(
    "/{message_id:id}/forward/",
    summary="Forward a message",
    response_model=Forwards,
    responses=problems(
        "message_not_found",
        "message_deleted",
        "message_not_forwardable",
        "message_too_long",
        "message_content_invalid",
        "rate_limited",
    ),
)
async def forward(
    message_id: MessageId, sent: Forward, request: Request, clients: Backend, key: IdempotencyKey = None
) -> Response:
    """Sends a copy of its text or its poll, without marks and votes, to each conversation; each is judged for itself.

    The copy tells where it comes from only when everybody may read it there; a copy of a copy tells the first origin.
    """
    targets = [conversation_id.lower() for conversation_id in sent.conversation_ids]
    if len(set(targets)) < len(targets):
        raise InvalidRequest(fields=[Violation("conversation_ids", "repeated", "no two may be alike")])
    exchange = exchanges.of(request.scope)
    sends = len(targets) * (2 if sent.comment is not None else 1)
    request.app.state.gateway.budget.take(exchanges.signed_in(exchange).user_id, sends)
    answer = await clients.conversations.ask(
        clients.conversations.forwards.ForwardMessage,
        pb.ForwardMessageRequest(
            message_id=message_id,
            conversation_ids=targets,
            comment=sent.comment or "",
            request_id=request_id(key),
        ),
    )
    is_replayed = any(result.replayed for result in answer.results)
    headers = {"Idempotent-Replayed": "true"} if is_replayed else None
    results = [views.forwarded(result, exchange.request_id) for result in answer.results]
    return Json({"results": results}, 200, headers)
