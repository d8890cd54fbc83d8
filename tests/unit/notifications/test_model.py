from datetime import timedelta

import pytest

from services.notifications.model import titles
from services.notifications.model.errors import AcknowledgementRequired
from services.notifications.model.mails import greeting_name
from services.notifications.model.members import Attention, Audience
from services.notifications.model.messages import BODY_LENGTH, EVERYBODY, Mentions, Readers
from services.notifications.model.notifications import Kind
from tests.support.factories.notifications import message, notification, user_id


def test_marking_as_read_notes_when_and_leaves_its_place() -> None:
    unread = notification()
    at = unread.created_at + timedelta(hours=1)
    read = unread.marked(is_read=True, at=at)
    assert (read.is_read, read.read_at, read.created_at) == (True, at, unread.created_at)


def test_marking_as_unread_brings_it_back_to_the_top() -> None:
    read = notification(read_at=notification().created_at)
    at = read.created_at + timedelta(hours=1)
    unread = read.marked(is_read=False, at=at)
    assert (unread.is_read, unread.read_at, unread.created_at) == (False, None, at)


@pytest.mark.parametrize("is_read", [True, False])
def test_marking_what_is_so_already_changes_nothing(is_read: bool) -> None:
    before = notification(read_at=notification().created_at if is_read else None)
    assert before.marked(is_read=is_read, at=before.created_at + timedelta(hours=1)) is before


def test_marking_does_not_settle_what_waits_for_an_acknowledgement() -> None:
    waiting = notification(kind=Kind.ACKNOWLEDGEMENT)
    settled = notification(kind=Kind.ACKNOWLEDGEMENT, read_at=waiting.created_at)
    for one in (waiting, settled):
        assert one.marked(is_read=one.is_read, at=one.created_at) is one
        with pytest.raises(AcknowledgementRequired):
            one.marked(is_read=not one.is_read, at=one.created_at)


ADA, BO, CY = user_id(), user_id(), user_id()
NOBODY, ALL = Mentions(), Mentions(is_everybody=True)


@pytest.mark.parametrize(
    ("now", "before", "newly"),
    [
        (NOBODY, NOBODY, Readers(frozenset())),
        (Mentions(frozenset({ADA, BO})), Mentions(frozenset({BO, CY})), Readers(frozenset({ADA}))),
        (ALL, NOBODY, EVERYBODY),
        (ALL, Mentions(frozenset({BO})), Readers(frozenset({BO}), are_all_others=True)),
        (Mentions(frozenset({ADA})), ALL, Readers(frozenset())),
        (ALL, ALL, Readers(frozenset())),
    ],
)
def test_an_edit_calls_only_those_who_were_not_called_before(now: Mentions, before: Mentions, newly: Readers) -> None:
    assert now.beyond(before) == newly
    assert bool(newly) == (newly.are_all_others or len(newly.user_ids) > 0)


def test_a_body_is_the_beginning_of_the_text() -> None:
    assert message(content="ä" * 300).excerpt == "ä" * BODY_LENGTH == "ä" * 200
    assert message(content="short").excerpt == "short"


def test_whoever_is_unknown_is_neither_looking_nor_connected() -> None:
    looking, away, unknown = user_id(), user_id(), user_id()
    audience = Audience({looking: Attention.LOOKING, away: Attention.AWAY}, {looking: "Ada"})
    assert [audience.is_looking(one) for one in (looking, away, unknown)] == [True, False, False]
    assert [audience.is_connected(one) for one in (looking, away, unknown)] == [True, True, False]
    assert [audience.name(one) for one in (looking, away, None)] == ["Ada", "", ""]


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        (titles.of_message("Ada", Kind.MESSAGE), "Ada"),
        (titles.of_message("", Kind.MESSAGE), "New message"),
        (titles.of_message("Ada", Kind.MENTION), "Ada mentioned you"),
        (titles.of_message("", Kind.MENTION), "Somebody mentioned you"),
        (titles.of_message("Ada", Kind.REPLY), "Ada replied in a thread"),
        (titles.of_acknowledgement("Ada", is_reminder=False), "Ada asks for your acknowledgement"),
        (titles.of_acknowledgement("", is_reminder=True), "Somebody still waits for your acknowledgement"),
        (titles.of_membership("Ada", "", is_direct=True), "Ada started a conversation with you"),
        (titles.of_membership("Ada", "Engine room", is_direct=False), "Ada added you to “Engine room”"),
        (titles.of_membership("Ada", "", is_direct=False), "Ada added you to a group"),
        (titles.of_membership("", "Engine room", is_direct=False), "Somebody added you to “Engine room”"),
    ],
)
def test_titles_say_who_and_where_as_far_as_is_known(title: str, expected: str) -> None:
    assert title == expected


@pytest.mark.parametrize("name", ["Ada", "J. R. R.", "Seán O'Brien-Ødegård", "Мария", "李", "  Ada   Augusta "])
def test_names_are_greeted(name: str) -> None:
    assert greeting_name(name) == " ".join(name.split())


@pytest.mark.parametrize(
    "name", ["evil.example", "win at http://evil", "a/b", "www evil", "x@y", "<b>", "evil\u202ename", "a\x00b"]
)
def test_what_could_be_more_than_a_name_is_not_greeted(name: str) -> None:
    assert greeting_name(name) == ""


def test_a_name_over_several_lines_becomes_one() -> None:
    assert greeting_name("Ada\r\nBcc: all") == ""
    assert greeting_name("Ada\r\nAugusta") == "Ada Augusta"
