"""Finding messages by their words, always among those only that the member may see at this moment."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Any, cast

from sqlalchemy import TextClause, text

from chassis.database import Transaction
from chassis.ids import uuid7_at
from services.conversations.model.ids import ConversationId, MessageId, UserId
from services.conversations.model.search import ME, Hit, Place, Query, Scope, excerpt_of
from services.conversations.model.viewers import Viewed
from services.conversations.store import messages, viewers
from services.conversations.store.tables import listed

_WIDTH = len(messages.COLUMNS)

# Of so many of the newest matches the best come first: of those that the index found, and of those found by age.
_INDEX_WINDOW = 1000
_AGE_WINDOW = 100
# So many messages are looked through by age at most; what is not found by then is for the next page.
_DEPTH = 80_000
# What looking at one of them costs in the planner's unit, which is the reading of a page; measured, see docs/adr.
_GLANCE = 0.25
# That words occur does not mean that they stand next to each other: so many times fewer messages match a phrase.
_PHRASE_RARITY = 5
_TIMEOUT_MS = 2000
# Matches are shown among so many characters: a page of the longest messages would take a fifth of a second otherwise.
_SHOWN = 4000
# An age of so many seconds halves what a match is worth.
_HALVING = 30 * 86400
# Ids are given by the clocks of the application, times by that of the database.
_CLOCK_SLACK = timedelta(hours=1)
# What PostgreSQL writes around a match; in a message's own text they are blanks, as tags would be taken for markup.
_BEGIN, _END = "\x02", "\x03"
_MATCH = re.compile(f"{_BEGIN}(.*?){_END}", re.DOTALL)

# The plan is a choice of ours between two (see `find`), whatever the operator's settings are.
_PREPARE = text("""
    select set_config('enable_seqscan', 'off', true), set_config('jit', 'off', true),
           set_config('max_parallel_workers_per_gather', '0', true), set_config('work_mem', '16MB', true),
           set_config('random_page_cost', '4', true), set_config('seq_page_cost', '1', true),
           set_config('cpu_index_tuple_cost', '0.1', true),
           set_config('statement_timeout', least(
               :timeout, extract(epoch from current_setting('statement_timeout')::interval) * 1000)::integer::text,
               true),
           array(select search_forms(term)::text from unnest(cast(:terms as text[])) with ordinality as typed(term, n)
                 order by n),
           array(select p.conversation_id from participants p
                 join conversations c on c.id = p.conversation_id and c.deleted_at is null
                 where p.user_id = :member_id and p.left_at is null
                   and (cast(:conversation_id as uuid) is null or c.id = :conversation_id)
                   and c.title ilike all (cast(:titles as text[]))),
           array(select user_id from people where username = any(:senders)),
           (select reltuples from pg_class where oid = 'messages'::regclass)
""")
# By the names of their parameters.
_CONDITIONS = {
    "match": "m.search @@ cast(:match as tsquery)",
    "conversation_ids": "m.conversation_id = any(cast(:conversation_ids as uuid[]))",
    "sender_ids": "m.sender_id = any(cast(:sender_ids as uuid[]))",
    "since": "m.created_at >= :since",
    "until": "m.created_at < :until",
}
_RANGE = {"since_id": "m.id >= :since_id", "until_id": "m.id < :until_id", "edge_id": "m.id < :edge_id"}
# Never through the primary key: that is the other way, which looks at the conversation first.
_BEFORE_EDGE = {"edge_id": "(m.id < :edge_id) is true"}
_BY_INDEX = "select m.* from messages m where {conditions} and {before_edge} and m.deleted_at is null"
# The conversations found before are those of the same moment at best: what counts is the member's row beside each
# message. `offset 0` and the value of a subquery keep the planner from mixing the steps.
_OF_INDEX = f"""
    select m.* from ({{by_index}} offset 0) m
    join participants p on p.conversation_id = m.conversation_id
    join conversations c on c.id = p.conversation_id and c.deleted_at is null
    where p.user_id = :member_id and p.left_at is null and {messages.VISIBLE}
"""  # noqa: S608 - constants
_OF_NEWEST = f"""
    select m.* from (select m.* from messages m where {{range}} order by m.id desc limit :depth) m
    where {{judged}} and m.deleted_at is null and (
        select {messages.VISIBLE} from participants p
        join conversations c on c.id = p.conversation_id and c.deleted_at is null
        where p.conversation_id = m.conversation_id and p.user_id = :member_id and p.left_at is null)
"""  # noqa: S608 - constants
_ESTIMATE = re.compile(r"\.\.(\S+) rows=(\d+)")
_FIND = """
    with found as materialized ({source} order by m.id desc limit :window),
    ranked as (
        select m.*, {rank} / (1 + greatest(extract(epoch from :at - m.created_at), 0)::float8 / :halving) as score
        from found m),
    page as (select * from ranked m where {rest} order by m.score desc, m.id desc limit :count)
    select {shown}, {marks}, {headline}, m.score,
           (select count(*) from found), (select id from found order by id limit 1)
    from page m order by m.score desc, m.id desc
"""
_RANK = "ts_rank(m.search, cast(:words as tsquery))::float8"
_HEADLINE = """
    ts_headline(search_config(m.language), translate(search_text(left(m.content, :shown)), :marks, '  '),
                cast(:words as tsquery), :headline)
"""
_EDGE = "select m.id from messages m where {range} order by m.id desc offset :depth - 1 limit 1"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A search as the index understands it: the whole, and the words of it that count and are shown as matches."""

    match: str
    words: str
    # Without a sign that must be there the index would be read from end to end.
    has_sign: bool
    has_phrase: bool

    @classmethod
    def of(cls, query: Query, forms: Sequence[str]) -> "Wanted":
        """Put the forms of the terms together; a term without a word counts for nothing."""
        terms = [(term, f"({form})") for term, form in zip(query.terms, forms, strict=True) if form]
        words = [form for term, form in terms if not term.is_excluded]
        signs = words + [f"'{mark}'" for mark in sorted(query.marks)]
        match = " & ".join(signs + [f"!{form}" for term, form in terms if term.is_excluded])
        return cls(match, " & ".join(words), bool(signs), query.has_phrase)


@dataclass(frozen=True, slots=True)
class Window:
    """Hits of a window from some place on; `edge` is where the next window begins, unless there is none."""

    hits: list[Hit]
    edge: MessageId | None
    is_by_age: bool


def scope(tx: Transaction, query: Query, *, member_id: UserId, conversation_id: ConversationId | None) -> Scope:
    """Where the member may look, and what the terms are in the index. Settles how the transaction's queries are run."""
    *_, forms, conversation_ids, sender_ids, total = tx.execute(
        _PREPARE,
        {
            "timeout": _TIMEOUT_MS,
            "terms": [term.text for term in query.terms],
            "member_id": member_id,
            "conversation_id": conversation_id,
            # Within one conversation there is nothing to choose from.
            "titles": [] if conversation_id else [f"%{_escaped(title)}%" for title in query.titles],
            "senders": list(query.senders),
        },
    ).one()
    if ME in query.senders:
        sender_ids = [*sender_ids, member_id]
    return Scope(tuple(conversation_ids), tuple(sender_ids), tuple(form or "" for form in forms), total)


def find(
    tx: Transaction, query: Query, wanted: Wanted, scope: Scope, place: Place, *, member_id: UserId, size: int
) -> Window:
    """Hits of the window at a place, up to one more than `size`.

    There are two ways to a window's matches: by the index, which costs as much as there are matches, and through the
    newest messages of all, which costs the more the fewer of them match. What the planner expects decides.
    """
    named = _named(query, wanted, scope, place)
    names = tuple(named)
    is_by_age = place.is_by_age
    if is_by_age is None:
        plan = tx.execute(_explain(names, has_sign=wanted.has_sign), named).scalars().first()
        cost, expected = map(float, cast("re.Match[str]", _ESTIMATE.search(plan or "")).groups())
        rarity = _PHRASE_RARITY if wanted.has_phrase else 1
        is_by_age = _GLANCE * min(_AGE_WINDOW * scope.total * rarity / max(expected, 1.0), _DEPTH) < cost
    size_of_window = max(size, _AGE_WINDOW) if is_by_age else _INDEX_WINDOW
    named |= {
        "member_id": member_id,
        "at": place.at,
        "after_score": place.after_score,
        "after_id_in_window": place.after_id,
        "words": wanted.words,
        "marks": _BEGIN + _END,
        "shown": _SHOWN,
        "headline": f'StartSel="{_BEGIN}", StopSel="{_END}", HighlightAll=true',
        "window": size_of_window,
        "depth": _DEPTH,
        "halving": _HALVING,
        "count": size + 1,
    }
    statement = _statement(
        names,
        is_by_age=is_by_age,
        has_sign=wanted.has_sign,
        has_words=bool(wanted.words),
        is_continued=place.after_id is not None,
    )
    rows = tx.execute(statement, named).all()
    found = [(messages.of_row(row[:_WIDTH]), row[_WIDTH]) for row in rows]
    hits = [_hit(*each) for each in zip(viewers.settled(tx, found, member_id=member_id), rows, strict=True)]
    count, oldest_id = rows[0][-2:] if rows else (0, None)
    if count < size_of_window:
        oldest_id = tx.execute(text(_EDGE.format(range=_range(names))), named).scalar() if is_by_age else None
    return Window(hits, oldest_id, is_by_age)


def _named(query: Query, wanted: Wanted, scope: Scope, place: Place) -> dict[str, Any]:
    given = {
        "match": wanted.match,
        "conversation_ids": list(scope.conversation_ids),
        "sender_ids": list(scope.sender_ids),
        "since": query.since,
        "until": query.until,
        "since_id": query.since and uuid7_at(query.since - _CLOCK_SLACK),
        "until_id": query.until and uuid7_at(query.until + _CLOCK_SLACK),
        "edge_id": place.before_id,
    }
    return {name: value for name, value in given.items() if value}


@lru_cache(maxsize=64)
def _explain(names: tuple[str, ...], *, has_sign: bool) -> TextClause:
    return text("explain " + _by_index(names, has_sign=has_sign))


@lru_cache(maxsize=512)
def _statement(
    names: tuple[str, ...], *, is_by_age: bool, has_sign: bool, has_words: bool, is_continued: bool
) -> TextClause:
    # Of constants of this file only; every value is a parameter.
    if is_by_age:
        source = _OF_NEWEST.format(range=_range(names), judged=_judged(names))
    else:
        source = _OF_INDEX.format(by_index=_by_index(names, has_sign=has_sign))
    return text(
        _FIND.format(
            source=source,
            rank=_RANK if has_words else "1::float8",
            rest="(m.score, m.id) < (:after_score, cast(:after_id_in_window as uuid))" if is_continued else "true",
            shown=listed("m", messages.COLUMNS),
            marks=viewers.MARKS,
            headline=_HEADLINE if has_words else "''",
        )
    )


def _by_index(names: tuple[str, ...], *, has_sign: bool) -> str:
    conditions = _all(names, _CONDITIONS) if has_sign else _judged(names)
    return _BY_INDEX.format(conditions=conditions, before_edge=_all(names, _BEFORE_EDGE))


def _judged(names: Sequence[str]) -> str:
    # Row by row, never through an index, and the words last: they cost most, and most messages are not the reader's.
    rest = _all([name for name in names if name != "match"], _CONDITIONS)
    return f"case when {rest} then {_all(['match'], _CONDITIONS)} end" if "match" in names else f"({rest}) is true"


def _range(names: Iterable[str]) -> str:
    return _all(names, _RANGE)


def _all(names: Iterable[str], known: dict[str, str]) -> str:
    return " and ".join(known[name] for name in names if name in known) or "true"


def _hit(viewed: Viewed, row: Sequence[Any]) -> Hit:
    headline, score = row[_WIDTH + 1 : _WIDTH + 3]
    return Hit(viewed, excerpt_of(viewed.message.content, _spans(headline)), score)


def _spans(headline: str) -> list[tuple[int, int]]:
    # Each match before has brought two characters that the text itself has not.
    return [(found.start(1) - 2 * n - 1, found.end(1) - 2 * n - 1) for n, found in enumerate(_MATCH.finditer(headline))]


def _escaped(words: str) -> str:
    for sign in ("\\", "%", "_"):
        words = words.replace(sign, f"\\{sign}")
    return words
