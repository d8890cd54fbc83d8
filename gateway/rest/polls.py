"""Voting in polls; a poll begins as a message that is sent."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from gateway import views
from gateway.rest.answers import Json, nothing, page, settled
from gateway.rest.backend import Backend, request_id
from gateway.rest.messages import MessageId, Poll
from gateway.rest.models import EXAMPLE_USER, Id, IdempotencyKey, Page, Paged, Sent, Shown, Time
from gateway.rest.problems import problems
from gateway.rest.route import SignedInRoute
from messaging.conversations.v1 import polls_pb2 as pb

router = APIRouter(prefix="/api/v1/messages/{message_id:id}", tags=["Messages"], route_class=SignedInRoute)

_REFUSALS = ("message_not_found", "role_insufficient", "muted", "blocked", "sender_suspended", "message_deleted",
             "not_a_poll", "poll_closed")  # fmt: skip


class Choice(Sent):
    """What I vote for, in place of what I voted for before."""

    options: list[Annotated[int, Field(ge=0, lt=20)]] = Field(
        min_length=1, max_length=20, description="Places of options, from 0; one alone unless the poll takes several"
    )


class Vote(Shown):
    """What somebody voted for."""

    user_id: Id = Field(examples=[EXAMPLE_USER])
    options: list[int] = Field(description="Places of options, from 0", examples=[[0]])
    created_at: Time


@router.put("/vote/", summary="Vote in a poll", response_model=Poll, responses=problems(*_REFUSALS, "vote_invalid"))
async def vote(message_id: MessageId, sent: Choice, clients: Backend) -> Response:
    """For members who may react, while the poll is open; answers the counts with this vote."""
    answer = await clients.conversations.ask(
        clients.conversations.polls.Vote,
        pb.VoteRequest(message_id=message_id, options=sent.options, request_id=request_id(None)),
    )
    return Json(views.ballot(answer.ballot))


@router.delete("/vote/", summary="Take my vote back", status_code=204, responses=problems(*_REFUSALS))
async def retract(message_id: MessageId, clients: Backend) -> Response:
    """While the poll is open; does nothing where there is none."""
    await clients.conversations.ask(
        clients.conversations.polls.RetractVote,
        pb.RetractVoteRequest(message_id=message_id, request_id=request_id(None)),
    )
    return nothing()


@router.get(
    "/votes/",
    summary="List votes",
    response_model=Page[Vote],
    responses=problems("message_not_found", "not_a_poll", "poll_anonymous", "invalid_page_token"),
)
async def list_all(
    message_id: MessageId, request: Request, paged: Annotated[Paged, Query()], clients: Backend
) -> Response:
    """Who voted for what, unless the poll is anonymous."""
    answer = await clients.conversations.ask(
        clients.conversations.polls.ListVotes,
        pb.ListVotesRequest(message_id=message_id, page_size=paged.page_size, page_token=paged.cursor),
    )
    return page(request, [views.vote(found) for found in answer.votes], answer)


@router.post(
    "/close/",
    summary="Close a poll",
    response_model=Poll,
    responses=problems(
        "message_not_found", "not_the_author", "message_deleted", "not_a_poll", "idempotency_key_reused"
    ),
)
async def close(message_id: MessageId, request: Request, clients: Backend, key: IdempotencyKey = None) -> Response:
    """Ends the voting; for its author and for moderators. One that is over stays as it is."""
    answer = await clients.conversations.ask(
        clients.conversations.polls.ClosePoll,
        pb.ClosePollRequest(message_id=message_id, request_id=request_id(key)),
    )
    return settled(request, views.ballot(answer.ballot))
