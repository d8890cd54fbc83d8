"""Events in: what happens elsewhere, and what it means here."""

from collections.abc import Callable
from functools import partial

from chassis.consumer import Handler
from chassis.database import Transaction
from messaging.auth.v1 import events_pb2 as auth
from messaging.chassis.v1.envelope_pb2 import Envelope
from messaging.conversations.v1 import conversations_pb2, messages_pb2, participants_pb2
from messaging.conversations.v1 import events_pb2 as conversations
from services.notifications.bus.people import People
from services.notifications.domain import mails, members, messages
from services.notifications.model.ids import ConversationId, MessageId, UserId
from services.notifications.model.members import Member, Position
from services.notifications.model.messages import Message

Notify = Callable[[Transaction, list[Message]], None]


def handlers(people: People) -> dict[str, Handler]:
    """Return the table: what is done about which event."""
    notify = partial(messages.notify, audience=people.audience)
    return {
        "messaging.conversations.v1.message_sent": partial(_message_sent, notify),
        "messaging.conversations.v1.message_edited": _message_edited,
        "messaging.conversations.v1.message_deleted": _message_deleted,
        "messaging.conversations.v1.member_added": partial(_member_added, people),
        "messaging.conversations.v1.member_removed": _member_removed,
        "messaging.conversations.v1.conversation_deleted": _conversation_deleted,
        "messaging.conversations.v1.read_moved": _read_moved,
        "messaging.auth.v1.account_registered": _account_registered,
        "messaging.auth.v1.verification_requested": _verification_requested,
    }


def _message_sent(notify: Notify, tx: Transaction, envelope: Envelope) -> None:
    # All messages of a batch cost as many statements as one.
    tx.gather(notify, _message(conversations.MessageSent.FromString(envelope.payload).message, envelope))


def _message_edited(tx: Transaction, envelope: Envelope) -> None:
    messages.revise(tx, _message(conversations.MessageEdited.FromString(envelope.payload).message, envelope))


def _message_deleted(tx: Transaction, envelope: Envelope) -> None:
    messages.retract(tx, MessageId(conversations.MessageDeleted.FromString(envelope.payload).message.message_id))


def _member_added(people: People, tx: Transaction, envelope: Envelope) -> None:
    event = conversations.MemberAdded.FromString(envelope.payload)
    members.add(
        tx,
        _member(event.participant, envelope, is_present=True),
        actor_id=UserId(envelope.actor_id) if envelope.actor_id else None,
        conversation_title=event.conversation.title,
        is_direct=event.conversation.kind == conversations_pb2.CONVERSATION_KIND_DIRECT,
        audience=people.audience,
    )


def _member_removed(tx: Transaction, envelope: Envelope) -> None:
    event = conversations.MemberRemoved.FromString(envelope.payload)
    members.remove(tx, _member(event.participant, envelope, is_present=False))


def _conversation_deleted(tx: Transaction, envelope: Envelope) -> None:
    event = conversations.ConversationDeleted.FromString(envelope.payload)
    members.forget(tx, ConversationId(event.conversation_id))


def _read_moved(tx: Transaction, envelope: Envelope) -> None:
    moved = conversations.ReadMoved.FromString(envelope.payload).participant
    position = Position(ConversationId(moved.conversation_id), UserId(moved.user_id), moved.read_seq)
    members.move_read(tx, [position])


def _account_registered(tx: Transaction, envelope: Envelope) -> None:
    mails.request_verification(tx, UserId(auth.AccountRegistered.FromString(envelope.payload).account_id))


def _verification_requested(tx: Transaction, envelope: Envelope) -> None:
    mails.request_verification(tx, UserId(auth.VerificationRequested.FromString(envelope.payload).account_id))


def _message(source: messages_pb2.Message, envelope: Envelope) -> Message:
    return Message(
        message_id=MessageId(source.message_id),
        conversation_id=ConversationId(source.conversation_id),
        seq=source.seq,
        sender_id=UserId(source.sender_id),
        content=source.content,
        traceparent=envelope.traceparent,
    )


def _member(source: participants_pb2.Participant, envelope: Envelope, *, is_present: bool) -> Member:
    return Member(
        conversation_id=ConversationId(source.conversation_id),
        user_id=UserId(source.user_id),
        is_present=is_present,
        read_seq=source.read_seq,
        rev=envelope.aggregate_rev,
    )
