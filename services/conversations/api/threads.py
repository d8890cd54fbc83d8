"""The Threads service."""

from chassis.call import caller
from chassis.database import Database
from chassis.paging import Pager, size
from chassis.rpc.interceptor import Context
from messaging.conversations.v1 import threads_pb2 as pb
from messaging.conversations.v1 import threads_pb2_grpc as rpc
from services.conversations.api import convert
from services.conversations.domain import threads
from services.conversations.model.ids import UserId


class ThreadsServicer(rpc.ThreadsServicer):
    """Replies that belong together, and where their readers stand."""

    def __init__(self, database: Database, pager: Pager) -> None:
        self._database = database
        self._pager = pager

    async def ListReplies(self, request: pb.ListRepliesRequest, context: Context) -> pb.ListRepliesResponse:
        """Refuses messages that the caller cannot see, and page tokens of other lists."""
        message_id = convert.message_id(request.message_id)
        filters = {"list": "replies", "message": message_id, "user": caller().user_id}
        thread, page = await self._database.run(
            threads.list_replies,
            message_id=message_id,
            member_id=UserId(caller().user_id),
            cursor=self._pager.decode(request.page_token, filters),
            size=size(request.page_size),
        )
        return pb.ListRepliesResponse(
            thread=convert.thread(thread),
            messages=map(convert.viewed, page.rows),
            next_page_token=self._pager.encode(page.next, filters),
            previous_page_token=self._pager.encode(page.previous, filters),
        )

    async def SetThreadSubscription(
        self, request: pb.SetThreadSubscriptionRequest, context: Context
    ) -> pb.SetThreadSubscriptionResponse:
        """Refuses messages that the caller cannot see."""
        await self._database.run(
            threads.subscribe,
            message_id=convert.message_id(request.message_id),
            member_id=UserId(caller().user_id),
            is_subscribed=request.is_subscribed,
        )
        return pb.SetThreadSubscriptionResponse()

    async def MarkThreadRead(self, request: pb.MarkThreadReadRequest, context: Context) -> pb.MarkThreadReadResponse:
        """Refuses messages that the caller cannot see, and numbers that no message has yet."""
        standing = await self._database.run(
            threads.read,
            message_id=convert.message_id(request.message_id),
            member_id=UserId(caller().user_id),
            seq=request.seq,
        )
        return pb.MarkThreadReadResponse(read_seq=standing.read_seq, unread_count=standing.unread_count)
