"""Every event of the model has its form in the contract."""

import dataclasses
from datetime import UTC, datetime
from typing import Any

import pytest
from google.protobuf.message import Message as Payload

from messaging.conversations.v1 import events_pb2
from services.conversations.api import convert
from services.conversations.bus.publish import Encoder
from services.conversations.model import events
from services.conversations.model.drafts import SavedDraft
from services.conversations.model.participants import Settings
from services.conversations.model.scheduled import ScheduledState
from tests.support.factories.conversations import conversation
from tests.support.factories.messages import message
from tests.support.factories.participants import participant
from tests.support.factories.scheduled import scheduled

encode = Encoder(
    convert.conversation, convert.participant, convert.message, convert.settings, convert.scheduled, convert.saved_draft
)
LEFT = datetime(2026, 3, 2, tzinfo=UTC)
MESSAGE, PARTICIPANT, CONVERSATION = message(rev=7), participant(left_at=LEFT), conversation(rev=9)
SCHEDULED = scheduled(state=ScheduledState.FAILED, failure="MUTED")
DRAFT = SavedDraft(CONVERSATION.conversation_id, "Dear", MESSAGE.message_id, LEFT)
WORDS: dict[str, Any] = {"message": convert.message(MESSAGE)}
MEMBER: dict[str, Any] = {"participant": convert.participant(PARTICIPANT)}
SHOWN: dict[str, Any] = {"conversation": convert.conversation(CONVERSATION)}
PRIVATE = {
    "vote_changed",
    "conversation_hidden",
    "bookmark_changed",
    "draft_changed",
    "scheduled_message_changed",
    "settings_changed",
    "acknowledged",
    "thread_changed",
    "message_hidden",
}
CASES: list[tuple[Any, str, str, int, Payload]] = [
    (events.MessageSent(MESSAGE), "message_sent", MESSAGE.conversation_id, 7, events_pb2.MessageSent(**WORDS)),
    (
        events.MessageSent(MESSAGE, PARTICIPANT.user_id),
        "message_sent",
        MESSAGE.conversation_id,
        7,
        events_pb2.MessageSent(**WORDS, thread_author_id=PARTICIPANT.user_id),
    ),
    (
        events.MessageEdited(MESSAGE, MESSAGE._replace(mentions=(PARTICIPANT.user_id,), mentions_all=True)),
        "message_edited",
        MESSAGE.conversation_id,
        7,
        events_pb2.MessageEdited(**WORDS, previous_mentioned_ids=[PARTICIPANT.user_id], previously_mentioned_all=True),
    ),
    (
        events.MessageEdited(MESSAGE, MESSAGE._replace(requires_acknowledgement=True)),
        "message_edited",
        MESSAGE.conversation_id,
        7,
        events_pb2.MessageEdited(**WORDS, previously_required_acknowledgement=True),
    ),
    (events.MessageDeleted(MESSAGE), "message_deleted", MESSAGE.conversation_id, 7, events_pb2.MessageDeleted(**WORDS)),
    (events.MessageUpdated(MESSAGE), "message_updated", MESSAGE.conversation_id, 7, events_pb2.MessageUpdated(**WORDS)),
    (
        events.ReactionChanged(MESSAGE, MESSAGE.sender_id, "👍", is_added=True, count=2),
        "reaction_changed",
        MESSAGE.conversation_id,
        7,
        events_pb2.ReactionChanged(
            message_id=MESSAGE.message_id, user_id=MESSAGE.sender_id, emoji="👍", is_added=True, count=2, seq=1
        ),
    ),
    (
        events.PinChanged(MESSAGE, MESSAGE.sender_id),
        "pin_changed",
        MESSAGE.conversation_id,
        7,
        events_pb2.PinChanged(message_id=MESSAGE.message_id, user_id=MESSAGE.sender_id, seq=1),
    ),
    (
        events.SettingsChanged(PARTICIPANT.user_id, CONVERSATION.conversation_id, Settings(is_pinned=True)),
        "settings_changed",
        PARTICIPANT.user_id,
        0,
        events_pb2.SettingsChanged(
            conversation_id=CONVERSATION.conversation_id, settings=convert.settings(Settings(is_pinned=True))
        ),
    ),
    (
        events.ThreadChanged(
            PARTICIPANT.user_id, MESSAGE.conversation_id, MESSAGE.message_id, is_subscribed=True, read_seq=4
        ),
        "thread_changed",
        PARTICIPANT.user_id,
        0,
        events_pb2.ThreadChanged(
            conversation_id=MESSAGE.conversation_id, root_id=MESSAGE.message_id, is_subscribed=True, read_seq=4
        ),
    ),
    (
        events.Acknowledged(PARTICIPANT.user_id, MESSAGE),
        "acknowledged",
        PARTICIPANT.user_id,
        0,
        events_pb2.Acknowledged(conversation_id=MESSAGE.conversation_id, message_id=MESSAGE.message_id),
    ),
    (
        events.VoteChanged(PARTICIPANT.user_id, MESSAGE, (0, 2)),
        "vote_changed",
        PARTICIPANT.user_id,
        0,
        events_pb2.VoteChanged(conversation_id=MESSAGE.conversation_id, message_id=MESSAGE.message_id, options=[0, 2]),
    ),
    (
        events.ConversationHidden(PARTICIPANT.user_id, CONVERSATION.conversation_id, is_hidden=True),
        "conversation_hidden",
        PARTICIPANT.user_id,
        0,
        events_pb2.ConversationHidden(conversation_id=CONVERSATION.conversation_id, is_hidden=True),
    ),
    (
        events.MessageEdited(MESSAGE, MESSAGE, (PARTICIPANT.user_id,)),
        "message_edited",
        MESSAGE.conversation_id,
        7,
        events_pb2.MessageEdited(**WORDS, hidden_from_ids=[PARTICIPANT.user_id]),
    ),
    (
        events.BookmarkChanged(PARTICIPANT.user_id, MESSAGE.message_id, is_bookmarked=True),
        "bookmark_changed",
        PARTICIPANT.user_id,
        0,
        events_pb2.BookmarkChanged(message_id=MESSAGE.message_id, is_bookmarked=True),
    ),
    (
        events.DraftChanged(PARTICIPANT.user_id, CONVERSATION.conversation_id, DRAFT),
        "draft_changed",
        PARTICIPANT.user_id,
        0,
        events_pb2.DraftChanged(conversation_id=CONVERSATION.conversation_id, draft=convert.saved_draft(DRAFT)),
    ),
    (
        events.DraftChanged(PARTICIPANT.user_id, CONVERSATION.conversation_id, None),
        "draft_changed",
        PARTICIPANT.user_id,
        0,
        events_pb2.DraftChanged(conversation_id=CONVERSATION.conversation_id),
    ),
    (
        events.ConversationCreated(CONVERSATION, 1),
        "conversation_created",
        CONVERSATION.conversation_id,
        1,
        events_pb2.ConversationCreated(**SHOWN),
    ),
    (
        events.ConversationUpdated(CONVERSATION),
        "conversation_updated",
        CONVERSATION.conversation_id,
        9,
        events_pb2.ConversationUpdated(**SHOWN),
    ),
    (
        events.ConversationDeleted(CONVERSATION.conversation_id, 5),
        "conversation_deleted",
        CONVERSATION.conversation_id,
        5,
        events_pb2.ConversationDeleted(conversation_id=CONVERSATION.conversation_id),
    ),
    (
        events.MemberAdded(PARTICIPANT, CONVERSATION, 2),
        "member_added",
        PARTICIPANT.conversation_id,
        2,
        events_pb2.MemberAdded(**MEMBER, **SHOWN),
    ),
    (
        events.MemberRemoved(PARTICIPANT, 3),
        "member_removed",
        PARTICIPANT.conversation_id,
        3,
        events_pb2.MemberRemoved(**MEMBER),
    ),
    (
        events.MembershipChanged(PARTICIPANT, 3),
        "membership_changed",
        PARTICIPANT.conversation_id,
        3,
        events_pb2.MembershipChanged(**MEMBER),
    ),
    (
        events.ScheduledMessageChanged(SCHEDULED),
        "scheduled_message_changed",
        SCHEDULED.draft.sender_id,
        0,
        events_pb2.ScheduledMessageChanged(scheduled_message=convert.scheduled(SCHEDULED)),
    ),
    (
        events.AcknowledgementDue(MESSAGE, (PARTICIPANT.user_id,)),
        "acknowledgement_due",
        MESSAGE.conversation_id,
        0,
        events_pb2.AcknowledgementDue(**WORDS, user_ids=[PARTICIPANT.user_id]),
    ),
    (
        events.MessageHidden(PARTICIPANT.user_id, MESSAGE.conversation_id, MESSAGE.message_id),
        "message_hidden",
        PARTICIPANT.user_id,
        0,
        events_pb2.MessageHidden(conversation_id=MESSAGE.conversation_id, message_id=MESSAGE.message_id),
    ),
    (events.ReadMoved(PARTICIPANT), "read_moved", PARTICIPANT.conversation_id, 0, events_pb2.ReadMoved(**MEMBER)),
    (
        events.ReadMoved(PARTICIPANT, is_private=True),
        "read_moved",
        PARTICIPANT.conversation_id,
        0,
        events_pb2.ReadMoved(**MEMBER, is_private=True),
    ),
    (
        events.DeliveredMoved(PARTICIPANT),
        "delivered_moved",
        PARTICIPANT.conversation_id,
        0,
        events_pb2.DeliveredMoved(**MEMBER),
    ),
]


@pytest.mark.parametrize(
    ("event", "kind", "aggregate_id", "rev", "payload"),
    CASES,
    ids=[f"{n}-{kind}" for n, (_, kind, *_) in enumerate(CASES)],
)
def test_an_event_leaves_as_the_contract_has_it(
    event: object, kind: str, aggregate_id: str, rev: int, payload: Payload
) -> None:
    outgoing = encode(event)

    assert (outgoing.kind, outgoing.aggregate_id, outgoing.aggregate_rev) == (kind, aggregate_id, rev)
    assert outgoing.user_id == (aggregate_id if kind in PRIVATE else "")
    assert type(payload).FromString(outgoing.payload) == payload


def test_no_event_is_forgotten() -> None:
    known = {
        kind for kind in vars(events).values() if dataclasses.is_dataclass(kind) and kind.__module__ == events.__name__
    }

    assert {type(event) for event, *_ in CASES} == known


def test_what_is_no_event_is_refused() -> None:
    with pytest.raises(TypeError, match="str"):
        encode("message_sent")
