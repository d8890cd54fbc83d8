"""The Polls service."""

from chassis.call import caller
from chassis.database import Database, Once
from chassis.paging import Pager, size
from chassis.rpc.interceptor import Context
from messaging.conversations.v1 import polls_pb2 as pb
from messaging.conversations.v1 import polls_pb2_grpc as rpc
from services.conversations.api import convert
from services.conversations.domain import polls
from services.conversations.model.ids import UserId
from services.conversations.model.polls import Ballot


class PollsServicer(rpc.PollsServicer):
    """Votes."""

    def __init__(self, database: Database, pager: Pager) -> None:
        self._database = database
        self._pager = pager

    async def Vote(self, request: pb.VoteRequest, context: Context) -> pb.VoteResponse:
        """Refuses those who may not react, closed polls, and options that the poll does not have or take."""
        return await self._database.run(
            polls.vote,
            message_id=convert.message_id(request.message_id),
            user_id=UserId(caller().user_id),
            options=list(request.options),
            once=Once.of(request, encode=_voted, answer=pb.VoteResponse),
        )

    async def RetractVote(self, request: pb.RetractVoteRequest, context: Context) -> pb.RetractVoteResponse:
        """Refuses those who may not react, and closed polls."""
        return await self._database.run(
            polls.retract,
            message_id=convert.message_id(request.message_id),
            user_id=UserId(caller().user_id),
            once=Once.of(request, encode=_retracted, answer=pb.RetractVoteResponse),
        )

    async def ListVotes(self, request: pb.ListVotesRequest, context: Context) -> pb.ListVotesResponse:
        """Refuses anonymous polls and page tokens of other lists."""
        message_id = convert.message_id(request.message_id)
        filters = {"list": "votes", "message": message_id}
        page = await self._database.run(
            polls.list_votes,
            message_id=message_id,
            member_id=UserId(caller().user_id),
            cursor=self._pager.decode(request.page_token, filters),
            size=size(request.page_size),
        )
        return pb.ListVotesResponse(
            votes=map(convert.vote, page.rows),
            next_page_token=self._pager.encode(page.next, filters),
            previous_page_token=self._pager.encode(page.previous, filters),
        )

    async def ClosePoll(self, request: pb.ClosePollRequest, context: Context) -> pb.ClosePollResponse:
        """Refuses everybody but the author and moderators."""
        return await self._database.run(
            polls.close,
            message_id=convert.message_id(request.message_id),
            actor_id=UserId(caller().user_id),
            once=Once.of(request, encode=_closed, answer=pb.ClosePollResponse),
        )


def _voted(ballot: Ballot) -> pb.VoteResponse:
    return pb.VoteResponse(ballot=convert.ballot(ballot))


def _retracted(ballot: Ballot) -> pb.RetractVoteResponse:
    return pb.RetractVoteResponse(ballot=convert.ballot(ballot))


def _closed(ballot: Ballot) -> pb.ClosePollResponse:
    return pb.ClosePollResponse(ballot=convert.ballot(ballot))
