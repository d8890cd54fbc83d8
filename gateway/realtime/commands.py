"""What clients may ask for over a socket: the payloads of commands, and what most of them do."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, Literal, TypeVar

from google.protobuf.field_mask_pb2 import FieldMask
from pydantic import BaseModel, Field, RootModel, ValidationError

from chassis.errors import InvalidRequest
from chassis.ids import uuid7
from gateway import exchange as exchanges
from gateway import views, violations
from gateway.clients import ConversationsClient
from gateway.realtime.payloads import Nothing
from gateway.rest.acknowledgements import Acknowledgement
from gateway.rest.messages import PRIORITIES, Message, MessageChange
from gateway.rest.models import Sent, SentId
from gateway.rest.reactions import ReactionChange
from gateway.rest.receipts import ReadReceipt, Receipt
from gateway.rest.sends import AddressedDraft, item
from gateway.views import View
from messaging.conversations.v1 import acknowledgements_pb2, messages_pb2, reactions_pb2, receipts_pb2

Payload = TypeVar("Payload", bound=BaseModel)

MAX_SEQ = 2**63 - 1
MAX_CONVERSATIONS = 20_000


class Renewal(Sent):
    """A fresh access token."""

    access: str = Field(min_length=1, max_length=4096)


class Positions(Sent):
    """What a client has already: the rev of each conversation that it knows."""

    epoch: str = Field("", max_length=64)
    revs: dict[SentId, Annotated[int, Field(ge=0, le=MAX_SEQ)]] = Field(default={}, max_length=MAX_CONVERSATIONS)


class Edit(MessageChange):
    """What shall be different about a message."""

    addressing = frozenset({"message_id", "etag"})

    message_id: SentId
    etag: str = Field("", max_length=64)


class Deletion(Sent):
    """A message to delete, for everyone or for oneself."""

    message_id: SentId
    scope: Literal["everyone", "me"] = "everyone"


class Remains(RootModel[Message | Nothing]):
    """The stub, or nothing where it was deleted for oneself."""


class Reacting(Sent):
    """An emoji to put on a message, or to take from it."""

    message_id: SentId
    emoji: str = Field(min_length=1, max_length=64, examples=["👍"])


class Notice(Sent):
    """A message of which one took notice."""

    message_id: SentId


class Position(Sent):
    """How far the caller has got."""

    conversation_id: SentId
    seq: int = Field(ge=0, le=MAX_SEQ)


class Availability(Sent):
    """Whether somebody is at this device. Whoever does not say so is, for as long as the connection lasts."""

    state: Literal["online", "away"]


class Place(Sent):
    """A conversation."""

    conversation_id: SentId


class Empty(Sent):
    """No field."""


def read(model: type[Payload], payload: dict[str, Any]) -> Payload:
    """Check a payload. Raises: InvalidRequest, naming each field that breaks a rule."""
    try:
        return model.model_validate(payload)
    except ValidationError as error:
        raise InvalidRequest(fields=violations.of(error.errors())) from error


def read_send(payload: dict[str, Any], sender_id: str) -> messages_pb2.SendItem:
    """Check what a client sends and address it. Raises: InvalidRequest."""
    draft = read(AddressedDraft, payload)
    return item(
        draft,
        sender_id=sender_id,
        conversation_id=draft.conversation_id.lower(),
        client_message_id=draft.client_message_id or uuid7(),
        request_id=uuid7(),
        traceparent=exchanges.traceparent(None),
    )


async def _edit(client: ConversationsClient, edit: Edit) -> View:
    given = edit.given()
    request = messages_pb2.EditMessageRequest(
        message_id=edit.message_id.lower(),
        content=edit.content,
        priority=PRIORITIES[edit.priority],
        is_important=edit.is_important,
        requires_acknowledgement=edit.requires_acknowledgement,
        update_mask=FieldMask(paths=list(given)),
        etag=edit.etag,
        request_id=uuid7(),
    )
    answer = await client.ask(client.messages.EditMessage, request)
    return views.message(answer.message)


async def _delete(client: ConversationsClient, deletion: Deletion) -> View:
    if deletion.scope == "me":
        hidden = messages_pb2.HideMessageRequest(message_id=deletion.message_id.lower())
        await client.ask(client.messages.HideMessage, hidden)
        return {}
    request = messages_pb2.DeleteMessageRequest(message_id=deletion.message_id.lower(), request_id=uuid7())
    answer = await client.ask(client.messages.DeleteMessage, request)
    return views.message(answer.message)


async def _react(client: ConversationsClient, reaction: Reacting) -> View:
    request = reactions_pb2.AddReactionRequest(
        message_id=reaction.message_id.lower(), emoji=reaction.emoji, request_id=uuid7()
    )
    answer = await client.ask(client.reactions.AddReaction, request)
    return views.reaction(answer.tally)


async def _take_back(client: ConversationsClient, reaction: Reacting) -> View:
    request = reactions_pb2.RemoveReactionRequest(
        message_id=reaction.message_id.lower(), emoji=reaction.emoji, request_id=uuid7()
    )
    answer = await client.ask(client.reactions.RemoveReaction, request)
    return views.reaction(answer.tally)


async def _acknowledge(client: ConversationsClient, notice: Notice) -> View:
    request = acknowledgements_pb2.AcknowledgeMessageRequest(message_id=notice.message_id.lower(), request_id=uuid7())
    answer = await client.ask(client.acknowledgements.AcknowledgeMessage, request)
    return views.acknowledgement(answer.acknowledgement)


async def _mark_read(client: ConversationsClient, position: Position) -> View:
    request = receipts_pb2.MarkReadRequest(conversation_id=position.conversation_id.lower(), seq=position.seq)
    answer = await client.ask(client.receipts.MarkRead, request)
    return {**views.receipt(answer.participant), "unread_count": answer.unread_count}


async def _mark_delivered(client: ConversationsClient, position: Position) -> View:
    request = receipts_pb2.MarkDeliveredRequest(conversation_id=position.conversation_id.lower(), seq=position.seq)
    answer = await client.ask(client.receipts.MarkDelivered, request)
    return views.receipt(answer.participant)


async def _type(client: ConversationsClient, place: Place, *, is_typing: bool) -> View:
    request = receipts_pb2.SetTypingRequest(conversation_id=place.conversation_id.lower(), is_typing=is_typing)
    await client.call(client.receipts.SetTyping, request)
    return {}


async def _ping(_client: ConversationsClient, _payload: Empty) -> View:
    return {}


@dataclass(frozen=True, slots=True)
class Handling:
    """How a command is obeyed, and what its payload and the payload of its `ack` look like."""

    payload: type[Any]
    obey: Callable[[ConversationsClient, Any], Awaitable[View]]
    answer: type[BaseModel]
    summary: str


COMMANDS: dict[str, Handling] = {
    "message.edit": Handling(Edit, _edit, Message, "Change a message of one's own"),
    "message.delete": Handling(
        Deletion, _delete, Remains, "Delete a message: for everyone, which answers the stub, or for oneself"
    ),
    "reaction.add": Handling(Reacting, _react, ReactionChange, "React to a message"),
    "reaction.remove": Handling(Reacting, _take_back, ReactionChange, "Take a reaction of one's own back"),
    "message.acknowledge": Handling(Notice, _acknowledge, Acknowledgement, "Acknowledge a message that asks for it"),
    "receipt.read": Handling(Position, _mark_read, ReadReceipt, "Move the own read position forward"),
    "receipt.delivered": Handling(Position, _mark_delivered, Receipt, "Move the own delivered position forward"),
    "typing.start": Handling(Place, partial(_type, is_typing=True), Nothing, "Say that one types"),
    "typing.stop": Handling(Place, partial(_type, is_typing=False), Nothing, "Say that one has stopped typing"),
    "ping": Handling(Empty, _ping, Nothing, "See whether the connection answers"),
}
