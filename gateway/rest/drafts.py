"""What people have begun to write, on whichever of their devices."""

from fastapi import APIRouter, Response
from pydantic import Field

from gateway import views
from gateway.rest.answers import Json, nothing
from gateway.rest.backend import Backend, request_id
from gateway.rest.models import ConversationId, Id, Sent, SentId, Shown, Time
from gateway.rest.problems import problems
from gateway.rest.route import SignedInRoute
from messaging.conversations.v1 import drafts_pb2 as pb

router = APIRouter(
    prefix="/api/v1/conversations/{conversation_id:id}/draft", tags=["Messages"], route_class=SignedInRoute
)


class DraftText(Sent):
    """What there is so far; with a message to answer the text may be empty."""

    content: str = Field(max_length=16_000, examples=["Dear"])
    reply_to_id: SentId | None = Field(None, description="The message that it answers")


class SavedDraft(Shown):
    """What was begun."""

    conversation_id: Id
    content: str = Field(examples=["Dear"])
    reply_to_id: Id | None = Field(examples=[None])
    updated_at: Time


@router.put(
    "/",
    summary="Save my draft",
    response_model=SavedDraft,
    responses=problems(
        "conversation_not_found", "message_too_long", "message_content_invalid", "reply_target_unavailable"
    ),
)
async def save(conversation_id: ConversationId, sent: DraftText, clients: Backend) -> Response:
    """In place of the one before, and on all my devices. Of two at once the later one stays, and both are answered it.

    Sending a message leaves it: the client deletes what it has sent.
    """
    answer = await clients.conversations.ask(
        clients.conversations.drafts.SaveDraft,
        pb.SaveDraftRequest(
            conversation_id=conversation_id,
            content=sent.content,
            reply_to_id=(sent.reply_to_id or "").lower(),
            request_id=request_id(None),
        ),
    )
    return Json(views.draft(answer.draft))


@router.get(
    "/",
    summary="Show my draft",
    response_model=SavedDraft,
    responses=problems("conversation_not_found", "draft_not_found"),
)
async def show(conversation_id: ConversationId, clients: Backend) -> Response:
    """As it was last saved on any device."""
    answer = await clients.conversations.ask(
        clients.conversations.drafts.GetDraft, pb.GetDraftRequest(conversation_id=conversation_id)
    )
    return Json(views.draft(answer.draft))


@router.delete("/", summary="Delete my draft", status_code=204, responses=problems("conversation_not_found"))
async def delete(conversation_id: ConversationId, clients: Backend) -> Response:
    """On all my devices; does nothing where there is none."""
    await clients.conversations.ask(
        clients.conversations.drafts.DeleteDraft,
        pb.DeleteDraftRequest(conversation_id=conversation_id, request_id=request_id(None)),
    )
    return nothing()
