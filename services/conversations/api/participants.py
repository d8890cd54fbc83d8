"""The Participants service."""

from chassis.call import caller
from chassis.database import Database, Once
from chassis.paging import Pager, size
from chassis.rpc.interceptor import Context
from messaging.conversations.v1 import participants_pb2 as pb
from messaging.conversations.v1 import participants_pb2_grpc as rpc
from services.conversations.api import convert
from services.conversations.api.newcomers import Newcomers
from services.conversations.domain import participants
from services.conversations.model.ids import UserId
from services.conversations.model.limits import Limits
from services.conversations.model.participants import Participant
from services.conversations.model.permissions import Role


class ParticipantsServicer(rpc.ParticipantsServicer):
    """Who takes part in a group, and as what."""

    def __init__(self, database: Database, newcomers: Newcomers, pager: Pager, limits: Limits) -> None:
        self._database = database
        self._newcomers = newcomers
        self._pager = pager
        self._limits = limits

    async def AddParticipants(self, request: pb.AddParticipantsRequest, context: Context) -> pb.AddParticipantsResponse:
        """Refuses direct conversations, weak roles, people who are not there, and too many."""
        user_ids = [convert.user_id(text) for text in request.user_ids]
        return await self._database.run(
            participants.add,
            conversation_id=convert.conversation_id(request.conversation_id),
            actor_id=UserId(caller().user_id),
            user_ids=user_ids,
            role=Role(request.role or Role.MEMBER),
            newcomers=await self._newcomers.among(user_ids),
            limits=self._limits,
            once=Once.of(request, encode=_added, answer=pb.AddParticipantsResponse),
        )

    async def ListParticipants(
        self, request: pb.ListParticipantsRequest, context: Context
    ) -> pb.ListParticipantsResponse:
        """Refuses conversations that the caller is not in, and page tokens of other lists."""
        conversation_id = convert.conversation_id(request.conversation_id)
        filters = {"list": "participants", "conversation": conversation_id}
        page = await self._database.run(
            participants.list_participants,
            conversation_id=conversation_id,
            member_id=UserId(caller().user_id),
            cursor=self._pager.decode(request.page_token, filters),
            size=size(request.page_size),
        )
        return pb.ListParticipantsResponse(
            participants=map(convert.participant, page.rows),
            next_page_token=self._pager.encode(page.next, filters),
            previous_page_token=self._pager.encode(page.previous, filters),
        )

    async def UpdateParticipant(
        self, request: pb.UpdateParticipantRequest, context: Context
    ) -> pb.UpdateParticipantResponse:
        """Refuses direct conversations, weak roles, and to leave a group without an owner."""
        return await self._database.run(
            participants.change_role,
            conversation_id=convert.conversation_id(request.conversation_id),
            actor_id=UserId(caller().user_id),
            user_id=convert.user_id(request.user_id),
            role=Role(request.role),
            once=Once.of(request, encode=_updated, answer=pb.UpdateParticipantResponse),
        )

    async def RemoveParticipant(
        self, request: pb.RemoveParticipantRequest, context: Context
    ) -> pb.RemoveParticipantResponse:
        """Refuses direct conversations, weak roles, and to leave a group without an owner."""
        return await self._database.run(
            participants.remove,
            conversation_id=convert.conversation_id(request.conversation_id),
            actor_id=UserId(caller().user_id),
            user_id=convert.user_id(request.user_id),
            once=Once.of(request, encode=_removed, answer=pb.RemoveParticipantResponse),
        )


def _added(members: list[Participant]) -> pb.AddParticipantsResponse:
    return pb.AddParticipantsResponse(participants=map(convert.participant, members))


def _updated(member: Participant) -> pb.UpdateParticipantResponse:
    return pb.UpdateParticipantResponse(participant=convert.participant(member))


def _removed(_nothing: None) -> pb.RemoveParticipantResponse:
    return pb.RemoveParticipantResponse()
