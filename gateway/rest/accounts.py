"""Accounts: registering, confirming an address, what an account says about itself."""

from typing import Annotated, Literal

from fastapi import APIRouter, Request, Response
from pydantic import Field

from chassis.errors import Failure
from gateway import exchange as exchanges
from gateway import views
from gateway.rest.answers import entity, nothing
from gateway.rest.backend import Backend, request_id
from gateway.rest.models import Email, Id, IdempotencyKey, Password, Sent, Shown, Time
from gateway.rest.problems import problems
from gateway.rest.route import Route, SignedInRoute
from messaging.auth.v1 import accounts_pb2
from messaging.users.v1 import profiles_pb2

public = APIRouter(prefix="/api/v1/auth", tags=["Authentication"], route_class=Route)
signed_in = APIRouter(prefix="/api/v1/auth", tags=["Authentication"], route_class=SignedInRoute)

Name = Annotated[str, Field(max_length=100)]

# A hash takes a quarter of a second of a core on purpose, and others may be in front.
HASHING_SECONDS = 8.0


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


class MailToken(Sent):
    """What a mail's link carries."""

    token: str = Field(min_length=1, max_length=512, description="As in the link")


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
        timeout=HASHING_SECONDS,
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
