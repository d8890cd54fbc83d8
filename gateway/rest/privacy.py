"""What people let others see of them and do."""

from typing import Literal

from fastapi import APIRouter, Request, Response
from google.protobuf.field_mask_pb2 import FieldMask
from pydantic import Field

from gateway import views
from gateway.rest.answers import entity, settled
from gateway.rest.backend import Backend, request_id
from gateway.rest.models import Change, Shown
from gateway.rest.problems import problems
from gateway.rest.route import SignedInRoute
from messaging.users.v1 import privacy_pb2 as pb

router = APIRouter(prefix="/api/v1/users/me", tags=["Users"], route_class=SignedInRoute)

Audience = Literal["everyone", "contacts", "nobody"]
VISIBILITY = "Who sees more than id, username and display name; `contacts` are the people in one's own contacts"
ONLINE = "Whether these see when one is online"
LAST_SEEN = "Whether they see when one was last there; never told without `show_online`, because it would tell the same"
RECEIPTS = "Whether others learn what one has read"
TYPING = "Whether others learn that one is typing"
MESSAGE = "Who may begin a direct conversation or add one to a group; what exists already goes on"
SEARCHABLE = "Whether lists and search show one to others"


class Privacy(Shown):
    """What one lets others see and do. Admins see everything."""

    profile_visibility: Audience = Field(description=VISIBILITY)
    show_online: bool = Field(description=ONLINE)
    show_last_seen: bool = Field(description=LAST_SEEN)
    read_receipts: bool = Field(description=RECEIPTS)
    typing_indicators: bool = Field(description=TYPING)
    who_can_message: Audience = Field(description=MESSAGE)
    searchable: bool = Field(description=SEARCHABLE)


class PrivacyChange(Change):
    """What shall be different; fields that are left out stay as they are."""

    profile_visibility: Audience = Field("everyone", description=VISIBILITY)
    show_online: bool = Field(True, description=ONLINE)
    show_last_seen: bool = Field(True, description=LAST_SEEN)
    read_receipts: bool = Field(True, description=RECEIPTS)
    typing_indicators: bool = Field(True, description=TYPING)
    who_can_message: Audience = Field("everyone", description=MESSAGE)
    searchable: bool = Field(True, description=SEARCHABLE)


@router.get("/privacy/", summary="Show my privacy", response_model=Privacy, responses=problems("user_not_found"))
async def show(clients: Backend) -> Response:
    """For oneself alone."""
    answer = await clients.users.ask(clients.users.privacy.GetPrivacy, pb.GetPrivacyRequest())
    return entity(views.privacy(answer.privacy))


@router.put("/privacy/", summary="Change my privacy", response_model=Privacy, responses=problems("user_not_found"))
async def change(request: Request, sent: PrivacyChange, clients: Backend) -> Response:
    """Effective for the next one who looks."""
    given = sent.given()
    audiences = {name: views.AUDIENCES.index(value) for name, value in given.items() if isinstance(value, str)}
    answer = await clients.users.ask(
        clients.users.privacy.UpdatePrivacy,
        pb.UpdatePrivacyRequest(
            privacy=pb.Privacy(**{**given, **audiences}),
            update_mask=FieldMask(paths=list(given)),
            request_id=request_id(None),
        ),
    )
    return settled(request, views.privacy(answer.privacy))
