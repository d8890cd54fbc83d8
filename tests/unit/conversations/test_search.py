"""What somebody types into a search, understood."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.conversations.model.errors import SearchInvalid
from services.conversations.model.search import MAX_CHARACTERS, MAX_TERMS, Mark, Query, Run, Term, excerpt_of, parse


def terms(*texts: str) -> tuple[Term, ...]:
    return tuple(Term(text) for text in texts)


@pytest.mark.parametrize(
    ("typed", "understood"),
    [
        ("release plan", Query(terms("release", "plan"))),
        ('"release plan" soon', Query(terms("release plan", "soon"))),
        ("release -draft", Query((Term("release"), Term("draft", is_excluded=True)))),
        ('release -"first draft"', Query((Term("release"), Term("first draft", is_excluded=True)))),
        ("from:@Ada plan", Query(terms("plan"), senders=("ada",))),
        ("FROM:ada", Query(senders=("ada",))),
        ("from:me from:ben", Query(senders=("me", "ben"))),
        ('in:"engine room" in:east', Query(titles=("engine room", "east"))),
        ("after:2026-01-02", Query(since=datetime(2026, 1, 2, tzinfo=UTC))),
        ("plan before:2026-01-02", Query(terms("plan"), until=datetime(2026, 1, 2, tzinfo=UTC))),
        ("has:link is:pinned", Query(marks=frozenset({Mark.HAS_LINK, Mark.IS_PINNED}))),
        ("has:attachment IS:Important", Query(marks=frozenset({Mark.HAS_ATTACHMENT, Mark.IS_IMPORTANT}))),
    ],
)
def test_words_phrases_and_operators_are_understood(typed: str, understood: Query) -> None:
    assert parse(typed) == understood


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("to:ada", ["to:ada"]),
        ("https://example.org/a", ["https://example.org/a"]),
        ("12:30", ["12:30"]),
        ("from: ada", ["from:", "ada"]),
        ("e-mail", ["e-mail"]),
        ('unbalanced "quotes are one phrase', ["unbalanced", "quotes are one phrase"]),
        ('half"way', ['half"way']),
        ("plan :* & | ! ( ) <-> \\ '", ["plan"]),
        ("plan\x00now", ["plan", "now"]),
        ("naïve Straße 漢字 привет", ["naïve", "Straße", "漢字", "привет"]),
    ],
)
def test_what_is_no_operator_is_words(typed: str, words: list[str]) -> None:
    assert [term.text for term in parse(typed).terms] == words


@pytest.mark.parametrize(
    "typed", ["", "   ", "\x00", ":*", '"', '""', "-", "!!! ???", "🎉", "-draft", '-"first draft"']
)
def test_what_names_nothing_to_look_for_is_refused(typed: str) -> None:
    with pytest.raises(SearchInvalid):
        parse(typed)


@pytest.mark.parametrize(
    "typed",
    [
        "before:yesterday", "after:2026-02-30", "before:20260101", "after:２０２６-01-01", "has:cake", "is:42",
        'from:""',
        'in:"  "', "from:@", "word " * (MAX_TERMS + 1), "x" * (MAX_CHARACTERS + 1), "x" * 100_000,
    ],
)  # fmt: skip
def test_values_that_an_operator_does_not_take_are_refused(typed: str) -> None:
    with pytest.raises(SearchInvalid):
        parse(typed)


def test_the_refusal_says_what_the_operator_takes() -> None:
    with pytest.raises(SearchInvalid, match=r"is: takes important or pinned\."):
        parse("is:urgent")


@given(st.text() | st.from_regex(r"(-?(from|in|before|after|has|is|to):?[\"@]?[\w\"-]{0,12} ?){0,12}", fullmatch=True))
def test_any_text_is_a_search_or_refused(typed: str) -> None:
    try:
        query = parse(typed)
    except SearchInvalid:
        return
    assert query != Query()
    assert all("\x00" not in term.text for term in query.terms)


def test_only_single_words_of_some_length_may_be_mistyped() -> None:
    lenient = [
        term.text for term in parse('mesage ok e-mail "two words" x86_64 -drafft привет').terms if term.is_lenient
    ]
    assert lenient == ["mesage", "привет"]


@pytest.mark.parametrize(
    ("typed", "is_phrase"), [("plan", False), ('"a plan"', True), ("e-mail", True), ("a -b-c", False)]
)
def test_a_phrase_is_what_stands_together(typed: str, is_phrase: bool) -> None:
    assert parse(typed).has_phrase is is_phrase


class TestExcerpt:
    def test_runs_add_up_to_the_text(self) -> None:
        runs = excerpt_of("the plan is the plan", [(4, 8), (16, 20)])
        assert runs == (Run("the ", False), Run("plan", True), Run(" is the ", False), Run("plan", True))

    def test_without_a_match_it_is_the_beginning(self) -> None:
        assert excerpt_of("short", []) == (Run("short", False),)
        assert excerpt_of("x" * 500, []) == (Run("x" * 240, False), Run("…", False))
        assert excerpt_of("", []) == ()

    def test_markup_stays_text(self) -> None:
        assert excerpt_of("<b>plan</b>", [(3, 7)]) == (Run("<b>", False), Run("plan", True), Run("</b>", False))

    def test_it_lies_about_the_first_match_and_begins_with_a_word(self) -> None:
        content = "word " * 100 + "plan " + "word " * 100
        first, before, match, *_, last = excerpt_of(content, [(500, 504)])
        assert first == last == Run("…", False)
        assert match == Run("plan", True)
        assert before.text.startswith("word")
        assert len(before.text) <= 60

    def test_a_match_that_does_not_end_is_cut(self) -> None:
        assert excerpt_of("x" * 1000, [(0, 1000)]) == (Run("x" * 240, True), Run("…", False))

    @given(st.text(max_size=600), st.lists(st.integers(0, 600), max_size=8, unique=True))
    def test_every_excerpt_is_a_piece_of_the_text(self, content: str, edges: list[int]) -> None:
        edges = sorted(edge for edge in edges if edge <= len(content))
        spans = list(zip(edges[::2], edges[1::2], strict=False))
        runs = excerpt_of(content, spans)
        shown = "".join(run.text for run in runs)
        assert shown.removeprefix("…").removesuffix("…") in content or shown in content
        assert len(shown) <= 242
