"""What moderators and admins do with accounts; the auth service decides who may."""

from typing import Annotated, Literal

from fastapi import APIRouter, Request, Response
from pydantic import Field

from gateway import views
from gateway.rest.accounts import Account
from gateway.rest.answers import Json, settled
from gateway.rest.backend import Backend, request_id
from gateway.rest.models import IdempotencyKey, Sent, id_in_path
from gateway.rest.problems import problems
from gateway.rest.route import SignedInRoute
from messaging.auth.v1 import accounts_pb2 as pb

router = APIRouter(prefix="/api/v1/admin/users", tags=["Admin"], route_class=SignedInRoute)

AccountId = Annotated[str, id_in_path("Whose account")]
ROLES: dict[str, pb.PlatformRole.ValueType] = {
    "moderator": pb.PLATFORM_ROLE_MODERATOR,
    "admin": pb.PLATFORM_ROLE_ADMIN,
}


class Roles(Sent):
    """All roles besides the one that everybody has."""

    roles: list[Literal["moderator", "admin"]] = Field(max_length=2)


class Suspension(Sent):
    """Why."""

    comment: str = Field("", max_length=500, description="For the audit trail")


@router.get(
    "/{account_id:id}/", summary="Show an account", response_model=Account, responses=problems("account_not_found")
)
async def show(account_id: AccountId, clients: Backend) -> Response:
    """For moderators and admins; to others only their own account is there."""
    answer = await clients.auth.ask(clients.auth.accounts.GetAccount, pb.GetAccountRequest(account_id=account_id))
    return Json(views.account(answer.account))


@router.put(
    "/{account_id:id}/roles/",
    summary="Set an account's roles",
    response_model=Account,
    responses=problems("account_not_found", "platform_role_insufficient", "last_admin"),
)
async def set_roles(account_id: AccountId, sent: Roles, clients: Backend) -> Response:
    """Replaces the roles and ends the account's sessions; for admins."""
    answer = await clients.auth.ask(
        clients.auth.accounts.SetRoles,
        pb.SetRolesRequest(
            account_id=account_id,
            roles=sorted({ROLES[role] for role in sent.roles}),
            request_id=request_id(None),
        ),
    )
    return Json(views.account(answer.account))


@router.post(
    "/{account_id:id}/suspend/",
    summary="Suspend an account",
    response_model=Account,
    responses=problems("account_not_found", "platform_role_insufficient", "last_admin", "idempotency_key_reused"),
)
async def suspend(
    account_id: AccountId, request: Request, sent: Suspension, clients: Backend, key: IdempotencyKey = None
) -> Response:
    """Ends the account's sessions and lets it log in no more; for moderators and admins."""
    answer = await clients.auth.ask(
        clients.auth.accounts.SuspendAccount,
        pb.SuspendAccountRequest(account_id=account_id, comment=sent.comment, request_id=request_id(key)),
    )
    return settled(request, views.account(answer.account))


@router.post(
    "/{account_id:id}/restore/",
    summary="Restore an account",
    response_model=Account,
    responses=problems("account_not_found", "platform_role_insufficient", "idempotency_key_reused"),
)
async def restore(account_id: AccountId, request: Request, clients: Backend, key: IdempotencyKey = None) -> Response:
    """Lets a suspended account log in again; for moderators and admins."""
    answer = await clients.auth.ask(
        clients.auth.accounts.RestoreAccount,
        pb.RestoreAccountRequest(account_id=account_id, request_id=request_id(key)),
    )
    return settled(request, views.account(answer.account))
