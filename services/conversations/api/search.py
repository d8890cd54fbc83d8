"""The Search service."""

from datetime import datetime
from typing import Any

from chassis.call import caller
from chassis.database import Database
from chassis.limits import Limit, RateLimiter
from chassis.paging import Cursor, Pager, size
from chassis.rpc.interceptor import Context
from messaging.conversations.v1 import search_pb2 as pb
from messaging.conversations.v1 import search_pb2_grpc as rpc
from services.conversations.api import convert
from services.conversations.domain import search
from services.conversations.model.ids import UserId
from services.conversations.model.search import Hit, Place, parse


class SearchServicer(rpc.SearchServicer):
    """Each search is one transaction that only reads."""

    def __init__(self, database: Database, pager: Pager, limiter: RateLimiter, limit: Limit) -> None:
        self._database = database
        self._pager = pager
        self._limiter = limiter
        self._limit = limit

    async def SearchMessages(self, request: pb.SearchMessagesRequest, context: Context) -> pb.SearchMessagesResponse:
        """Refuses those who search too often, searches for nothing, conversations that the caller is not in."""
        user_id = UserId(caller().user_id)
        await self._limiter.check(self._limit, user_id)
        conversation_id = convert.conversation_id(request.conversation_id) or None
        filters = {"list": "search", "user": user_id, "query": request.query, "conversation": conversation_id}
        found = await self._database.run(
            search.find,
            query=parse(request.query),
            member_id=user_id,
            conversation_id=conversation_id,
            place=_place(self._pager.decode(request.page_token, filters)),
            size=size(request.page_size),
        )
        return pb.SearchMessagesResponse(
            hits=map(_hit, found.hits),
            next_page_token=self._pager.encode(_cursor(found.next), filters),
            approximate=found.is_lenient,
        )


def _hit(hit: Hit) -> pb.SearchHit:
    runs = (pb.ExcerptRun(text=run.text, match=run.is_match) for run in hit.excerpt)
    return pb.SearchHit(message=convert.viewed(hit.viewed), excerpt=runs)


def _place(cursor: Cursor | None) -> Place | None:
    if cursor is None:
        return None
    at, *others = cursor.key
    return Place(datetime.fromisoformat(at), *others)


def _cursor(place: Place | None) -> Cursor | None:
    if place is None:
        return None
    key: tuple[Any, ...] = (
        place.at,
        place.before_id,
        place.after_score,
        place.after_id,
        place.is_lenient,
        place.is_by_age,
    )
    return Cursor(key)
