"""The table of roles and actions, cell by cell, by the verbs that it governs."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest

from chassis.rpc.status import RemoteFailure
from messaging.conversations.v1 import (
    acknowledgements_pb2,
    bans_pb2,
    conversations_pb2,
    invites_pb2,
    messages_pb2,
    participants_pb2,
    pins_pb2,
    polls_pb2,
    reactions_pb2,
)
from services.conversations.model.permissions import Action, Role
from tests.integration.conversations.conftest import Service, reasons
from tests.integration.conversations.marks import Marks
from tests.support.factories.conversations import settings_request
from tests.support.factories.messages import edit_request, item
from tests.support.factories.participants import hence, participant_request
from tests.unit.conversations.test_permissions import MAY

POLL = messages_pb2.PollDraft(options=["Tuesday", "Thursday"])


@dataclass
class Scene:
    """A group in which somebody of one role tries something; nobody else in it is stronger than read-only but one."""

    service: Service
    group: str
    actor: str
    reader: str
    newcomer: str
    own: str
    others: str

    async def ask(self, rpc: Callable[..., Any], request: Any) -> str:
        """The reason for which a verb is refused, or nothing."""
        try:
            await self.service.ask(rpc, request, by=self.actor)
        except RemoteFailure as failure:
            return failure.reason
        return ""

    async def mark(self, request: Any) -> str:
        """The same for what is attached to messages."""
        try:
            await Marks(self.service.channel).ask(request, by=self.actor)
        except RemoteFailure as failure:
            return failure.reason
        return ""

    async def write(self, setting: str = "") -> str:
        """The reason for which a message is refused while the group has a setting."""
        if setting:
            await self.service.rows(f"update conversations set {setting} where id = :id", id=self.group)
        return reasons(await self.service.send(item(self.actor, self.group)))[0]

    async def edit_late(self) -> str:
        """The reason for which an own message is not edited after a day."""
        await self.service.age(self.own, "1 day")
        return await self.ask(self.service.messages.EditMessage, edit_request(self.own, "Corrected"))

    def named(self, kind: Callable[..., Any], **fields: Any) -> Any:
        """A request that names the group."""
        return kind(conversation_id=self.group, **fields)


VERBS: dict[Action, Callable[[Scene], Awaitable[str]]] = {
    Action.WRITE: lambda s: s.write(),
    Action.WRITE_WHERE_RESTRICTED: lambda s: s.write("posting_policy = 2"),
    Action.IGNORE_SLOW_MODE: lambda s: s.write("slow_mode_seconds = 3600"),
    Action.REACT: lambda s: s.mark(reactions_pb2.AddReactionRequest(message_id=s.others, emoji="👍")),
    Action.PIN: lambda s: s.mark(pins_pb2.PinMessageRequest(message_id=s.others)),
    Action.DELETE_ANY_MESSAGE: lambda s: s.ask(
        s.service.messages.DeleteMessage, messages_pb2.DeleteMessageRequest(message_id=s.others)
    ),
    Action.IGNORE_WINDOWS: lambda s: s.edit_late(),
    Action.CLOSE_ANY_POLL: lambda s: s.mark(polls_pb2.ClosePollRequest(message_id=s.others)),
    Action.SEE_ACKNOWLEDGEMENTS: lambda s: s.mark(
        acknowledgements_pb2.ListAcknowledgementsRequest(message_id=s.others),
    ),
    Action.MUTE_PARTICIPANT: lambda s: s.ask(
        s.service.participants.UpdateParticipant, participant_request(s.group, s.reader, mute_time=hence(hours=1))
    ),
    Action.BAN_PARTICIPANT: lambda s: s.ask(s.service.bans.BanUser, s.named(bans_pb2.BanUserRequest, user_id=s.reader)),
    Action.REMOVE_PARTICIPANT: lambda s: s.ask(
        s.service.participants.RemoveParticipant,
        s.named(participants_pb2.RemoveParticipantRequest, user_id=s.reader),
    ),
    Action.ADD_PARTICIPANT: lambda s: s.ask(
        s.service.participants.AddParticipants,
        s.named(participants_pb2.AddParticipantsRequest, user_ids=[s.newcomer]),
    ),
    Action.INVITE: lambda s: s.ask(s.service.invites.CreateInvite, s.named(invites_pb2.CreateInviteRequest)),
    Action.CHANGE_ROLE: lambda s: s.ask(
        s.service.participants.UpdateParticipant,
        participant_request(s.group, s.reader, role=participants_pb2.ROLE_MODERATOR),
    ),
    Action.CHANGE_SETTINGS: lambda s: s.ask(
        s.service.conversations.UpdateConversation, settings_request(s.group, title="Boiler room")
    ),
    Action.TRANSFER_OWNERSHIP: lambda s: s.ask(
        s.service.conversations.TransferOwnership,
        s.named(conversations_pb2.TransferOwnershipRequest, user_id=s.reader),
    ),
    Action.DELETE_CONVERSATION: lambda s: s.ask(
        s.service.conversations.DeleteConversation, s.named(conversations_pb2.DeleteConversationRequest)
    ),
}
# Where the refusal says more than that the role is too weak; who may not write at all is told just that.
REFUSALS = {
    (Action.WRITE_WHERE_RESTRICTED, Role.MEMBER): "POSTING_RESTRICTED",
    (Action.IGNORE_SLOW_MODE, Role.MEMBER): "SLOW_MODE",
    **{
        (action, role): reason
        for action, reason in (
            (Action.DELETE_ANY_MESSAGE, "NOT_THE_AUTHOR"),
            (Action.CLOSE_ANY_POLL, "NOT_THE_AUTHOR"),
            (Action.IGNORE_WINDOWS, "EDIT_WINDOW_CLOSED"),
        )
        for role in (Role.MEMBER, Role.READONLY)
    },
}


async def scene(service: Service, role: Role) -> Scene:
    owner, actor, reader, newcomer = await service.people(4)
    group = await service.group(owner, actor, reader)
    poll: dict[str, Any] = {
        "message_type": messages_pb2.MESSAGE_TYPE_POLL,
        "poll": POLL,
        "requires_acknowledgement": True,
    }
    own, others = await service.send(item(actor, group), item(owner, group, **poll))
    statement = "update participants set role = :role where conversation_id = :id and user_id = :user_id"
    for user_id, given in ((actor, role), (reader, Role.READONLY)):
        await service.rows(statement, role=given.value, id=group, user_id=user_id)
    return Scene(service, group, actor, reader, newcomer, own.message.message_id, others.message.message_id)


@pytest.mark.parametrize("role", Role, ids=lambda role: role.name.lower())
@pytest.mark.parametrize("action", Action, ids=lambda action: action.name.lower())
async def test_each_cell_of_the_table_holds_for_its_verb(service: Service, action: Action, role: Role) -> None:
    refusal = await VERBS[action](await scene(service, role))

    expected = "" if role in MAY[action] else REFUSALS.get((action, role), "ROLE_INSUFFICIENT")
    assert refusal == expected
