"""The Bans service."""

from chassis.call import caller
from chassis.database import Database, Once
from chassis.paging import Pager, size
from chassis.rpc.interceptor import Context
from messaging.conversations.v1 import bans_pb2 as pb
from messaging.conversations.v1 import bans_pb2_grpc as rpc
from services.conversations.api import convert
from services.conversations.api.newcomers import Newcomers
from services.conversations.domain import bans
from services.conversations.model.bans import Ban
from services.conversations.model.ids import UserId


class BansServicer(rpc.BansServicer):
    """Who may not take part in a group."""

    def __init__(self, database: Database, newcomers: Newcomers, pager: Pager) -> None:
        self._database = database
        self._newcomers = newcomers
        self._pager = pager

    async def BanUser(self, request: pb.BanUserRequest, context: Context) -> pb.BanUserResponse:
        """Refuses direct conversations, weak roles, people who are not there, and bans that are over already."""
        user_id = convert.user_id(request.user_id)
        return await self._database.run(
            bans.ban,
            conversation_id=convert.conversation_id(request.conversation_id),
            actor_id=UserId(caller().user_id),
            user_id=user_id,
            expires_at=convert.moment_in(request, "expire_time"),
            newcomers=await self._newcomers.among([user_id]),
            once=Once.of(request, encode=_banned, answer=pb.BanUserResponse),
        )

    async def UnbanUser(self, request: pb.UnbanUserRequest, context: Context) -> pb.UnbanUserResponse:
        """Refuses direct conversations and weak roles."""
        return await self._database.run(
            bans.unban,
            conversation_id=convert.conversation_id(request.conversation_id),
            actor_id=UserId(caller().user_id),
            user_id=convert.user_id(request.user_id),
            once=Once.of(request, encode=lambda _: pb.UnbanUserResponse(), answer=pb.UnbanUserResponse),
        )

    async def ListBans(self, request: pb.ListBansRequest, context: Context) -> pb.ListBansResponse:
        """Refuses direct conversations, weak roles, and page tokens of other lists."""
        conversation_id = convert.conversation_id(request.conversation_id)
        filters = {"list": "bans", "conversation": conversation_id}
        page = await self._database.run(
            bans.list_bans,
            conversation_id=conversation_id,
            member_id=UserId(caller().user_id),
            cursor=self._pager.decode(request.page_token, filters),
            size=size(request.page_size),
        )
        return pb.ListBansResponse(
            bans=map(convert.ban, page.rows),
            next_page_token=self._pager.encode(page.next, filters),
            previous_page_token=self._pager.encode(page.previous, filters),
        )


def _banned(ban: Ban) -> pb.BanUserResponse:
    return pb.BanUserResponse(ban=convert.ban(ban))
