"""Conversations that exist only in their events, numbered as the conversations service numbers them."""

import random
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from google.protobuf.message import Message

from chassis.ids import uuid7
from messaging.chassis.v1.envelope_pb2 import Envelope
from messaging.conversations.v1 import conversations_pb2, events_pb2, messages_pb2, participants_pb2
from tests.support.factories import envelopes


class Talk:
    """Each method makes the envelope of what happened and publishes nothing."""

    def __init__(self, *, title: str = "Engine room", is_direct: bool = False) -> None:
        self.conversation_id = uuid7()
        self.rev = 0
        self.seq = 0
        self._title = title
        self._kind = (
            conversations_pb2.CONVERSATION_KIND_DIRECT if is_direct else conversations_pb2.CONVERSATION_KIND_GROUP
        )

    def added(self, user_id: str, *, by: str = "", read_seq: int = 0, visible_after: int = 0) -> Envelope:
        """Somebody was brought in, by default by nobody in particular."""
        conversation = conversations_pb2.Conversation(
            conversation_id=self.conversation_id, kind=self._kind, title=self._title
        )
        participant = self._participant(user_id, read_seq)
        participant.visible_after_seq = visible_after
        event = events_pb2.MemberAdded(participant=participant, conversation=conversation)
        return self._shared("member_added", event, actor_id=by)

    def removed(self, user_id: str) -> Envelope:
        """Somebody left."""
        return self._shared("member_removed", events_pb2.MemberRemoved(participant=self._participant(user_id)))

    def sent(
        self, sender_id: str, content: str = "Are you there?", *, to: Envelope | None = None, **marks: Any
    ) -> Envelope:
        """Somebody wrote, perhaps in the thread of a message."""
        self.seq += 1
        message = messages_pb2.Message(
            message_id=uuid7(),
            conversation_id=self.conversation_id,
            seq=self.seq,
            sender_id=sender_id,
            message_type=messages_pb2.MESSAGE_TYPE_TEXT,
            content=content,
            **marks,
        )
        event = events_pb2.MessageSent(message=message)
        if to is not None:
            root = message_of(to)
            event.message.thread_root_id = root.message_id
            event.thread_author_id = root.sender_id
        return self._shared("message_sent", event, actor_id=sender_id)

    def edited(self, sent: Envelope, content: str = "", *, hidden_from: Sequence[str] = (), **marks: Any) -> Envelope:
        """The author replaced the text, whom it mentions or whether it is to be acknowledged."""
        before = message_of(sent)
        event = events_pb2.MessageEdited(
            message=before,
            previous_mentioned_ids=before.mentioned_ids,
            previously_mentioned_all=before.mentions_all,
            previously_required_acknowledgement=before.requires_acknowledgement,
            hidden_from_ids=hidden_from,
        )
        for name in marks:
            event.message.ClearField(name)  # type: ignore[arg-type]
        event.message.MergeFrom(messages_pb2.Message(content=content or before.content, **marks))
        return self._shared("message_edited", event, actor_id=before.sender_id)

    def deleted(self, sent: Envelope) -> Envelope:
        """Nothing but a stub is left."""
        message = message_of(sent)
        message.content = ""
        return self._shared("message_deleted", events_pb2.MessageDeleted(message=message), actor_id=message.sender_id)

    def hidden(self, sent: Envelope, user_id: str) -> Envelope:
        """Somebody deleted a message for themselves; told to them alone."""
        message_id = message_of(sent).message_id
        event = events_pb2.MessageHidden(conversation_id=self.conversation_id, message_id=message_id)
        return envelopes.envelope("message_hidden", user_id, event)

    def read(self, user_id: str, seq: int) -> Envelope:
        """Somebody's position moved; not a shared change."""
        event = events_pb2.ReadMoved(participant=self._participant(user_id, seq))
        return envelopes.envelope("read_moved", self.conversation_id, event)

    def due(self, sent: Envelope, *user_ids: str) -> Envelope:
        """Some have not acknowledged a message for long; not a shared change."""
        event = events_pb2.AcknowledgementDue(message=message_of(sent), user_ids=user_ids)
        return envelopes.envelope("acknowledgement_due", self.conversation_id, event)

    def acknowledged(self, sent: Envelope, user_id: str) -> Envelope:
        """Somebody acknowledged a message; told to them alone."""
        message_id = message_of(sent).message_id
        event = events_pb2.Acknowledged(conversation_id=self.conversation_id, message_id=message_id)
        return envelopes.envelope("acknowledged", user_id, event)

    def chosen(
        self, user_id: str, level: int = participants_pb2.NOTIFICATION_LEVEL_ALL, *, until: datetime | None = None
    ) -> Envelope:
        """Somebody set of what to be notified; told to them alone."""
        settings = participants_pb2.MembershipSettings(notification_level=level)  # type: ignore[arg-type]
        if until is not None:
            settings.snooze_time.FromDatetime(until)
        event = events_pb2.SettingsChanged(conversation_id=self.conversation_id, settings=settings)
        return envelopes.envelope("settings_changed", user_id, event)

    def followed(self, user_id: str, root: Envelope, *, is_subscribed: bool) -> Envelope:
        """Somebody follows a thread, or no longer wants to; told to them alone."""
        root_id = message_of(root).message_id
        event = events_pb2.ThreadChanged(
            conversation_id=self.conversation_id, root_id=root_id, is_subscribed=is_subscribed
        )
        return envelopes.envelope("thread_changed", user_id, event)

    def ended(self) -> Envelope:
        """It was deleted for all."""
        event = events_pb2.ConversationDeleted(conversation_id=self.conversation_id)
        return self._shared("conversation_deleted", event)

    def _participant(self, user_id: str, read_seq: int = 0) -> participants_pb2.Participant:
        return participants_pb2.Participant(
            conversation_id=self.conversation_id,
            user_id=user_id,
            role=participants_pb2.ROLE_MEMBER,
            read_seq=read_seq,
        )

    def _shared(self, kind: str, event: Message, *, actor_id: str = "") -> Envelope:
        self.rev += 1
        made = envelopes.envelope(kind, self.conversation_id, event)
        made.aggregate_rev = self.rev
        made.actor_id = actor_id
        return made


def message_of(sent: Envelope) -> messages_pb2.Message:
    """The message that an envelope of a talk is about."""
    return events_pb2.MessageSent.FromString(sent.payload).message


def history(members: int = 4, messages: int = 10) -> tuple[str, str, list[Envelope]]:
    """A talk in which the first writes and the last misses all of it: both, and the events."""
    talk = Talk()
    people = [uuid7() for _ in range(members)]
    told = [talk.added(person, by=person) for person in people]
    told += [talk.sent(people[0], str(number)) for number in range(1, messages + 1)]
    return people[0], people[-1], told


def shuffled(*histories: list[Envelope]) -> list[Envelope]:
    """All of them interleaved at random, each in its own order, some told twice."""
    waiting = [list(one) for one in histories]
    order: list[Envelope] = []
    while waiting:
        chosen = random.choice(waiting)
        order.append(chosen.pop(0))
        if random.random() < 0.2:
            order.append(random.choice(order))
        waiting = [one for one in waiting if one]
    return order
