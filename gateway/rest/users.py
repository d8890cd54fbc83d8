"""People: their profiles, finding them, and whether they are there."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from google.protobuf.field_mask_pb2 import FieldMask
from pydantic import AfterValidator, Field

from chassis import call
from gateway import views
from gateway.rest import accounts
from gateway.rest.answers import entity, page, settled, version
from gateway.rest.backend import Backend, request_id
from gateway.rest.models import EXAMPLE_USER, Change, Id, IfMatch, Page, Paged, Sent, Shown, Time, id_in_path
from gateway.rest.problems import problems
from gateway.rest.route import Route, SignedInRoute
from messaging.users.v1 import presences_pb2, profiles_pb2

public = APIRouter(prefix="/api/v1/users", tags=["Users"], route_class=Route)
signed_in = APIRouter(prefix="/api/v1/users", tags=["Users"], route_class=SignedInRoute)

UserId = Annotated[str, id_in_path("Which user")]
Ordering = Literal["username", "-username", "created_at", "-created_at"]


class Presence(Shown):
    """Whether somebody is there; offline and null, too, when they do not let the one who asks know."""

    state: Literal["online", "away", "offline"]
    last_seen_at: Time | None


class Profile(Shown):
    """A person. What is private is null, except for the person and for admins; so is what the person hides."""

    id: Id = Field(examples=[EXAMPLE_USER])
    username: str = Field(examples=["ada"])
    display_name: str = Field(examples=["Ada Lovelace"])
    first_name: str | None = Field(examples=["Ada"])
    last_name: str | None = Field(examples=["Lovelace"])
    bio: str | None
    phone: str | None = Field(description="Private; E.164, empty when there is none", examples=["+441632960961"])
    date_of_birth: str | None = Field(description="Private; YYYY-MM-DD", examples=["1990-12-10"])
    is_verified: bool | None = Field(description="Whether the e-mail address was confirmed")
    is_bot: bool | None
    presence: Presence = Field(description="As far as the person lets the one who asks know")
    created_at: Time | None


class ProfileChange(Change):
    """What shall be different; fields that are left out stay as they are."""

    display_name: str = Field(default_factory=str, max_length=100, examples=["Ada Lovelace"])
    first_name: str = Field(default_factory=str, max_length=100)
    last_name: str = Field(default_factory=str, max_length=100)
    bio: str = Field(default_factory=str, max_length=1000)
    phone: str = Field(default_factory=str, max_length=32, description="E.164, or empty", examples=["+441632960961"])
    date_of_birth: Annotated[str | None, AfterValidator(lambda date: date or "")] = Field(
        default_factory=str, max_length=10, description="YYYY-MM-DD, or null", examples=["1990-12-10"]
    )


class UserFilters(Paged):
    """Which users."""

    search: str = Field("", max_length=100, description="Only names like this")
    is_online: bool = Field(False, description="`true`: only those who are online")
    ordering: Ordering = Field("username", description="By what; `-` for the other direction")


class Search(Sent):
    """Whom to look for."""

    query: str = Field(min_length=1, max_length=100, description="A part of any name, typing errors included")
    limit: int = Field(20, ge=1, le=100, description="How many at the most")


public.post(
    "/",
    summary="Register",
    status_code=201,
    response_model=accounts.Account,
    responses=problems(*accounts.REGISTER_PROBLEMS),
    operation_id="create_user",
)(accounts.register)


@signed_in.get("/", summary="List users", response_model=Page[Profile], responses=problems("invalid_page_token"))
async def list_users(request: Request, filters: Annotated[UserFilters, Query()], clients: Backend) -> Response:
    """Active users who may be found, by name unless asked otherwise."""
    answer = await clients.users.ask(
        clients.users.profiles.ListProfiles,
        profiles_pb2.ListProfilesRequest(
            query=filters.search,
            online_only=filters.is_online,
            order_by=filters.ordering.replace("created_at", "create_time"),
            page_size=filters.page_size,
            page_token=filters.cursor,
        ),
    )
    return page(request, [views.profile(item) for item in answer.profiles], answer)


@signed_in.post("/search/", summary="Find users", response_model=Page[Profile])
async def search(request: Request, sent: Search, clients: Backend) -> Response:
    """Users who may be found, and whose names are most like the query, the best first."""
    answer = await clients.users.ask(
        clients.users.profiles.SearchProfiles, profiles_pb2.SearchProfilesRequest(query=sent.query, limit=sent.limit)
    )
    return page(request, [views.profile(item) for item in answer.profiles])


@signed_in.get(
    "/online/", summary="List who is online", response_model=Page[Profile], responses=problems("invalid_page_token")
)
async def online(request: Request, paged: Annotated[Paged, Query()], clients: Backend) -> Response:
    """Users with an open connection who let others know, the most recently seen first."""
    answer = await clients.users.ask(
        clients.users.presences.ListOnline,
        presences_pb2.ListOnlineRequest(page_size=paged.page_size, page_token=paged.cursor),
    )
    return page(request, [views.profile(item) for item in answer.profiles], answer)


@signed_in.get("/me/", summary="Show my profile", response_model=Profile, responses=problems("user_not_found"))
async def show_me(clients: Backend) -> Response:
    """With everything that is private."""
    return await show(call.caller().user_id, clients)


@signed_in.patch(
    "/me/",
    summary="Change my profile",
    response_model=Profile,
    responses=problems("user_not_found", "profile_invalid", "etag_mismatch"),
)
async def change_me(request: Request, change: ProfileChange, clients: Backend, if_match: IfMatch = None) -> Response:
    """Changes the given fields and nothing else."""
    return await change_profile(request, call.caller().user_id, change, clients, if_match)


@signed_in.get("/{user_id:id}/", summary="Show a user", response_model=Profile, responses=problems("user_not_found"))
async def show(user_id: UserId, clients: Backend) -> Response:
    """What the user shows to the one who asks."""
    answer = await clients.users.ask(clients.users.profiles.GetProfile, profiles_pb2.GetProfileRequest(user_id=user_id))
    return entity(views.profile(answer.profile), etag=answer.profile.etag)


@signed_in.patch(
    "/{user_id:id}/",
    summary="Change a user's profile",
    response_model=Profile,
    responses=problems("user_not_found", "not_your_profile", "profile_invalid", "etag_mismatch"),
)
async def change_profile(
    request: Request, user_id: UserId, change: ProfileChange, clients: Backend, if_match: IfMatch = None
) -> Response:
    """For the user and for admins."""
    given = change.given()
    answer = await clients.users.ask(
        clients.users.profiles.UpdateProfile,
        profiles_pb2.UpdateProfileRequest(
            user_id=user_id,
            profile=profiles_pb2.Profile(**given),
            update_mask=FieldMask(paths=list(given)),
            etag=version(if_match),
            request_id=request_id(None),
        ),
    )
    return settled(request, views.profile(answer.profile), etag=answer.profile.etag)


class UserPresence(Presence):
    """Whether a user is there."""

    user_id: Id = Field(examples=[EXAMPLE_USER])


@signed_in.get(
    "/{user_id:id}/presence/",
    summary="Show whether a user is there",
    response_model=UserPresence,
    responses=problems("user_not_found"),
)
async def presence(user_id: UserId, clients: Backend) -> Response:
    """Offline, too, when they were never seen or do not let the one who asks know."""
    answer = await clients.users.ask(clients.users.profiles.GetProfile, profiles_pb2.GetProfileRequest(user_id=user_id))
    return entity({"user_id": user_id, **views.presence(answer.profile.presence)})
