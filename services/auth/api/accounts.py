"""The RPCs of messaging.auth.v1.Accounts."""

from dataclasses import replace

import grpc

from chassis import call
from chassis.call import Caller
from chassis.database import Database, Once
from chassis.ids import uuid7
from messaging.auth.v1 import accounts_pb2 as pb
from messaging.auth.v1 import accounts_pb2_grpc as rpc
from services.auth.api import convert
from services.auth.api.hashing import Hasher
from services.auth.api.limits import Limits
from services.auth.domain import accounts, roles, verification
from services.auth.domain.accounts import Admission
from services.auth.model.accounts import AccountId

Context = grpc.aio.ServicerContext[object, object]


class AccountsServicer(rpc.AccountsServicer):
    """Registers, verifies, finds and governs accounts."""

    def __init__(self, database: Database, *, hasher: Hasher, limits: Limits, admission: Admission) -> None:
        self._database = database
        self._hasher = hasher
        self._limits = limits
        self._admission = admission

    async def Register(self, request: pb.RegisterRequest, context: Context) -> pb.RegisterResponse:
        """Refuses when closed, what breaks the rules, and taken addresses and usernames."""
        await self._limits.admit_registration(request.ip)
        applicant = self._admission.examine(
            email=request.email,
            username=request.username,
            password=request.password,
            first_name=request.first_name,
            last_name=request.last_name,
            locale=request.locale,
        )
        password_hash = await self._hasher.hash(request.password)
        account_id = AccountId(uuid7())
        # The newcomer is the one who acts, in the trail, too.
        newcomer = Caller(account_id, client_ip=request.ip)
        with call.serving(replace(call.current(), caller=call.current().caller or newcomer)):
            account = await self._database.run(
                accounts.register, account_id=account_id, applicant=applicant, password_hash=password_hash
            )
        return pb.RegisterResponse(account=convert.account(account))

    async def GetAccount(self, request: pb.GetAccountRequest, context: Context) -> pb.GetAccountResponse:
        """Refuses accounts that the caller may not know of."""
        reader_id = AccountId(call.caller().user_id)
        account_id = convert.account_id(request.account_id) or reader_id
        account = await self._database.run(accounts.get, reader_id=reader_id, account_id=account_id)
        return pb.GetAccountResponse(account=convert.account(account))

    async def VerifyEmail(self, request: pb.VerifyEmailRequest, context: Context) -> pb.VerifyEmailResponse:
        """Refuses tokens that are unknown, expired or replaced."""
        account = await self._database.run(verification.verify, token=request.token)
        return pb.VerifyEmailResponse(account=convert.account(account))

    async def ResendVerification(
        self, request: pb.ResendVerificationRequest, context: Context
    ) -> pb.ResendVerificationResponse:
        """Refuses more than a few an hour."""
        account_id = AccountId(call.caller().user_id)
        await self._limits.admit_resend(account_id)
        answer: pb.ResendVerificationResponse = await self._database.run(
            verification.request,
            account_id=account_id,
            once=Once.of(
                request, encode=lambda _: pb.ResendVerificationResponse(), answer=pb.ResendVerificationResponse
            ),
        )
        return answer

    async def IssueMailToken(self, request: pb.IssueMailTokenRequest, context: Context) -> pb.IssueMailTokenResponse:
        """Refuses unknown accounts and those with nothing left to confirm."""
        return convert.letter(
            await self._database.run(
                verification.issue_token,
                account_id=convert.account_id(request.account_id),
                purpose=convert.PURPOSES[request.purpose],
            )
        )

    async def SetRoles(self, request: pb.SetRolesRequest, context: Context) -> pb.SetRolesResponse:
        """Refuses everybody but admins, and to take the role from the last of them."""
        answer: pb.SetRolesResponse = await self._database.run(
            roles.set_roles,
            actor_id=AccountId(call.caller().user_id),
            account_id=convert.account_id(request.account_id),
            roles=convert.roles(request.roles),
            once=Once.of(
                request,
                encode=lambda account: pb.SetRolesResponse(account=convert.account(account)),
                answer=pb.SetRolesResponse,
            ),
        )
        return answer

    async def SuspendAccount(self, request: pb.SuspendAccountRequest, context: Context) -> pb.SuspendAccountResponse:
        """Refuses everybody but moderators and admins, and the last admin's suspension."""
        answer: pb.SuspendAccountResponse = await self._database.run(
            roles.suspend,
            actor_id=AccountId(call.caller().user_id),
            account_id=convert.account_id(request.account_id),
            comment=request.comment,
            once=Once.of(
                request,
                encode=lambda account: pb.SuspendAccountResponse(account=convert.account(account)),
                answer=pb.SuspendAccountResponse,
            ),
        )
        return answer

    async def RestoreAccount(self, request: pb.RestoreAccountRequest, context: Context) -> pb.RestoreAccountResponse:
        """Refuses everybody but moderators and admins."""
        answer: pb.RestoreAccountResponse = await self._database.run(
            roles.restore,
            actor_id=AccountId(call.caller().user_id),
            account_id=convert.account_id(request.account_id),
            once=Once.of(
                request,
                encode=lambda account: pb.RestoreAccountResponse(account=convert.account(account)),
                answer=pb.RestoreAccountResponse,
            ),
        )
        return answer
