"""Whom people know."""

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
from messaging.users.v1 import contacts_pb2 as pb

router = APIRouter(prefix="/api/v1/users", tags=["Users"], route_class=SignedInRoute)


class Contact(Shown):
    """Somebody among one's contacts."""

    user: Profile
    created_at: Time = Field(description="Since when")


@router.get(
    "/me/contacts/", summary="List my contacts", response_model=Page[Contact], responses=problems("invalid_page_token")
)
async def list_all(request: Request, paged: Annotated[Paged, Query()], clients: Backend) -> Response:
    """The latest first."""
    answer = await clients.users.ask(
        clients.users.contacts.ListContacts,
        pb.ListContactsRequest(page_size=paged.page_size, page_token=paged.cursor),
    )
    return page(request, [views.related(item) for item in answer.contacts], answer)


@router.put(
    "/{user_id:id}/contact/",
    summary="Add a contact",
    status_code=204,
    responses=problems("user_not_found", "not_yourself"),
)
async def add(user_id: UserId, clients: Backend) -> Response:
    """A list of one's own: nobody is told, nobody has to agree. Privacy may leave things to the people on it."""
    await clients.users.ask(
        clients.users.contacts.AddContact, pb.AddContactRequest(user_id=user_id, request_id=request_id(None))
    )
    return nothing()


@router.delete(
    "/{user_id:id}/contact/", summary="Remove a contact", status_code=204, responses=problems("user_not_found")
)
async def remove(user_id: UserId, clients: Backend) -> Response:
    """Does nothing when they are not among the contacts."""
    await clients.users.ask(
        clients.users.contacts.RemoveContact, pb.RemoveContactRequest(user_id=user_id, request_id=request_id(None))
    )
    return nothing()
