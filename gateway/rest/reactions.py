"""Reacting to messages with emojis."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field

from gateway import views
from gateway.rest.answers import Json, nothing, page
from gateway.rest.backend import Backend, request_id
from gateway.rest.messages import MessageId
from gateway.rest.models import EXAMPLE_USER, Id, Page, Paged, Shown, Time
from gateway.rest.problems import problems
from gateway.rest.route import SignedInRoute
from messaging.conversations.v1 import reactions_pb2 as pb

router = APIRouter(prefix="/api/v1/messages/{message_id:id}/reactions", tags=["Messages"], route_class=SignedInRoute)

Emoji = Annotated[str, Path(description="One emoji, percent-encoded UTF-8", examples=["👍"])]


class ReactionChange(Shown):
    """Somebody's reaction that came or went."""

    message_id: Id
    user_id: Id = Field(examples=[EXAMPLE_USER])
    emoji: str = Field(description="As the message spells it", examples=["👍"])
    added: bool
    count: int = Field(description="How many react with it now", examples=[3])


class Reactor(Shown):
    """Who reacted."""

    user_id: Id = Field(examples=[EXAMPLE_USER])
    emoji: str = Field(examples=["👍"])
    created_at: Time


class ReactionFilters(Paged):
    """Which reactions of a message."""

    emoji: str = Field("", max_length=64, description="Only this emoji")


@router.put(
    "/{emoji}/",
    summary="React to a message",
    response_model=ReactionChange,
    responses=problems(
        "message_not_found",
        "emoji_invalid",
        "role_insufficient",
        "muted",
        "blocked",
        "sender_suspended",
        "message_deleted",
        "reaction_limit",
    ),
)
async def add(message_id: MessageId, emoji: Emoji, clients: Backend) -> Response:
    """For members who may react; in channels these need not be allowed to write. Repeating it changes nothing.

    A message has at most 50 different emojis, and 20 of one person.
    """
    answer = await clients.conversations.ask(
        clients.conversations.reactions.AddReaction,
        pb.AddReactionRequest(message_id=message_id, emoji=emoji, request_id=request_id(None)),
    )
    return Json(views.reaction(answer.tally))


@router.delete(
    "/{emoji}/",
    summary="Take a reaction back",
    status_code=204,
    responses=problems("message_not_found", "emoji_invalid"),
)
async def remove(message_id: MessageId, emoji: Emoji, clients: Backend) -> Response:
    """My own; does nothing where there is none."""
    await clients.conversations.ask(
        clients.conversations.reactions.RemoveReaction,
        pb.RemoveReactionRequest(message_id=message_id, emoji=emoji, request_id=request_id(None)),
    )
    return nothing()


@router.get(
    "/",
    summary="List reactions",
    response_model=Page[Reactor],
    responses=problems("message_not_found", "emoji_invalid", "invalid_page_token"),
)
async def list_all(
    message_id: MessageId, request: Request, filters: Annotated[ReactionFilters, Query()], clients: Backend
) -> Response:
    """Who reacted with what, the earliest first."""
    answer = await clients.conversations.ask(
        clients.conversations.reactions.ListReactions,
        pb.ListReactionsRequest(
            message_id=message_id, emoji=filters.emoji, page_size=filters.page_size, page_token=filters.cursor
        ),
    )
    return page(request, [views.reactor(found) for found in answer.reactions], answer)
