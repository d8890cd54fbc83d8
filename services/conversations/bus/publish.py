"""What this service's events look like outside: the kind of each, and its payload.

The nouns inside them look as the contract shows them; that is for api/convert.py to say, and wiring hands it in.
"""

from collections.abc import Callable
from dataclasses import dataclass

from google.protobuf.message import Message as Payload

from chassis.events import Outgoing
from messaging.conversations.v1 import (
    conversations_pb2,
    drafts_pb2,
    events_pb2,
    messages_pb2,
    participants_pb2,
    scheduled_pb2,
)
from services.conversations.model import events
from services.conversations.model.conversations import Conversation
from services.conversations.model.drafts import SavedDraft
from services.conversations.model.messages import Message
from services.conversations.model.participants import Participant, Settings
from services.conversations.model.scheduled import Scheduled


@dataclass(frozen=True)
class Encoder:
    """Encodes any event of this service; the aggregate is the conversation, or the user of what is private."""

    conversation: Callable[[Conversation], conversations_pb2.Conversation]
    participant: Callable[[Participant], participants_pb2.Participant]
    message: Callable[[Message], messages_pb2.Message]
    settings: Callable[[Settings], participants_pb2.MembershipSettings]
    scheduled: Callable[[Scheduled], scheduled_pb2.ScheduledMessage]
    draft: Callable[[SavedDraft], drafts_pb2.Draft]

    def __call__(self, event: object) -> Outgoing:
        """Return the outbox's form of an event."""
        match event:
            case events.MessageSent(message, author_id):
                sent = events_pb2.MessageSent(message=self.message(message), thread_author_id=author_id or "")
                return _of_message("message_sent", message, sent)
            case events.MessageEdited(message, before, hidden_from_ids):
                edited = events_pb2.MessageEdited(
                    message=self.message(message),
                    previous_mentioned_ids=before.mentions,
                    previously_mentioned_all=before.mentions_all,
                    previously_required_acknowledgement=before.requires_acknowledgement,
                    hidden_from_ids=hidden_from_ids,
                )
                return _of_message("message_edited", message, edited)
            case events.MessageDeleted(message):
                return _of_message("message_deleted", message, events_pb2.MessageDeleted(message=self.message(message)))
            case events.MessageUpdated(message):
                return _of_message("message_updated", message, events_pb2.MessageUpdated(message=self.message(message)))
            case events.MessageHidden(user_id, conversation_id, message_id):
                hidden = events_pb2.MessageHidden(conversation_id=conversation_id, message_id=message_id)
                return _private("message_hidden", user_id, hidden)
            case events.ReactionChanged(message, user_id, emoji, is_added, count):
                reaction = events_pb2.ReactionChanged(
                    message_id=message.message_id,
                    user_id=user_id,
                    emoji=emoji,
                    is_added=is_added,
                    count=count,
                    seq=message.seq,
                )
                return _of_message("reaction_changed", message, reaction)
            case events.PinChanged(message, user_id):
                pin = events_pb2.PinChanged(
                    message_id=message.message_id, user_id=user_id, is_pinned=message.is_pinned, seq=message.seq
                )
                return _of_message("pin_changed", message, pin)
            case events.ConversationCreated(conversation, rev):
                created = events_pb2.ConversationCreated(conversation=self.conversation(conversation))
                return _outgoing("conversation_created", conversation.conversation_id, rev, created)
            case events.ConversationUpdated(conversation):
                updated = events_pb2.ConversationUpdated(conversation=self.conversation(conversation))
                return _outgoing("conversation_updated", conversation.conversation_id, conversation.rev, updated)
            case events.ConversationDeleted(conversation_id, rev):
                deleted = events_pb2.ConversationDeleted(conversation_id=conversation_id)
                return _outgoing("conversation_deleted", conversation_id, rev, deleted)
            case events.MemberAdded(participant, conversation, rev):
                added = events_pb2.MemberAdded(
                    participant=self.participant(participant), conversation=self.conversation(conversation)
                )
                return _outgoing("member_added", participant.conversation_id, rev, added)
            case events.MemberRemoved(participant, rev):
                removed = events_pb2.MemberRemoved(participant=self.participant(participant))
                return _outgoing("member_removed", participant.conversation_id, rev, removed)
            case events.MembershipChanged(participant, rev):
                changed = events_pb2.MembershipChanged(participant=self.participant(participant))
                return _outgoing("membership_changed", participant.conversation_id, rev, changed)
            case events.SettingsChanged(user_id, conversation_id, settings):
                shown = events_pb2.SettingsChanged(conversation_id=conversation_id, settings=self.settings(settings))
                return _private("settings_changed", user_id, shown)
            case events.ScheduledMessageChanged(scheduled):
                waiting = events_pb2.ScheduledMessageChanged(scheduled_message=self.scheduled(scheduled))
                return _private("scheduled_message_changed", scheduled.draft.sender_id, waiting)
            case events.AcknowledgementDue(message, user_ids):
                due = events_pb2.AcknowledgementDue(message=self.message(message), user_ids=user_ids)
                return _outgoing("acknowledgement_due", message.conversation_id, 0, due)
            case events.ThreadChanged(user_id, conversation_id, root_id, is_subscribed, read_seq):
                thread = events_pb2.ThreadChanged(
                    conversation_id=conversation_id, root_id=root_id, is_subscribed=is_subscribed, read_seq=read_seq
                )
                return _private("thread_changed", user_id, thread)
            case events.Acknowledged(user_id, message):
                acknowledged = events_pb2.Acknowledged(
                    conversation_id=message.conversation_id, message_id=message.message_id
                )
                return _private("acknowledged", user_id, acknowledged)
            case events.VoteChanged(user_id, message, options):
                vote = events_pb2.VoteChanged(
                    conversation_id=message.conversation_id, message_id=message.message_id, options=options
                )
                return _private("vote_changed", user_id, vote)
            case events.ConversationHidden(user_id, conversation_id, is_hidden):
                listed = events_pb2.ConversationHidden(conversation_id=conversation_id, is_hidden=is_hidden)
                return _private("conversation_hidden", user_id, listed)
            case events.BookmarkChanged(user_id, message_id, is_bookmarked):
                bookmark = events_pb2.BookmarkChanged(message_id=message_id, is_bookmarked=is_bookmarked)
                return _private("bookmark_changed", user_id, bookmark)
            case events.DraftChanged(user_id, conversation_id, draft):
                kept = self.draft(draft) if draft is not None else None
                written = events_pb2.DraftChanged(conversation_id=conversation_id, draft=kept)
                return _private("draft_changed", user_id, written)
            case events.ReadMoved(participant, is_private):
                read = events_pb2.ReadMoved(participant=self.participant(participant), is_private=is_private)
                return _outgoing("read_moved", participant.conversation_id, 0, read)
            case events.DeliveredMoved(participant):
                delivered = events_pb2.DeliveredMoved(participant=self.participant(participant))
                return _outgoing("delivered_moved", participant.conversation_id, 0, delivered)
        raise TypeError(f"{type(event).__name__} is not an event of this service")


def _of_message(kind: str, message: Message, payload: Payload) -> Outgoing:
    return Outgoing(kind, message.conversation_id, payload.SerializeToString(), message.rev)


def _private(kind: str, user_id: str, payload: Payload) -> Outgoing:
    """For the user's own devices; the aggregate is the user, so that gateways need not decode it to see whose it is."""
    return Outgoing(kind, user_id, payload.SerializeToString(), user_id=user_id)


def _outgoing(kind: str, conversation_id: str, rev: int, payload: Payload) -> Outgoing:
    return Outgoing(kind, conversation_id, payload.SerializeToString(), rev)
