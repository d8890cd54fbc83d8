"""Registering, logging in, staying logged in, logging out."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from gateway import exchange as exchanges
from gateway import views
from gateway.rest.accounts import HASHING_SECONDS
from gateway.rest.answers import Json, entity, nothing, page, settled
from gateway.rest.backend import Backend, request_id
from gateway.rest.models import (
    EXAMPLE_USER,
    Email,
    Id,
    IdempotencyKey,
    Page,
    Paged,
    Password,
    Sent,
    Shown,
    Time,
    id_in_path,
)
from gateway.rest.problems import problems
from gateway.rest.route import Route, SignedInRoute
from messaging.auth.v1 import sessions_pb2

public = APIRouter(prefix="/api/v1/auth", tags=["Authentication"], route_class=Route)
signed_in = APIRouter(prefix="/api/v1/auth", tags=["Authentication"], route_class=SignedInRoute)

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
        timeout=HASHING_SECONDS,
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
