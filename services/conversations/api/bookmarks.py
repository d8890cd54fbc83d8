"""The Bookmarks service."""

from chassis.call import caller
from chassis.database import Database, Once
from chassis.paging import Pager, size
from chassis.rpc.interceptor import Context
from messaging.conversations.v1 import bookmarks_pb2 as pb
from messaging.conversations.v1 import bookmarks_pb2_grpc as rpc
from services.conversations.api import convert
from services.conversations.domain import bookmarks
from services.conversations.model.ids import UserId
from services.conversations.store import bookmarks as store


class BookmarksServicer(rpc.BookmarksServicer):
    """What people keep at hand for themselves."""

    def __init__(self, database: Database, pager: Pager) -> None:
        self._database = database
        self._pager = pager

    async def AddBookmark(self, request: pb.AddBookmarkRequest, context: Context) -> pb.AddBookmarkResponse:
        """Refuses messages that the caller cannot see, deleted ones, and too many."""
        return await self._database.run(
            bookmarks.add,
            message_id=convert.message_id(request.message_id),
            user_id=UserId(caller().user_id),
            once=Once.of(request, encode=_added, answer=pb.AddBookmarkResponse),
        )

    async def RemoveBookmark(self, request: pb.RemoveBookmarkRequest, context: Context) -> pb.RemoveBookmarkResponse:
        """Refuses messages that the caller can neither see nor has bookmarked."""
        return await self._database.run(
            bookmarks.remove,
            message_id=convert.message_id(request.message_id),
            user_id=UserId(caller().user_id),
            once=Once.of(request, encode=_removed, answer=pb.RemoveBookmarkResponse),
        )

    async def ListBookmarks(self, request: pb.ListBookmarksRequest, context: Context) -> pb.ListBookmarksResponse:
        """Refuses page tokens of other lists."""
        user_id = UserId(caller().user_id)
        filters = {"list": "bookmarks", "user": user_id}
        page = await self._database.run(
            store.page,
            member_id=user_id,
            cursor=self._pager.decode(request.page_token, filters),
            size=size(request.page_size),
        )
        return pb.ListBookmarksResponse(
            bookmarks=map(convert.bookmark, page.rows),
            next_page_token=self._pager.encode(page.next, filters),
            previous_page_token=self._pager.encode(page.previous, filters),
        )


def _added(_: None) -> pb.AddBookmarkResponse:
    return pb.AddBookmarkResponse()


def _removed(_: None) -> pb.RemoveBookmarkResponse:
    return pb.RemoveBookmarkResponse()
