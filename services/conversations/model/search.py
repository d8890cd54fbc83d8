"""What somebody typed into a search, understood: words, phrases and operators."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum

from services.conversations.model.errors import SearchInvalid
from services.conversations.model.ids import ConversationId, MessageId, UserId
from services.conversations.model.viewers import Viewed

# Each term costs a look into the index.
MAX_TERMS = 20
MAX_CHARACTERS = 1000
# Shorter words have too few neighbours that are like them, and too many that begin like them.
_LEAST_LETTERS = 4
# An optional minus, an optional operator, and a quoted text or one without spaces.
_PIECE = re.compile(r'(-?)(?:(from|in|before|after|has|is):)?(?:"([^"]*)"?|(\S+))', re.IGNORECASE)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
ME = "me"


class Mark(StrEnum):
    """What a message can be marked as, by the name under which the index knows it."""

    HAS_ATTACHMENT = "has:attachment"
    HAS_LINK = "has:link"
    IS_IMPORTANT = "is:important"
    IS_PINNED = "is:pinned"


@dataclass(frozen=True, slots=True)
class Term:
    """A word, or words that stand next to each other."""

    text: str
    is_excluded: bool = False

    @property
    def is_lenient(self) -> bool:
        """Whether words that look like it may stand for it."""
        return not self.is_excluded and len(self.text) >= _LEAST_LETTERS and self.text.isalpha()


@dataclass(frozen=True, slots=True)
class Query:
    """What a message must have and must not have."""

    terms: tuple[Term, ...] = ()
    marks: frozenset[Mark] = frozenset()
    # Usernames, any of which; `me` is the one who asks.
    senders: tuple[str, ...] = ()
    # Parts of the conversation's title, all of which.
    titles: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None

    @property
    def has_phrase(self) -> bool:
        """Whether words must stand next to each other, which the index does not know."""
        return any(not term.is_excluded and not term.text.isalnum() for term in self.terms)


@dataclass(frozen=True, slots=True)
class Run:
    """A piece of an excerpt that matches throughout, or not at all."""

    text: str
    is_match: bool


@dataclass(frozen=True, slots=True)
class Hit:
    """A message that was found, with what to show of it."""

    viewed: Viewed
    excerpt: tuple[Run, ...]
    score: float


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page of hits begins.

    The newest matches make a window, within which the best come first; then comes the window before it. `at` is when
    the first page was asked for: all pages judge age by the same time.
    """

    at: datetime
    # Only older messages than this one belong to the window; none for the first window.
    before_id: MessageId | None = None
    # The last hit of the page before within the window.
    after_score: float | None = None
    after_id: MessageId | None = None
    # Whether words that look like those asked for stand for them.
    is_lenient: bool = False
    # How the window was found; none for a new one, of which it is not known yet.
    is_by_age: bool | None = None


@dataclass(frozen=True, slots=True)
class Scope:
    """Where to look, as it is now, and the forms of each term in the index; empty for a term without a word."""

    conversation_ids: tuple[ConversationId, ...]
    sender_ids: tuple[UserId, ...]
    forms: tuple[str, ...]
    # About how many messages there are altogether.
    total: float


@dataclass(frozen=True, slots=True)
class Found:
    """A page of hits."""

    hits: list[Hit]
    next: Place | None
    is_lenient: bool


def parse(text: str) -> Query:
    """Understand any text at all; what looks like an operator that there is not is words.

    Raises: SearchInvalid when nothing is left to look for, when an operator does not take its value, or when there are
    too many terms.
    """
    if len(text) > MAX_CHARACTERS:
        raise SearchInvalid(f"A search has at most {MAX_CHARACTERS} characters.")
    terms: list[Term] = []
    marks: set[Mark] = set()
    senders: list[str] = []
    titles: list[str] = []
    since = until = None
    for minus, named, quoted, plain in _PIECE.findall(text.replace("\x00", " ")):
        operator, value = named.lower(), (quoted or plain).strip()
        if minus or not operator:
            words = f"{operator} {value}" if operator else value
            if any(map(str.isalnum, words)):
                terms.append(Term(words, is_excluded=bool(minus)))
            continue
        match operator:
            case "from":
                senders.append(_named(operator, value.removeprefix("@")).lower())
            case "in":
                titles.append(_named(operator, value))
            case "before":
                until = _day(operator, value)
            case "after":
                since = _day(operator, value)
            case _:
                marks.add(_mark(operator, value))
    if not (marks or senders or titles or since or until or any(not term.is_excluded for term in terms)):
        raise SearchInvalid()
    if len(terms) + len(senders) + len(titles) > MAX_TERMS:
        raise SearchInvalid(f"A search has at most {MAX_TERMS} terms.")
    return Query(tuple(terms), frozenset(marks), tuple(senders), tuple(titles), since, until)


def excerpt_of(content: str, spans: list[tuple[int, int]], *, around: int = 60, longest: int = 240) -> tuple[Run, ...]:
    """The piece of a text about the first of the matches, which are given in order, cut into runs."""
    begin = _word_start(content, max(spans[0][0] - around, 0)) if spans else 0
    end = min(len(content), begin + longest)
    runs = [Run("…", False)] if begin else []
    at = begin
    for first, last in spans:
        if first >= end:
            break
        runs += [Run(content[at:first], False), Run(content[first : min(last, end)], True)]
        at = min(last, end)
    runs += [Run(content[at:end], False), Run("…" if end < len(content) else "", False)]
    return tuple(run for run in runs if run.text)


def _word_start(content: str, at: int) -> int:
    # Not in the midst of a word, unless it is endless.
    space = content.find(" ", at, at + 30) if at else -1
    return space + 1 if space >= 0 else at


def _named(operator: str, value: str) -> str:
    if not value:
        raise SearchInvalid(f"{operator}: needs a name.")
    return value


def _day(operator: str, value: str) -> datetime:
    try:
        day = date.fromisoformat(value) if _DATE.fullmatch(value) else None
    except ValueError:
        day = None
    if day is None:
        raise SearchInvalid(f"{operator}: takes a date like 2026-11-22.")
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _mark(operator: str, value: str) -> Mark:
    try:
        return Mark(f"{operator}:{value.lower()}")
    except ValueError:
        names = " or ".join(mark.partition(":")[2] for mark in sorted(Mark) if mark.startswith(operator))
        raise SearchInvalid(f"{operator}: takes {names}.") from None
