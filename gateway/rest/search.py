"""Full-text search of messages."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from gateway import views
from gateway.rest.answers import page
from gateway.rest.backend import Backend
from gateway.rest.messages import Message
from gateway.rest.models import ConversationId, Page, Paged, Shown
from gateway.rest.problems import problems
from gateway.rest.route import SignedInRoute
from messaging.conversations.v1 import search_pb2 as pb

router = APIRouter(prefix="/api/v1", tags=["Messages"], route_class=SignedInRoute)

# A search gives up after so many seconds, and is not tried again: it would take as long once more.
_SECONDS = 3.0


class ExcerptRun(Shown):
    """A piece of an excerpt."""

    text: str = Field(description="Plain text, never markup; `…` where the message goes on", examples=["deployed"])
    is_match: bool = Field(description="Whether it is what was looked for")


class SearchHit(Shown):
    """A message that matches."""

    message: Message
    excerpt: list[ExcerptRun] = Field(
        description="The piece of its text about the first match in its first 4,000 characters: the texts of all "
        "runs, one after the other"
    )


class SearchPage(Page[SearchHit]):
    """A page of hits. It may be shorter than asked, even empty, while there is a next one."""

    is_approximate: bool = Field(
        description="Nothing matched as it was typed: words that look like it, or begin like it, stand for it"
    )


class SearchFilters(Paged):
    """What to look for."""

    q: str = Field(
        min_length=1,
        max_length=1000,
        description=(
            "Words, all of which must occur, in whichever form, case and accents the message has them; "
            '`"a phrase"`; `-excluded`; `from:@name`, `from:me`; `in:title`, `in:"a title"`; `before:2026-11-22`, '
            "`after:2026-11-22` (days of UTC, the latter included); `has:link`, `has:attachment`; `is:pinned`, "
            "`is:important`. What looks like another operator is words"
        ),
        examples=['"release plan" from:@ada after:2026-11-01 -draft'],
    )


@router.get(
    "/messages/search/",
    summary="Search messages of all my conversations",
    response_model=SearchPage,
    responses=problems("search_invalid", "invalid_page_token", "rate_limited"),
)
async def search(request: Request, filters: Annotated[SearchFilters, Query()], clients: Backend) -> Response:
    """What I may see at this moment: the best first among the newest matches, then the best among those before.

    Where nothing matches, words like those asked for stand for them. `previous` is always null.
    """
    return await _search(request, filters, clients, "")


@router.get(
    "/conversations/{conversation_id:id}/search/",
    summary="Search messages of a conversation",
    response_model=SearchPage,
    responses=problems("conversation_not_found", "search_invalid", "invalid_page_token", "rate_limited"),
)
async def search_conversation(
    conversation_id: ConversationId, request: Request, filters: Annotated[SearchFilters, Query()], clients: Backend
) -> Response:
    """As in all of them; `in:` has no meaning here."""
    return await _search(request, filters, clients, conversation_id)


async def _search(request: Request, filters: SearchFilters, clients: Backend, conversation_id: str) -> Response:
    answer = await clients.conversations.call(
        clients.conversations.search.SearchMessages,
        pb.SearchMessagesRequest(
            query=filters.q,
            conversation_id=conversation_id,
            page_size=filters.page_size,
            page_token=filters.cursor,
        ),
        timeout=_SECONDS,
    )
    return page(request, [views.hit(found) for found in answer.hits], answer, is_approximate=answer.approximate)
