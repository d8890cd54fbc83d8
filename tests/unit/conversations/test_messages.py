"""The rules of texts, drafts and windows."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.errors import InvalidRequest
from services.conversations.model.errors import (
    DeleteWindowClosed,
    EditWindowClosed,
    MessageContentInvalid,
    MessageDeleted,
    MessageTooLong,
    NotTheAuthor,
)
from services.conversations.model.ids import UserId
from services.conversations.model.messages import Selection, check_content
from services.conversations.model.permissions import Role
from tests.support.factories.messages import draft, message

SENT = datetime(2026, 3, 1, 12, tzinfo=UTC)
WINDOW = timedelta(minutes=15)
IN_TIME, TOO_LATE = SENT + WINDOW, SENT + WINDOW + timedelta(microseconds=1)
STRANGER = UserId("01890000-0000-7000-8000-000000000000")


@pytest.mark.parametrize("content", ["a", "x" * 16_000, " a ", "🚀" * 16_000, "e\u0301" * 8_000])
def test_a_text_up_to_the_limit_is_taken(content: str) -> None:
    check_content(content, 16_000)


@pytest.mark.parametrize("content", ["", " ", "\n\t\u00a0\u3000", "a\x00b", "\x00"])
def test_a_text_that_says_nothing_or_cannot_be_stored_is_refused(content: str) -> None:
    with pytest.raises(MessageContentInvalid):
        check_content(content, 16_000)


def test_a_text_beyond_the_limit_is_refused_and_the_limit_named() -> None:
    with pytest.raises(MessageTooLong) as refused:
        check_content("x" * 16_001, 16_000)

    assert refused.value.metadata == {"limit": "16000"}


def test_a_draft_with_nothing_wrong_passes() -> None:
    draft().check(16_000)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("sender_id", "not-an-id"),
        ("sender_id", ""),
        ("conversation_id", "01890000-0000-7000-8000-00000000000g"),
        ("client_message_id", ""),
        ("client_message_id", "k" * 65),
        ("client_message_id", "a\x00b"),
        ("message_type", 2),
        ("message_type", 77),
        ("priority", 0),
        ("priority", 5),
        ("priority", -1),
    ],
)
def test_a_draft_that_breaks_the_contract_names_the_field(field: str, value: object) -> None:
    with pytest.raises(InvalidRequest) as refused:
        draft(**{field: value}).check(16_000)

    assert [violation.field for violation in refused.value.fields] == [field]


def test_all_wrong_fields_of_a_draft_are_named_at_once() -> None:
    with pytest.raises(InvalidRequest) as refused:
        draft(sender_id="x", conversation_id="y", priority=9).check(16_000)

    assert [violation.field for violation in refused.value.fields] == ["sender_id", "conversation_id", "priority"]


@given(st.text(min_size=1), st.text(min_size=1))
def test_the_hash_tells_texts_apart(one: str, other: str) -> None:
    one, other = (text.encode("utf-8", "replace").decode() for text in (one, other))

    assert (draft(content=one).body_hash == draft(content=other).body_hash) is (one == other)


@pytest.mark.parametrize("change", [{"priority": 4}, {"is_important": True}, {"content": "Are you there"}])
def test_the_hash_tells_marks_apart(change: dict[str, object]) -> None:
    assert draft().body_hash == draft().body_hash
    assert draft(**change).body_hash != draft().body_hash


def test_the_author_edits_within_the_window() -> None:
    sent = message(created_at=SENT)

    sent.require_editable_by(sent.sender_id, Role.MEMBER, at=IN_TIME, window=WINDOW)
    with pytest.raises(EditWindowClosed):
        sent.require_editable_by(sent.sender_id, Role.MEMBER, at=TOO_LATE, window=WINDOW)


def test_a_moderator_edits_their_own_words_at_any_time_and_nobody_elses_ever() -> None:
    sent = message(created_at=SENT)

    sent.require_editable_by(sent.sender_id, Role.MODERATOR, at=TOO_LATE, window=WINDOW)
    with pytest.raises(NotTheAuthor):
        sent.require_editable_by(STRANGER, Role.OWNER, at=IN_TIME, window=WINDOW)


def test_a_deleted_message_cannot_be_edited() -> None:
    sent = message(created_at=SENT, deleted_at=SENT)

    with pytest.raises(MessageDeleted):
        sent.require_editable_by(sent.sender_id, Role.OWNER, at=IN_TIME, window=WINDOW)


def test_the_author_deletes_within_the_window() -> None:
    sent = message(created_at=SENT)

    sent.require_deletable_by(sent.sender_id, Role.READONLY, at=IN_TIME, window=WINDOW)
    with pytest.raises(DeleteWindowClosed):
        sent.require_deletable_by(sent.sender_id, Role.MEMBER, at=TOO_LATE, window=WINDOW)
    # What is deleted already may be deleted again, by those who could have done it.
    stub = sent.deleted(at=SENT, rev=9)
    stub.require_deletable_by(sent.sender_id, Role.MEMBER, at=TOO_LATE, window=WINDOW)
    with pytest.raises(NotTheAuthor):
        stub.require_deletable_by(STRANGER, Role.MEMBER, at=IN_TIME, window=WINDOW)


@pytest.mark.parametrize("role", Role)
def test_moderators_and_up_delete_anybodys_message_at_any_time(role: Role) -> None:
    sent = message(created_at=SENT)

    if role <= Role.MODERATOR:
        sent.require_deletable_by(STRANGER, role, at=TOO_LATE, window=WINDOW)
    else:
        with pytest.raises(NotTheAuthor):
            sent.require_deletable_by(STRANGER, role, at=IN_TIME, window=WINDOW)


def test_a_stub_keeps_its_number_and_loses_its_text() -> None:
    sent = message(seq=7, content="secret")
    stub = sent.deleted(at=SENT, rev=99)

    assert (stub.seq, stub.rev, stub.content, stub.deleted_at) == (7, 99, "", SENT)


@pytest.mark.parametrize(
    ("selection", "is_rising", "needs_conversation"),
    [
        (Selection(), False, False),
        (Selection(before_seq=9), False, True),
        (Selection(after_seq=0), True, True),
        (Selection(around_seq=3), True, True),
    ],
)
def test_numbers_decide_the_order_and_need_a_conversation(
    selection: Selection, is_rising: bool, needs_conversation: bool
) -> None:
    assert (selection.is_rising, selection.needs_conversation) == (is_rising, needs_conversation)
