"""Registering, logging in, staying logged in, logging out."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from chassis.errors import Failure
from gateway import exchange as exchanges
from gateway import views
from gateway.rest.answers import Json, entity, nothing, page, settled
from gateway.rest.backend import Backend, request_id
from gateway.rest.models import (
    EXAMPLE_USER,
    Id,
    IdempotencyKey,
    Page,
    Paged,
    Sent,
    Shown,
    Time,
    id_in_path,
)
from gateway.rest.problems import problems
from gateway.rest.route import Route, SignedInRoute
from messaging.auth.v1 import accounts_pb2, sessions_pb2
from messaging.users.v1 import profiles_pb2

public = APIRouter(prefix="/api/v1/auth", tags=["Authentication"], route_class=Route)
signed_in = APIRouter(prefix="/api/v1/auth", tags=["Authentication"], route_class=SignedInRoute)

Email = Annotated[str, Field(min_length=1, max_length=254, examples=["ada@example.org"])]
Password = Annotated[str, Field(min_length=1, max_length=256, examples=["securepassword123"])]
Name = Annotated[str, Field(max_length=100)]
SessionId = Annotated[str, id_in_path("Which session")]


class Credentials(Sent):
    """Who logs in."""

    email: Email = Field(description="Regardless of case")
    password: Password = Field(description="Never stored or logged")


class Refresh(Sent):
    """Continues a session."""

    refresh: str = Field(min_length=1, max_length=512, description="The newest refresh token of the session")
    rotation_id: str = Field(
        "", max_length=64, description="Chosen by the client and repeated when the reply was lost: the same successor"
    )


class Token(Sent):
    """A token of any kind."""

    token: str = Field(min_length=1, max_length=4096, description="Access or refresh token")


class MailToken(Sent):
    """What a mail's link carries."""

    token: str = Field(min_length=1, max_length=512, description="As in the link")


class Registration(Sent):
    """A new account."""

    email: Email = Field(description="Unique regardless of case")
    username: str = Field(
        min_length=1, max_length=32, description="3 to 32 of a–z, 0–9, `_`, `.` and `-`; unique", examples=["ada"]
    )
    password: Password = Field(description="10 to 256 characters that are not on the list of common passwords")
    first_name: Name = Field("", examples=["Ada"])
    last_name: Name = Field("", examples=["Lovelace"])
    locale: str = Field(
        "",
        max_length=35,
        pattern="^([A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*)?$",
        description="Language of mails, as BCP 47 writes it",
        examples=["en"],
    )


class Account(Shown):
    """An account without its secrets."""

    id: Id
    email: str = Field(examples=["ada@example.org"])
    username: str = Field(examples=["ada"])
    first_name: str = Field(examples=["Ada"])
    last_name: str = Field(examples=["Lovelace"])
    roles: list[Literal["user", "moderator", "admin"]]
    state: Literal["active", "suspended"]
    is_email_verified: bool
    created_at: Time


class Tokens(Shown):
    """What a client needs to act as its user."""

    access: str = Field(description="For `Authorization: Bearer`, 5 minutes")
    refresh: str = Field(description="For `token/refresh/`, once; keep it secret")
    access_expires_at: Time
    refresh_expires_at: Time
    session_id: Id
    user_id: Id = Field(examples=[EXAMPLE_USER])


class TokenState(Shown):
    """What a good token stands for."""

    user_id: Id = Field(examples=[EXAMPLE_USER])
    session_id: Id
    token_type: Literal["access", "refresh"]
    expires_at: Time


class Session(Shown):
    """A device that is logged in."""

    id: Id
    device: str = Field(description="From its User-Agent")
    ip: str | None = Field(description="Network address at its last use")
    created_at: Time
    last_used_at: datetime
    is_current: bool = Field(description="Whether the request came with it")


class EndedSessions(Shown):
    """How many sessions ended."""

    ended_count: int


def _device(request: Request) -> str:
    agent = exchanges.of(request.scope).headers.get(b"user-agent", b"").decode("latin-1")
    return "".join(sign for sign in agent if sign.isprintable())[:300]


@public.post(
    "/token/",
    summary="Log in",
    response_model=Tokens,
    responses=problems("credentials_invalid", "account_suspended", "hashing_busy", "rate_limited"),
)
async def log_in(credentials: Credentials, request: Request, clients: Backend) -> Response:
    """Opens a session. An unknown address and a wrong password take the same time and give the same answer."""
    answer = await clients.auth.call(
        clients.auth.sessions.CreateSession,
        sessions_pb2.CreateSessionRequest(
            email=credentials.email,
            password=credentials.password,
            device=_device(request),
            ip=exchanges.of(request.scope).client_ip,
        ),
    )
    return entity(views.tokens(answer.tokens))


@public.post(
    "/token/refresh/",
    summary="Continue a session",
    response_model=Tokens,
    responses=problems("token_invalid", "refresh_reused"),
)
async def refresh(sent: Refresh, request: Request, clients: Backend) -> Response:
    """Exchanges the refresh token for its successor. Using one a second time ends the session, with one exception:
    the same `rotation_id` within 60 seconds answers the same successor, so that a lost reply logs nobody out."""
    answer = await clients.auth.call(
        clients.auth.sessions.RefreshSession,
        sessions_pb2.RefreshSessionRequest(
            refresh=sent.refresh, rotation_id=sent.rotation_id, ip=exchanges.of(request.scope).client_ip
        ),
    )
    return entity(views.tokens(answer.tokens))


@public.post("/token/verify/", summary="Check a token", response_model=TokenState, responses=problems("token_invalid"))
async def verify(sent: Token, clients: Backend) -> Response:
    """Says whether a token is good at this moment, and whose it is."""
    answer = await clients.auth.ask(
        clients.auth.sessions.VerifyToken, sessions_pb2.VerifyTokenRequest(token=sent.token)
    )
    return entity(
        {
            "user_id": answer.user_id,
            "session_id": answer.session_id,
            "token_type": answer.token_type,
            "expires_at": views.time(answer.expire_time),
        }
    )


REGISTER_PROBLEMS = (
    "email_invalid",
    "username_invalid",
    "password_length",
    "password_common",
    "email_taken",
    "username_taken",
    "registration_closed",
    "hashing_busy",
    "rate_limited",
)


@public.post(
    "/register/",
    summary="Register",
    status_code=201,
    response_model=Account,
    responses=problems(*REGISTER_PROBLEMS),
)
async def register(registration: Registration, request: Request, clients: Backend) -> Response:
    """Creates an account and its profile, and sends a mail that asks to confirm the address."""
    answer = await clients.auth.call(
        clients.auth.accounts.Register,
        accounts_pb2.RegisterRequest(
            email=registration.email,
            username=registration.username,
            password=registration.password,
            first_name=registration.first_name,
            last_name=registration.last_name,
            locale=registration.locale,
            ip=exchanges.of(request.scope).client_ip,
        ),
    )
    await _ensure_profile(clients, answer.account)
    return entity(views.account(answer.account), status=201, location=f"/api/v1/users/{answer.account.account_id}/")


async def _ensure_profile(clients: Backend, account: accounts_pb2.Account) -> None:
    try:
        await clients.users.call(
            clients.users.profiles.EnsureProfile,
            profiles_pb2.EnsureProfileRequest(
                user_id=account.account_id,
                username=account.username,
                first_name=account.first_name,
                last_name=account.last_name,
            ),
        )
    except Failure:
        # The account exists, whatever happens here; the event of its registration makes the profile, too.
        return


@public.post(
    "/email/verify/", summary="Confirm an address", response_model=Account, responses=problems("token_invalid")
)
async def verify_email(sent: MailToken, clients: Backend) -> Response:
    """Takes the token from the mail. Repeating it succeeds."""
    answer = await clients.auth.ask(
        clients.auth.accounts.VerifyEmail, accounts_pb2.VerifyEmailRequest(token=sent.token)
    )
    return entity(views.account(answer.account))


@signed_in.post(
    "/email/verify/resend/", summary="Ask for another mail", status_code=204, responses=problems("rate_limited")
)
async def resend_verification(clients: Backend, key: IdempotencyKey = None) -> Response:
    """Sends the mail again; nothing happens when the address is confirmed already."""
    await clients.auth.ask(
        clients.auth.accounts.ResendVerification, accounts_pb2.ResendVerificationRequest(request_id=request_id(key))
    )
    return nothing()


@signed_in.get("/account/", summary="Show my account", response_model=Account)
async def account(clients: Backend) -> Response:
    """What the account says about itself: address, roles, state."""
    answer = await clients.auth.ask(clients.auth.accounts.GetAccount, accounts_pb2.GetAccountRequest())
    return entity(views.account(answer.account))


@signed_in.post("/logout/", summary="Log out", status_code=204, responses=problems("session_not_found"))
async def log_out(request: Request, clients: Backend, key: IdempotencyKey = None) -> Response:
    """Ends the session that the request came with: its tokens stop working everywhere within a second."""
    principal = exchanges.signed_in(exchanges.of(request.scope))
    await clients.auth.ask(
        clients.auth.sessions.EndSession,
        sessions_pb2.EndSessionRequest(session_id=principal.session_id, request_id=request_id(key)),
    )
    return nothing()


@signed_in.post("/logout/all/", summary="Log out everywhere", response_model=EndedSessions)
async def log_out_everywhere(request: Request, clients: Backend, key: IdempotencyKey = None) -> Response:
    """Ends all sessions of the user."""
    answer = await clients.auth.ask(
        clients.auth.sessions.EndAllSessions, sessions_pb2.EndAllSessionsRequest(request_id=request_id(key))
    )
    return settled(request, {"ended_count": answer.ended_count})


@signed_in.get(
    "/sessions/", summary="List my sessions", response_model=Page[Session], responses=problems("invalid_page_token")
)
async def sessions(request: Request, paged: Annotated[Paged, Query()], clients: Backend) -> Response:
    """Devices that are logged in, the most recently used first."""
    answer = await clients.auth.ask(
        clients.auth.sessions.ListSessions,
        sessions_pb2.ListSessionsRequest(page_size=paged.page_size, page_token=paged.cursor),
    )
    return page(request, [views.session(item) for item in answer.sessions], answer)


@signed_in.delete(
    "/sessions/{session_id:id}/", summary="End a session", status_code=204, responses=problems("session_not_found")
)
async def end_session(session_id: SessionId, clients: Backend) -> Response:
    """Logs another device out."""
    await clients.auth.ask(
        clients.auth.sessions.EndSession,
        sessions_pb2.EndSessionRequest(session_id=session_id, request_id=request_id(None)),
    )
    return nothing()


well_known = APIRouter(tags=["Authentication"], route_class=Route)


class KeySet(Shown):
    """RFC 7517: the public keys that verify access tokens."""

    keys: list[dict[str, str]]


@well_known.get("/.well-known/jwks.json", summary="Show the public keys", response_model=KeySet)
async def key_set(request: Request) -> Response:
    """The keys that access tokens are signed with, the next one before its first use."""
    return Json(request.app.state.gateway.keys.document, headers={"Cache-Control": "public, max-age=300"})
