"""The Invites service."""

from typing import Any, cast

from chassis.call import caller
from chassis.database import Database, Once
from chassis.paging import Pager, size
from chassis.rpc.interceptor import Context
from messaging.conversations.v1 import conversations_pb2
from messaging.conversations.v1 import invites_pb2 as pb
from messaging.conversations.v1 import invites_pb2_grpc as rpc
from services.conversations.api import convert
from services.conversations.api.newcomers import Newcomers
from services.conversations.domain import invites
from services.conversations.model.conversations import MemberView
from services.conversations.model.ids import UserId
from services.conversations.model.invites import Invite
from services.conversations.model.limits import Limits
from services.conversations.model.permissions import Role


class InvitesServicer(rpc.InvitesServicer):
    """Codes by which people join."""

    def __init__(self, database: Database, newcomers: Newcomers, pager: Pager, limits: Limits) -> None:
        self._database = database
        self._newcomers = newcomers
        self._pager = pager
        self._limits = limits

    async def CreateInvite(self, request: pb.CreateInviteRequest, context: Context) -> pb.CreateInviteResponse:
        """Refuses direct conversations, weak roles, and ends in the past."""
        return await self._database.run(
            invites.create,
            conversation_id=convert.conversation_id(request.conversation_id),
            actor_id=UserId(caller().user_id),
            role=Role(request.role or Role.MEMBER),
            expires_at=convert.moment_in(request, "expire_time"),
            max_uses=request.max_uses or None,
            once=Once.of(request, encode=_created, answer=pb.CreateInviteResponse),
        )

    async def ListInvites(self, request: pb.ListInvitesRequest, context: Context) -> pb.ListInvitesResponse:
        """Refuses direct conversations, weak roles, and page tokens of other lists."""
        conversation_id = convert.conversation_id(request.conversation_id)
        filters = {"list": "invites", "conversation": conversation_id}
        page = await self._database.run(
            invites.list_invites,
            conversation_id=conversation_id,
            member_id=UserId(caller().user_id),
            cursor=self._pager.decode(request.page_token, filters),
            size=size(request.page_size),
        )
        return pb.ListInvitesResponse(
            invites=map(convert.invite, page.rows),
            next_page_token=self._pager.encode(page.next, filters),
            previous_page_token=self._pager.encode(page.previous, filters),
        )

    async def GetInvite(self, request: pb.GetInviteRequest, context: Context) -> pb.GetInviteResponse:
        """Refuses direct conversations, weak roles, and invites that are not there."""
        found = await self._database.run(
            invites.get,
            conversation_id=convert.conversation_id(request.conversation_id),
            invite_id=convert.invite_id(request.invite_id),
            member_id=UserId(caller().user_id),
        )
        return pb.GetInviteResponse(invite=convert.invite(found))

    async def UpdateInvite(self, request: pb.UpdateInviteRequest, context: Context) -> pb.UpdateInviteResponse:
        """Refuses direct conversations, weak roles, invites that are not there, and ends in the past."""
        given: dict[str, Any] = {}
        if "expire_time" in request.update_mask.paths:
            given["expires_at"] = convert.moment_in(request, "expire_time")
        if "max_uses" in request.update_mask.paths:
            given["max_uses"] = request.max_uses or None
        return await self._database.run(
            invites.update,
            conversation_id=convert.conversation_id(request.conversation_id),
            invite_id=convert.invite_id(request.invite_id),
            actor_id=UserId(caller().user_id),
            given=given,
            once=Once.of(request, encode=_updated, answer=pb.UpdateInviteResponse),
        )

    async def RevokeInvite(self, request: pb.RevokeInviteRequest, context: Context) -> pb.RevokeInviteResponse:
        """Refuses direct conversations, weak roles, and invites that are not there."""
        return await self._database.run(
            invites.revoke,
            conversation_id=convert.conversation_id(request.conversation_id),
            invite_id=convert.invite_id(request.invite_id),
            actor_id=UserId(caller().user_id),
            once=Once.of(request, encode=lambda _: pb.RevokeInviteResponse(), answer=pb.RevokeInviteResponse),
        )

    async def PreviewInvite(self, request: pb.PreviewInviteRequest, context: Context) -> pb.PreviewInviteResponse:
        """Refuses codes that open nothing to the caller."""
        found = await self._database.run(invites.preview, code=request.code, user_id=UserId(caller().user_id))
        return pb.PreviewInviteResponse(
            kind=cast("conversations_pb2.ConversationKind.ValueType", found.kind),
            title=found.title,
            participant_count=found.participant_count,
        )

    async def AcceptInvite(self, request: pb.AcceptInviteRequest, context: Context) -> pb.AcceptInviteResponse:
        """Refuses codes that open nothing to the caller, and too many people."""
        user_id = UserId(caller().user_id)
        return await self._database.run(
            invites.accept,
            code=request.code,
            user_id=user_id,
            newcomers=await self._newcomers.among([user_id]),
            limits=self._limits,
            once=Once.of(request, encode=_accepted, answer=pb.AcceptInviteResponse),
        )


def _created(invite: Invite) -> pb.CreateInviteResponse:
    return pb.CreateInviteResponse(invite=convert.invite(invite))


def _updated(invite: Invite) -> pb.UpdateInviteResponse:
    return pb.UpdateInviteResponse(invite=convert.invite(invite))


def _accepted(view: MemberView) -> pb.AcceptInviteResponse:
    return pb.AcceptInviteResponse(conversation=convert.view(view))
