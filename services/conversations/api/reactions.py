"""The Reactions service."""

from chassis.call import caller
from chassis.database import Database, Once
from chassis.paging import Pager, size
from chassis.rpc.interceptor import Context
from messaging.conversations.v1 import reactions_pb2 as pb
from messaging.conversations.v1 import reactions_pb2_grpc as rpc
from services.conversations.api import convert
from services.conversations.domain import reactions
from services.conversations.model.ids import UserId
from services.conversations.model.reactions import Tally


class ReactionsServicer(rpc.ReactionsServicer):
    """What members put on messages."""

    def __init__(self, database: Database, pager: Pager) -> None:
        self._database = database
        self._pager = pager

    async def AddReaction(self, request: pb.AddReactionRequest, context: Context) -> pb.AddReactionResponse:
        """Refuses what is no emoji, those who may not react, and too many."""
        return await self._database.run(
            reactions.add,
            message_id=convert.message_id(request.message_id),
            user_id=UserId(caller().user_id),
            emoji=request.emoji,
            once=Once.of(request, encode=_added, answer=pb.AddReactionResponse),
        )

    async def RemoveReaction(self, request: pb.RemoveReactionRequest, context: Context) -> pb.RemoveReactionResponse:
        """Refuses messages that the caller cannot see."""
        return await self._database.run(
            reactions.remove,
            message_id=convert.message_id(request.message_id),
            user_id=UserId(caller().user_id),
            emoji=request.emoji,
            once=Once.of(request, encode=_removed, answer=pb.RemoveReactionResponse),
        )

    async def ListReactions(self, request: pb.ListReactionsRequest, context: Context) -> pb.ListReactionsResponse:
        """Refuses messages that the caller cannot see and page tokens of other lists."""
        message_id = convert.message_id(request.message_id)
        filters = {"list": "reactions", "message": message_id, "emoji": request.emoji}
        page = await self._database.run(
            reactions.list_reactions,
            message_id=message_id,
            emoji=request.emoji,
            member_id=UserId(caller().user_id),
            cursor=self._pager.decode(request.page_token, filters),
            size=size(request.page_size),
        )
        return pb.ListReactionsResponse(
            reactions=map(convert.reaction, page.rows),
            next_page_token=self._pager.encode(page.next, filters),
            previous_page_token=self._pager.encode(page.previous, filters),
        )


def _added(tally: Tally) -> pb.AddReactionResponse:
    return pb.AddReactionResponse(tally=convert.tally(tally))


def _removed(tally: Tally) -> pb.RemoveReactionResponse:
    return pb.RemoveReactionResponse(tally=convert.tally(tally))
