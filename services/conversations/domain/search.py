"""Finding messages, and knowing the words that there are."""

from dataclasses import replace
from datetime import timedelta

from chassis.database import Transaction
from chassis.ids import uuid7_at
from chassis.paging import Page
from services.conversations.model.errors import ConversationNotFound
from services.conversations.model.ids import ConversationId, UserId
from services.conversations.model.search import Found, Hit, Place, Query, Scope
from services.conversations.store import messages, search, vocabulary
from services.conversations.store.search import Wanted

# Ids are given before the commit: younger messages may lie before others that are not there yet.
_SETTLED = timedelta(minutes=1)
# A turn of learning is short; what is left waits for the next.
_LEARNED_AT_ONCE = 2000
# Each is searched for: a slow machine must be done with these well within the statement's time.
_CHECKED_AT_ONCE = 100


def find(
    tx: Transaction,
    *,
    query: Query,
    member_id: UserId,
    conversation_id: ConversationId | None,
    place: Place | None,
    size: int,
) -> Found:
    """A page of what the member may see at this moment. Raises: ConversationNotFound."""
    scope = search.scope(tx, query, member_id=member_id, conversation_id=conversation_id)
    if conversation_id is not None and not scope.conversation_ids:
        raise ConversationNotFound()
    if not scope.conversation_ids or (query.senders and not scope.sender_ids):
        return Found([], None, is_lenient=False)
    if place is not None:
        forms = _lenient(tx, query, scope) if place.is_lenient else scope.forms
        return _page(tx, query, forms, scope, place, member_id=member_id, size=size)
    found = _page(tx, query, scope.forms, scope, Place(tx.now), member_id=member_id, size=size)
    if found.hits or found.next or not any(term.is_lenient for term in query.terms):
        return found
    place = Place(tx.now, is_lenient=True)
    return _page(tx, query, _lenient(tx, query, scope), scope, place, member_id=member_id, size=size)


def _page(
    tx: Transaction, query: Query, forms: tuple[str, ...], scope: Scope, place: Place, *, member_id: UserId, size: int
) -> Found:
    wanted = Wanted.of(query, forms)
    if not wanted.match and not (query.senders or query.titles or query.since or query.until):
        # Signs that are no words to the index.
        return Found([], None, is_lenient=place.is_lenient)
    window = search.find(tx, query, wanted, scope, place, member_id=member_id, size=size)
    page = Page.cut(window.hits, size=size, cursor=None, key=lambda hit: (hit.score,), weigh=_weight)
    following: Place | None = None
    if page.next is not None:
        last = page.rows[-1]
        following = replace(
            place, after_score=last.score, after_id=last.viewed.message.message_id, is_by_age=window.is_by_age
        )
    elif window.edge is not None:
        following = Place(place.at, before_id=window.edge, is_lenient=place.is_lenient)
    return Found(page.rows, following, is_lenient=place.is_lenient)


def _lenient(tx: Transaction, query: Query, scope: Scope) -> tuple[str, ...]:
    forms = list(scope.forms)
    places = [n for n, term in enumerate(query.terms) if term.is_lenient]
    for n, near in zip(places, vocabulary.near(tx, [query.terms[n].text for n in places]), strict=True):
        forms[n] = " | ".join(filter(None, (forms[n], near)))
    return tuple(forms)


def _weight(hit: Hit) -> int:
    return 1000 + messages.size_of(hit.viewed.message)


def learn(tx: Transaction) -> bool:
    """Take in the words of some messages that are settled; tells whether there may be more.

    Texts of edits are not learned: a word that stands in them alone is found as it is written, but not for those who
    mistype it.
    """
    progress = vocabulary.claim(tx)
    if progress is None:
        return False
    learned_id, checked_word = progress
    learned = vocabulary.learn(tx, learned_id, uuid7_at(tx.now - _SETTLED), _LEARNED_AT_ONCE)
    vocabulary.forget(tx, checked_word, _CHECKED_AT_ONCE)
    return learned == _LEARNED_AT_ONCE
