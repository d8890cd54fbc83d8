"""The rules of polls."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from services.conversations.model.errors import PollClosed, VoteInvalid
from services.conversations.model.polls import Poll

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
MOMENT = timedelta(microseconds=1)
POLL = Poll(("Tuesday", "Thursday", "Never"))
SEVERAL = Poll(("Tuesday", "Thursday", "Never"), is_multiple=True)


@pytest.mark.parametrize(("poll", "places"), [(POLL, [0]), (POLL, [2]), (SEVERAL, [0]), (SEVERAL, [2, 0, 1])])
def test_a_vote_names_options_of_the_poll(poll: Poll, places: list[int]) -> None:
    poll.check_vote(places)


@pytest.mark.parametrize(
    ("poll", "places"),
    [(POLL, []), (POLL, [3]), (POLL, [-1]), (POLL, [0, 1]), (POLL, [0, 0]), (SEVERAL, []), (SEVERAL, [1, 1])],
)
def test_a_vote_that_breaks_a_rule_is_refused(poll: Poll, places: list[int]) -> None:
    with pytest.raises(VoteInvalid):
        poll.check_vote(places)


def test_a_poll_is_open_until_its_time_or_until_somebody_closes_it() -> None:
    POLL.require_open(NOW)
    Poll(POLL.options, closes_at=NOW).require_open(NOW - MOMENT)
    for over in (Poll(POLL.options, closes_at=NOW), Poll(POLL.options, is_closed=True)):
        with pytest.raises(PollClosed):
            over.require_open(NOW)


def test_counts_equal_a_recount_under_random_votes() -> None:
    dice = random.Random(5)
    for _ in range(50):
        poll, cast = SEVERAL, dict[int, frozenset[int]]()
        for _ in range(40):
            voter, after = dice.randrange(6), frozenset(dice.sample(range(3), dice.randrange(4)))
            poll = poll.recounted(cast.get(voter, frozenset()), after)
            cast[voter] = after
            assert poll.votes == tuple(sum(place in options for options in cast.values()) for place in range(3))
            assert poll.voter_count == sum(map(bool, cast.values()))
