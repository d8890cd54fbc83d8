"""Events in: what happens elsewhere, and what it means here."""

from collections.abc import Callable
from datetime import UTC
from functools import partial

from chassis.consumer import Handler
from chassis.database import Transaction
from messaging.auth.v1 import events_pb2 as auth
from messaging.chassis.v1.envelope_pb2 import Envelope
from messaging.conversations.v1 import conversations_pb2, messages_pb2, participants_pb2
from messaging.conversations.v1 import events_pb2 as conversations
from messaging.users.v1 import events_pb2 as users
from services.notifications.bus.people import People
from services.notifications.domain import acknowledgements, mails, members, messages, threads
from services.notifications.model.ids import ConversationId, MessageId, UserId
from services.notifications.model.members import Audience, Level, Member, Position, Settings
from services.notifications.model.messages import Mentions, Message
from services.notifications.store import blocks

Notify = Callable[[Transaction, list[Message]], None]


def handlers(people: People) -> dict[str, Handler]:
    """Return the table: what is done about which event."""
    notify = partial(messages.notify, audience=people.audience)
    return {
        "messaging.conversations.v1.message_sent": partial(_message_sent, notify),
        "messaging.conversations.v1.message_edited": partial(_message_edited, people.audience),
        "messaging.conversations.v1.message_deleted": _message_deleted,
        "messaging.conversations.v1.message_hidden": _message_hidden,
        "messaging.conversations.v1.member_added": partial(_member_added, people),
        "messaging.conversations.v1.member_removed": _member_removed,
        "messaging.conversations.v1.conversation_deleted": _conversation_deleted,
        "messaging.conversations.v1.read_moved": _read_moved,
        "messaging.conversations.v1.settings_changed": _settings_changed,
        "messaging.conversations.v1.thread_changed": _thread_changed,
        "messaging.conversations.v1.acknowledgement_due": partial(_acknowledgement_due, people.audience),
        "messaging.conversations.v1.acknowledged": _acknowledged,
        "messaging.users.v1.user_blocked": _user_blocked,
        "messaging.users.v1.user_unblocked": _user_unblocked,
        "messaging.auth.v1.account_registered": _account_registered,
        "messaging.auth.v1.verification_requested": _verification_requested,
    }


def _message_sent(notify: Notify, tx: Transaction, envelope: Envelope) -> None:
    # All messages of a batch cost as many statements as one.
    event = conversations.MessageSent.FromString(envelope.payload)
    tx.gather(notify, _message(event.message, envelope, thread_author_id=event.thread_author_id))


def _message_edited(audience: Audience, tx: Transaction, envelope: Envelope) -> None:
    event = conversations.MessageEdited.FromString(envelope.payload)
    messages.revise(
        tx,
        _message(event.message, envelope),
        before=Mentions(frozenset(map(UserId, event.previous_mentioned_ids)), event.previously_mentioned_all),
        was_acknowledgement_required=event.previously_required_acknowledgement,
        hidden_from=frozenset(map(UserId, event.hidden_from_ids)),
        audience=audience,
    )


def _message_deleted(tx: Transaction, envelope: Envelope) -> None:
    messages.retract(tx, _message(conversations.MessageDeleted.FromString(envelope.payload).message, envelope))


def _message_hidden(tx: Transaction, envelope: Envelope) -> None:
    event = conversations.MessageHidden.FromString(envelope.payload)
    messages.hide(tx, message_id=MessageId(event.message_id), user_id=UserId(envelope.aggregate_id))


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


def _settings_changed(tx: Transaction, envelope: Envelope) -> None:
    event = conversations.SettingsChanged.FromString(envelope.payload)
    chosen = event.settings
    settings = Settings(
        conversation_id=ConversationId(event.conversation_id),
        user_id=UserId(envelope.aggregate_id),
        level=Level(chosen.notification_level or Level.ALL),
        snoozed_until=chosen.snooze_time.ToDatetime(UTC) if chosen.HasField("snooze_time") else None,
    )
    members.choose(tx, settings)


def _thread_changed(tx: Transaction, envelope: Envelope) -> None:
    event = conversations.ThreadChanged.FromString(envelope.payload)
    threads.follow(
        tx,
        root_id=MessageId(event.root_id),
        user_id=UserId(envelope.aggregate_id),
        conversation_id=ConversationId(event.conversation_id),
        is_following=event.is_subscribed,
    )


def _acknowledgement_due(audience: Audience, tx: Transaction, envelope: Envelope) -> None:
    event = conversations.AcknowledgementDue.FromString(envelope.payload)
    user_ids = [UserId(user_id) for user_id in event.user_ids]
    acknowledgements.remind(tx, _message(event.message, envelope), user_ids, audience=audience)


def _acknowledged(tx: Transaction, envelope: Envelope) -> None:
    event = conversations.Acknowledged.FromString(envelope.payload)
    acknowledgements.settle(tx, message_id=MessageId(event.message_id), user_id=UserId(envelope.aggregate_id))


def _user_blocked(tx: Transaction, envelope: Envelope) -> None:
    event = users.UserBlocked.FromString(envelope.payload)
    blocks.block(tx, UserId(event.user_id), UserId(event.blocked_user_id))


def _user_unblocked(tx: Transaction, envelope: Envelope) -> None:
    event = users.UserUnblocked.FromString(envelope.payload)
    blocks.unblock(tx, UserId(event.user_id), UserId(event.blocked_user_id))


def _account_registered(tx: Transaction, envelope: Envelope) -> None:
    mails.request_verification(tx, UserId(auth.AccountRegistered.FromString(envelope.payload).account_id))


def _verification_requested(tx: Transaction, envelope: Envelope) -> None:
    mails.request_verification(tx, UserId(auth.VerificationRequested.FromString(envelope.payload).account_id))


def _message(source: messages_pb2.Message, envelope: Envelope, *, thread_author_id: str = "") -> Message:
    return Message(
        message_id=MessageId(source.message_id),
        conversation_id=ConversationId(source.conversation_id),
        seq=source.seq,
        sender_id=UserId(source.sender_id),
        content=source.content,
        told_at=envelope.occurred_time.ToDatetime(UTC),
        mentions=Mentions(frozenset(map(UserId, source.mentioned_ids)), source.mentions_all),
        requires_acknowledgement=source.requires_acknowledgement,
        thread_root_id=MessageId(source.thread_root_id) if source.thread_root_id else None,
        thread_author_id=UserId(thread_author_id) if thread_author_id else None,
        traceparent=envelope.traceparent,
    )


def _member(source: participants_pb2.Participant, envelope: Envelope, *, is_present: bool) -> Member:
    return Member(
        conversation_id=ConversationId(source.conversation_id),
        user_id=UserId(source.user_id),
        is_present=is_present,
        read_seq=source.read_seq,
        rev=envelope.aggregate_rev,
        visible_after=source.visible_after_seq,
    )
