"""Whom people want nothing to do with."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from gateway import views
from gateway.rest.answers import nothing, page
from gateway.rest.backend import Backend, request_id
from gateway.rest.models import Page, Paged, Shown, Time
from gateway.rest.problems import problems
from gateway.rest.route import SignedInRoute
from gateway.rest.users import Profile, UserId
from messaging.users.v1 import blocks_pb2 as pb

router = APIRouter(prefix="/api/v1/users", tags=["Users"], route_class=SignedInRoute)


class Blocked(Shown):
    """Somebody whom one blocks."""

    user: Profile
    created_at: Time = Field(description="Since when")


@router.get(
    "/me/blocks/", summary="List whom I block", response_model=Page[Blocked], responses=problems("invalid_page_token")
)
async def list_all(request: Request, paged: Annotated[Paged, Query()], clients: Backend) -> Response:
    """The latest first."""
    answer = await clients.users.ask(
        clients.users.blocks.ListBlocks,
        pb.ListBlocksRequest(page_size=paged.page_size, page_token=paged.cursor),
    )
    return page(request, [views.related(item) for item in answer.blocks], answer)


@router.put(
    "/{user_id:id}/block/",
    summary="Block a user",
    status_code=204,
    responses=problems("user_not_found", "not_yourself"),
)
async def block(user_id: UserId, clients: Backend) -> Response:
    """Neither writes to the other directly any more; the blocked one is not told and still sees the public profile, but
    never whether the other is there.
    """
    await clients.users.ask(
        clients.users.blocks.BlockUser, pb.BlockUserRequest(user_id=user_id, request_id=request_id(None))
    )
    return nothing()


@router.delete("/{user_id:id}/block/", summary="Unblock a user", status_code=204, responses=problems("user_not_found"))
async def unblock(user_id: UserId, clients: Backend) -> Response:
    """Does nothing when they are not blocked."""
    await clients.users.ask(
        clients.users.blocks.UnblockUser, pb.UnblockUserRequest(user_id=user_id, request_id=request_id(None))
    )
    return nothing()
