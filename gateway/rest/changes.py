"""What has changed in a conversation since somebody last looked."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from pydantic import Field

from gateway import views
from gateway.rest.answers import entity
from gateway.rest.backend import Backend
from gateway.rest.conversations import SharedConversation
from gateway.rest.messages import SharedMessage
from gateway.rest.models import ConversationId, Id, Shown, Time
from gateway.rest.participants import Participant
from gateway.rest.problems import problems
from gateway.rest.route import SignedInRoute
from messaging.conversations.v1 import conversations_pb2 as pb

router = APIRouter(prefix="/api/v1/conversations", tags=["Conversations"], route_class=SignedInRoute)


class LoggedChange(Shown):
    """One shared change, with its target as it is now."""

    rev: int = Field(description="1, 2, 3 … within the conversation, without holes", examples=[21])
    kind: Literal[
        "conversation_created",
        "conversation_updated",
        "conversation_deleted",
        "message_sent",
        "message_edited",
        "message_deleted",
        "member_added",
        "member_removed",
        "membership_changed",
        "message_updated",
        "reaction_changed",
        "pin_changed",
    ]
    actor_id: Id | None = Field(description="Who did it")
    target_id: Id = Field(description="What it was done to: a message, a user or the conversation")
    target: SharedMessage | Participant | SharedConversation | None = Field(
        description="Null when it is not for this member"
    )
    created_at: Time


class Changes(Shown):
    """What happened after a revision."""

    mode: Literal["events", "compacted", "reset"] = Field(
        description="Every change in order; each changed thing once; or too much: fetch the conversation anew"
    )
    changes: list[LoggedChange]
    rev: int = Field(
        description="The conversation's revision; ask again after the last change's while that is below it"
    )


@router.get(
    "/{conversation_id:id}/changes/",
    summary="List what changed",
    response_model=Changes,
    responses=problems("conversation_not_found"),
)
async def list_all(
    conversation_id: ConversationId,
    clients: Backend,
    after_rev: Annotated[int, Query(ge=0, lt=2**63, description="The last revision that is known already")] = 0,
) -> Response:
    """What a client missed, in the order in which it happened."""
    answer = await clients.conversations.ask(
        clients.conversations.conversations.ListChanges,
        pb.ListChangesRequest(conversation_id=conversation_id, after_rev=after_rev),
    )
    shown = [views.change(item) for item in answer.changes]
    return entity({"mode": views.CHANGES_MODES[answer.mode], "changes": shown, "rev": answer.rev})
