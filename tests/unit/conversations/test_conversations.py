"""Conversations by themselves, and what several changes amount to."""

import pytest

from services.conversations.model.changes import ChangeKind, settled
from services.conversations.model.conversations import ConversationKind, MemberView, ordered_pair
from services.conversations.model.errors import DirectConversation
from services.conversations.model.ids import UserId, is_canonical
from services.conversations.model.participants import Settings
from tests.support.factories.conversations import conversation
from tests.support.factories.participants import participant

LOW, HIGH = UserId("01890000-0000-7000-8000-000000000001"), UserId("01890000-0000-7000-8000-000000000002")


def test_a_pair_is_the_same_whoever_asks() -> None:
    assert ordered_pair(LOW, HIGH) == ordered_pair(HIGH, LOW) == (LOW, HIGH)


def test_each_of_a_pair_has_the_other_as_peer() -> None:
    direct = conversation(kind=ConversationKind.DIRECT, pair=(LOW, HIGH))

    assert (direct.peer_of(LOW), direct.peer_of(HIGH), conversation().peer_of(LOW)) == (HIGH, LOW, None)


def test_a_direct_conversation_is_no_group() -> None:
    conversation().require_group()
    with pytest.raises(DirectConversation):
        conversation(kind=ConversationKind.DIRECT, pair=(LOW, HIGH)).require_group()


def test_a_change_has_the_next_revision() -> None:
    changed = conversation(rev=4, participant_count=3).changed(members=-1)

    assert (changed.rev, changed.participant_count) == (5, 2)


def test_unread_is_what_lies_behind_the_read_position() -> None:
    assert MemberView(conversation(last_seq=9), participant(read_seq=4), Settings(), None).unread_count == 5


@pytest.mark.parametrize(
    ("last", "is_new", "expected"),
    [
        (ChangeKind.MESSAGE_EDITED, True, ChangeKind.MESSAGE_SENT),
        (ChangeKind.MESSAGE_DELETED, True, ChangeKind.MESSAGE_SENT),
        (ChangeKind.MESSAGE_EDITED, False, ChangeKind.MESSAGE_EDITED),
        (ChangeKind.MEMBERSHIP_CHANGED, True, ChangeKind.MEMBER_ADDED),
        (ChangeKind.MEMBER_REMOVED, True, ChangeKind.MEMBER_REMOVED),
        (ChangeKind.CONVERSATION_UPDATED, True, ChangeKind.CONVERSATION_CREATED),
        (ChangeKind.CONVERSATION_DELETED, True, ChangeKind.CONVERSATION_DELETED),
    ],
)
def test_what_several_changes_amount_to_for_one_who_missed_them(
    last: ChangeKind, is_new: bool, expected: ChangeKind
) -> None:
    assert settled(last, is_new=is_new) is expected


@pytest.mark.parametrize(
    "text", ["", LOW.upper().replace("8", "A"), LOW[:-1], LOW + "\n", f"{{{LOW}}}", LOW.replace("-", "")]
)
def test_other_spellings_are_no_ids(text: str) -> None:
    assert is_canonical(LOW)
    assert not is_canonical(text)
