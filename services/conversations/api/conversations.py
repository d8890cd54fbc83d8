"""The Conversations service."""

from typing import Any, Literal, cast

from chassis.call import caller, current
from chassis.database import Database, Once
from chassis.paging import Pager, size
from chassis.rpc.interceptor import Context
from messaging.conversations.v1 import conversations_pb2 as pb
from messaging.conversations.v1 import conversations_pb2_grpc as rpc
from services.conversations.api import convert
from services.conversations.api.newcomers import Newcomers
from services.conversations.domain import changes, conversations, participants
from services.conversations.model.conversations import (
    Conversation,
    ConversationKind,
    HistoryVisibility,
    MemberView,
    PostingPolicy,
)
from services.conversations.model.ids import UserId
from services.conversations.model.limits import Limits
from services.conversations.store import conversations as store
from services.conversations.store import views

# Filters of a list that are left out, yes or no.
_FLAGS: tuple[Literal["is_unread", "is_archived", "is_pinned"], ...] = ("is_unread", "is_archived", "is_pinned")


class ConversationsServicer(rpc.ConversationsServicer):
    """What members do with whole conversations; others never learn that one exists."""

    def __init__(self, database: Database, newcomers: Newcomers, pager: Pager, limits: Limits) -> None:
        self._database = database
        self._newcomers = newcomers
        self._pager = pager
        self._limits = limits

    async def CreateConversation(
        self, request: pb.CreateConversationRequest, context: Context
    ) -> pb.CreateConversationResponse:
        """Refuses people who are not there or blocked, and too many."""
        creator_id = UserId(caller().user_id)
        participant_ids = [convert.user_id(text) for text in request.participant_ids]
        newcomers = await self._newcomers.among([creator_id, *participant_ids])
        arguments: dict[str, Any] = {
            "creator_id": creator_id,
            "title": request.title,
            "description": request.description,
            "is_public": request.is_public,
            "history_visibility": HistoryVisibility(request.history_visibility or HistoryVisibility.ALL),
            "participant_ids": participant_ids,
            "newcomers": newcomers,
            "once": Once.of(request, encode=_created, answer=pb.CreateConversationResponse),
        }
        if request.kind == pb.CONVERSATION_KIND_DIRECT:
            return await self._database.run(conversations.create_direct, **arguments)
        return await self._database.run(
            conversations.create_group,
            kind=ConversationKind(request.kind),
            limits=self._limits,
            **arguments,
        )

    async def GetConversation(self, request: pb.GetConversationRequest, context: Context) -> pb.GetConversationResponse:
        """Refuses conversations that the caller is not in."""
        view = await self._database.run(
            views.view,
            conversation_id=convert.conversation_id(request.conversation_id),
            member_id=UserId(caller().user_id),
        )
        return pb.GetConversationResponse(conversation=convert.view(view))

    async def ListConversations(
        self, request: pb.ListConversationsRequest, context: Context
    ) -> pb.ListConversationsResponse:
        """Refuses page tokens of other lists."""
        flags: dict[str, bool] = {name: getattr(request, name) for name in _FLAGS if request.HasField(name)}
        filters: dict[str, Any] = {
            "list": "conversations",
            "user": caller().user_id,
            "kind": request.kind,
            "title": request.title_query,
            **flags,
        }
        page = await self._database.run(
            views.page,
            member_id=UserId(caller().user_id),
            kind=ConversationKind(request.kind) if request.kind else None,
            title_query=request.title_query,
            flags=flags,
            cursor=self._pager.decode(request.page_token, filters),
            size=size(request.page_size),
        )
        return pb.ListConversationsResponse(
            conversations=map(convert.view, page.rows),
            next_page_token=self._pager.encode(page.next, filters),
            previous_page_token=self._pager.encode(page.previous, filters),
        )

    async def UpdateConversation(
        self, request: pb.UpdateConversationRequest, context: Context
    ) -> pb.UpdateConversationResponse:
        """Refuses direct conversations, weak roles and old etags."""
        settings: dict[str, Any] = {
            "title": request.title,
            "description": request.description,
            "is_public": request.is_public,
            "history_visibility": HistoryVisibility(request.history_visibility or HistoryVisibility.ALL),
            "posting_policy": PostingPolicy(request.posting_policy or PostingPolicy.MEMBERS),
            "slow_mode_seconds": request.slow_mode_seconds,
        }
        return await self._database.run(
            conversations.update,
            conversation_id=convert.conversation_id(request.conversation_id),
            actor_id=UserId(caller().user_id),
            given={name: settings[name] for name in request.update_mask.paths},
            etag=request.etag,
            once=Once.of(request, encode=_updated, answer=pb.UpdateConversationResponse),
        )

    async def ListPublicConversations(
        self, request: pb.ListPublicConversationsRequest, context: Context
    ) -> pb.ListPublicConversationsResponse:
        """Refuses page tokens of other lists."""
        filters = {"list": "public", "query": request.query}
        page = await self._database.run(
            store.page_of_public,
            query=request.query,
            cursor=self._pager.decode(request.page_token, filters),
            size=size(request.page_size),
        )
        return pb.ListPublicConversationsResponse(
            conversations=map(_public, page.rows),
            next_page_token=self._pager.encode(page.next, filters),
            previous_page_token=self._pager.encode(page.previous, filters),
        )

    async def JoinConversation(
        self, request: pb.JoinConversationRequest, context: Context
    ) -> pb.JoinConversationResponse:
        """Refuses private conversations, banned people, and too many."""
        user_id = UserId(caller().user_id)
        return await self._database.run(
            participants.join,
            conversation_id=convert.conversation_id(request.conversation_id),
            user_id=user_id,
            newcomers=await self._newcomers.among([user_id]),
            limits=self._limits,
            once=Once.of(request, encode=_joined, answer=pb.JoinConversationResponse),
        )

    async def TransferOwnership(
        self, request: pb.TransferOwnershipRequest, context: Context
    ) -> pb.TransferOwnershipResponse:
        """Refuses direct conversations, all but owners, and people who do not take part."""
        return await self._database.run(
            participants.transfer,
            conversation_id=convert.conversation_id(request.conversation_id),
            actor_id=UserId(caller().user_id),
            user_id=convert.user_id(request.user_id),
            once=Once.of(request, encode=_transferred, answer=pb.TransferOwnershipResponse),
        )

    async def DeleteConversation(
        self, request: pb.DeleteConversationRequest, context: Context
    ) -> pb.DeleteConversationResponse:
        """Refuses all but a group's owner."""
        return await self._database.run(
            conversations.delete,
            conversation_id=convert.conversation_id(request.conversation_id),
            actor_id=UserId(caller().user_id),
            once=Once.of(
                request, encode=lambda _: pb.DeleteConversationResponse(), answer=pb.DeleteConversationResponse
            ),
        )

    async def ListChanges(self, request: pb.ListChangesRequest, context: Context) -> pb.ListChangesResponse:
        """Refuses conversations that the acting member is not in."""
        acting = current().caller
        found = await self._database.run(
            changes.list_changes,
            conversation_id=convert.conversation_id(request.conversation_id),
            after_rev=request.after_rev,
            member_id=UserId(acting.user_id) if acting else None,
        )
        return convert.changes(found)

    async def ListMemberships(self, request: pb.ListMembershipsRequest, context: Context) -> pb.ListMembershipsResponse:
        """Refuses nobody."""
        found, epoch = await self._database.run(store.memberships, member_id=UserId(caller().user_id))
        return pb.ListMembershipsResponse(memberships=convert.revisions(found), epoch=epoch)

    async def GetRevisions(self, request: pb.GetRevisionsRequest, context: Context) -> pb.GetRevisionsResponse:
        """Refuses nobody: revisions tell nothing."""
        conversation_ids = [convert.conversation_id(text) for text in request.conversation_ids]
        found, epoch = await self._database.run(store.revisions, conversation_ids=conversation_ids)
        return pb.GetRevisionsResponse(revisions=convert.revisions(found), epoch=epoch)


def _created(result: tuple[MemberView, bool]) -> pb.CreateConversationResponse:
    view, is_new = result
    return pb.CreateConversationResponse(conversation=convert.view(view), created=is_new)


def _updated(view: MemberView) -> pb.UpdateConversationResponse:
    return pb.UpdateConversationResponse(conversation=convert.view(view))


def _joined(view: MemberView) -> pb.JoinConversationResponse:
    return pb.JoinConversationResponse(conversation=convert.view(view))


def _transferred(view: MemberView) -> pb.TransferOwnershipResponse:
    return pb.TransferOwnershipResponse(conversation=convert.view(view))


def _public(source: Conversation) -> pb.PublicConversation:
    """As those see it who are not in it."""
    return pb.PublicConversation(
        conversation_id=source.conversation_id,
        kind=cast("pb.ConversationKind.ValueType", source.kind),
        title=source.title,
        description=source.description,
        participant_count=source.participant_count,
        create_time=convert.time(source.created_at),
    )
