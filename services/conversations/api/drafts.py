"""The Drafts service."""

from chassis.call import caller
from chassis.database import Database, Once
from chassis.rpc.interceptor import Context
from messaging.conversations.v1 import drafts_pb2 as pb
from messaging.conversations.v1 import drafts_pb2_grpc as rpc
from services.conversations.api import convert
from services.conversations.domain import drafts
from services.conversations.model.drafts import SavedDraft
from services.conversations.model.ids import UserId
from services.conversations.model.limits import Limits


class DraftsServicer(rpc.DraftsServicer):
    """What the caller has begun to write."""

    def __init__(self, database: Database, limits: Limits) -> None:
        self._database = database
        self._limits = limits

    async def SaveDraft(self, request: pb.SaveDraftRequest, context: Context) -> pb.SaveDraftResponse:
        """Refuses conversations that the caller is not in, texts that cannot be sent, answers to nothing."""
        return await self._database.run(
            drafts.save,
            conversation_id=convert.conversation_id(request.conversation_id),
            user_id=UserId(caller().user_id),
            content=request.content,
            reply_to_id=convert.message_id(request.reply_to_id) if request.reply_to_id else None,
            limits=self._limits,
            once=Once.of(request, encode=_saved, answer=pb.SaveDraftResponse),
        )

    async def GetDraft(self, request: pb.GetDraftRequest, context: Context) -> pb.GetDraftResponse:
        """Refuses conversations that the caller is not in."""
        draft = await self._database.run(
            drafts.get,
            conversation_id=convert.conversation_id(request.conversation_id),
            user_id=UserId(caller().user_id),
        )
        return pb.GetDraftResponse(draft=convert.saved_draft(draft))

    async def DeleteDraft(self, request: pb.DeleteDraftRequest, context: Context) -> pb.DeleteDraftResponse:
        """Refuses conversations that the caller is not in."""
        return await self._database.run(
            drafts.delete,
            conversation_id=convert.conversation_id(request.conversation_id),
            user_id=UserId(caller().user_id),
            once=Once.of(request, encode=_deleted, answer=pb.DeleteDraftResponse),
        )


def _saved(draft: SavedDraft) -> pb.SaveDraftResponse:
    return pb.SaveDraftResponse(draft=convert.saved_draft(draft))


def _deleted(_: None) -> pb.DeleteDraftResponse:
    return pb.DeleteDraftResponse()
