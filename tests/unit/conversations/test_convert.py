"""Between the contract's messages and the model."""

from datetime import UTC, datetime

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from chassis.rpc.status import RemoteFailure
from messaging.conversations.v1 import conversations_pb2, messages_pb2, participants_pb2
from services.conversations.api import convert
from services.conversations.model.changes import ChangeKind
from services.conversations.model.conversations import (
    ConversationKind,
    HistoryVisibility,
    MemberView,
    PostingPolicy,
)
from services.conversations.model.errors import Muted
from services.conversations.model.ids import UserId
from services.conversations.model.messages import MessageType, Priority, Selection, Sent
from services.conversations.model.participants import NotificationLevel, Settings
from services.conversations.model.permissions import Role
from services.conversations.model.viewers import DeliveryStatus, Viewed
from tests.support.factories.conversations import conversation
from tests.support.factories.messages import item, message
from tests.support.factories.participants import participant

AT = datetime(2026, 3, 1, 12, 0, 0, 999999, tzinfo=UTC)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (Role, participants_pb2.Role),
        (ConversationKind, conversations_pb2.ConversationKind),
        (ChangeKind, conversations_pb2.ChangeKind),
        (MessageType, messages_pb2.MessageType),
        (Priority, messages_pb2.Priority),
        (DeliveryStatus, messages_pb2.DeliveryStatus),
        (HistoryVisibility, conversations_pb2.HistoryVisibility),
        (PostingPolicy, conversations_pb2.PostingPolicy),
        (NotificationLevel, participants_pb2.NotificationLevel),
    ],
)
def test_enums_have_the_contracts_names_and_numbers(ours: type, theirs: type) -> None:
    named = {name: number for name, number in theirs.items() if number}  # type: ignore[attr-defined]
    [prefix] = {name.removesuffix(member.name) for name, member in zip(named, ours, strict=True)}  # type: ignore[call-overload]

    assert named == {prefix + member.name: member.value for member in ours}  # type: ignore[attr-defined]


def test_times_keep_their_microseconds() -> None:
    assert convert.time(AT).ToDatetime(tzinfo=UTC) == convert.moment(convert.time(AT)) == AT


def test_nanoseconds_beyond_a_second_carry_over() -> None:
    assert convert.moment(Timestamp(seconds=1, nanos=1_500_000_000)) == datetime(
        1970, 1, 1, 0, 0, 2, 500000, tzinfo=UTC
    )


def test_a_view_adds_what_only_the_member_sees() -> None:
    me = participant(read_seq=2)
    shown = convert.view(
        MemberView(conversation(last_seq=5, pair=(me.user_id, "peer")), me, Settings(), Viewed(message(seq=5)))
    )

    assert (shown.unread_count, shown.last_message.seq, shown.my_membership.read_seq, shown.peer_id) == (
        3,
        5,
        2,
        "peer",
    )


def test_events_show_nothing_personal() -> None:
    shown = convert.conversation(conversation(last_seq=5))

    assert not shown.HasField("my_membership")
    assert not shown.HasField("last_message")


def test_an_item_becomes_a_draft_with_the_contracts_defaults() -> None:
    draft = convert.draft(item("A" * 8, "B" * 8))

    assert (draft.sender_id, draft.conversation_id) == ("a" * 8, "b" * 8)
    assert (draft.message_type, draft.priority, draft.deadline) == (MessageType.TEXT, Priority.NORMAL, None)


def test_an_items_deadline_is_kept_to_the_nanosecond() -> None:
    assert convert.draft(item("a", "b", deadline_time=Timestamp(seconds=5, nanos=500_000_000))).deadline == 5.5


def test_outcomes_keep_their_order() -> None:
    stored = message()
    answer = convert.sent([Muted(until="then"), Sent(stored, is_replayed=True)])

    assert RemoteFailure(answer.results[0].error).reason == "MUTED"
    assert (answer.results[1].message, answer.results[1].replayed) == (convert.message(stored), True)


def test_a_selection_takes_only_what_is_asked() -> None:
    assert convert.selection(messages_pb2.ListMessagesRequest()) == Selection()
    request = messages_pb2.ListMessagesRequest(
        sender_id="A", priority=messages_pb2.PRIORITY_HIGH, since_time=convert.time(AT), after_seq=0
    )
    assert convert.selection(request) == Selection(sender_id=UserId("a"), priority=Priority.HIGH, since=AT, after_seq=0)
