"""The Participants service."""

from typing import Any

from chassis.call import caller
from chassis.database import Database, Once
from chassis.paging import Pager, size
from chassis.rpc.interceptor import Context
from messaging.conversations.v1 import participants_pb2 as pb
from messaging.conversations.v1 import participants_pb2_grpc as rpc
from services.conversations.api import convert
from services.conversations.api.newcomers import Newcomers
from services.conversations.domain import memberships, participants
from services.conversations.model.ids import UserId
from services.conversations.model.limits import Limits
from services.conversations.model.participants import NotificationLevel, Participant, Settings
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
        given: dict[str, Any] = {}
        if "role" in request.update_mask.paths:
            given["role"] = Role(request.role or Role.MEMBER)
        if "mute_time" in request.update_mask.paths:
            given["muted_until"] = convert.moment_in(request, "mute_time")
        return await self._database.run(
            participants.update,
            conversation_id=convert.conversation_id(request.conversation_id),
            actor_id=UserId(caller().user_id),
            user_id=convert.user_id(request.user_id),
            given=given,
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

    async def UpdateMembership(
        self, request: pb.UpdateMembershipRequest, context: Context
    ) -> pb.UpdateMembershipResponse:
        """Refuses conversations that the caller is not in."""
        settings: dict[str, Any] = {
            "snooze_time": ("snoozed_until", convert.moment_in(request, "snooze_time")),
            "notification_level": (
                "notification_level",
                NotificationLevel(request.notification_level or NotificationLevel.ALL),
            ),
            "is_pinned": ("is_pinned", request.is_pinned),
            "is_archived": ("is_archived", request.is_archived),
        }
        paths = set(request.update_mask.paths)
        return await self._database.run(
            memberships.update,
            conversation_id=convert.conversation_id(request.conversation_id),
            user_id=UserId(caller().user_id),
            settings=dict(settings[path] for path in paths - {"nickname"}),
            nickname=request.nickname.strip() if "nickname" in paths else None,
            once=Once.of(request, encode=_set, answer=pb.UpdateMembershipResponse),
        )


def _added(members: list[Participant]) -> pb.AddParticipantsResponse:
    return pb.AddParticipantsResponse(participants=map(convert.participant, members))


def _updated(member: Participant) -> pb.UpdateParticipantResponse:
    return pb.UpdateParticipantResponse(participant=convert.participant(member))


def _set(membership: tuple[Participant, Settings]) -> pb.UpdateMembershipResponse:
    member, settings = membership
    return pb.UpdateMembershipResponse(participant=convert.participant(member), settings=convert.settings(settings))


def _removed(_nothing: None) -> pb.RemoveParticipantResponse:
    return pb.RemoveParticipantResponse()
