"""Voting in polls."""

import asyncio
import random
from typing import Any

import pytest

from messaging.conversations.v1 import conversations_pb2, messages_pb2, polls_pb2
from messaging.conversations.v1.events_pb2 import MessageUpdated, VoteChanged
from tests.integration.conversations.conftest import Service
from tests.integration.conversations.marks import Marks, poll


async def ask_all(service: Service, sender_id: str, conversation_id: str, **fields: Any) -> messages_pb2.Message:
    return await service.say(sender_id, conversation_id, "When?", **poll(**fields))


def votes(shown: messages_pb2.Poll) -> tuple[list[int], int]:
    """The counts, and how many voted."""
    return [option.votes for option in shown.options], shown.voter_count


async def recount(service: Service, message: messages_pb2.Message) -> tuple[list[int], int]:
    """The same from the votes themselves."""
    found = await service.rows("select user_id, option from votes where message_id = :id", id=message.message_id)
    places = [place for _, place in found]
    return [places.count(place) for place in range(len(message.poll.options))], len({user_id for user_id, _ in found})


async def test_a_vote_counts_and_is_told(service: Service, marks: Marks, pair: tuple[str, str], group: str) -> None:
    message = await ask_all(service, pair[0], group)
    ballot = await marks.vote(message.message_id, 1, by=pair[1])

    assert (votes(ballot.poll), list(ballot.options)) == (([0, 1, 0], 1), [1])
    [event] = await service.emitted(group, "message_updated")
    told = MessageUpdated.FromString(event.payload).message
    assert (votes(told.poll), told.rev, event.actor_id) == (([0, 1, 0], 1), message.rev + 1, pair[1])
    [change] = (await service.changes(group, message.rev)).changes
    assert (change.kind, change.actor_id) == (conversations_pb2.CHANGE_KIND_MESSAGE_UPDATED, pair[1])
    await marks.vote(message.message_id, by=pair[1])
    chosen = [VoteChanged.FromString(event.payload) for event in await service.emitted(pair[1], "vote_changed")]
    assert [list(vote.options) for vote in chosen] == [[1], []]
    assert {(vote.conversation_id, vote.message_id) for vote in chosen} == {(group, message.message_id)}


async def test_a_vote_replaces_the_one_before_and_can_be_taken_back(
    service: Service, marks: Marks, pair: tuple[str, str], group: str
) -> None:
    message_id = (await ask_all(service, pair[0], group)).message_id
    await marks.vote(message_id, 0, by=pair[0])
    await marks.vote(message_id, 0, by=pair[1])
    assert votes((await marks.vote(message_id, 2, by=pair[1])).poll) == ([1, 0, 1], 2)
    retracted = await marks.vote(message_id, by=pair[1])

    assert (votes(retracted.poll), list(retracted.options)) == (([1, 0, 0], 1), [])
    assert len(await service.emitted(group, "message_updated")) == 4


async def test_a_poll_that_takes_several_options_counts_each(
    service: Service, marks: Marks, pair: tuple[str, str], group: str
) -> None:
    message_id = (await ask_all(service, pair[0], group, is_multiple=True)).message_id
    await marks.vote(message_id, 2, 0, by=pair[0])
    ballot = await marks.vote(message_id, 1, 2, by=pair[0])
    again = await marks.vote(message_id, 2, 1, by=pair[0])

    assert ballot == again
    assert (votes(ballot.poll), list(ballot.options)) == (([0, 1, 1], 1), [1, 2])
    assert len(await service.emitted(group, "message_updated")) == 2


@pytest.mark.parametrize(
    ("is_multiple", "options"), [(False, []), (False, [0, 1]), (False, [3]), (False, [-1]), (True, [0, 0]), (True, [])]
)
async def test_a_vote_that_the_poll_does_not_take_is_refused(
    service: Service, marks: Marks, pair: tuple[str, str], group: str, is_multiple: bool, options: list[int]
) -> None:
    message_id = (await ask_all(service, pair[0], group, is_multiple=is_multiple)).message_id
    asked = polls_pb2.VoteRequest(message_id=message_id, options=options)

    assert await marks.refusal(asked, by=pair[1]) == "VOTE_INVALID"


async def test_nobody_votes_on_what_is_no_poll(
    service: Service, marks: Marks, pair: tuple[str, str], group: str
) -> None:
    message_id = (await service.say(pair[0], group)).message_id
    for asked in (
        polls_pb2.VoteRequest(message_id=message_id, options=[0]),
        polls_pb2.RetractVoteRequest(message_id=message_id),
        polls_pb2.ListVotesRequest(message_id=message_id),
        polls_pb2.ClosePollRequest(message_id=message_id),
    ):
        assert await marks.refusal(asked, by=pair[0]) == "NOT_A_POLL"


async def test_who_voted_for_what_is_listed_page_by_page(service: Service, marks: Marks) -> None:
    crowd = await service.people(5)
    group = await service.group(*crowd)
    message_id = (await ask_all(service, crowd[0], group, is_multiple=True)).message_id
    expected = {user_id: [n % 3, 2] if n % 3 != 2 else [2] for n, user_id in enumerate(crowd)}
    for user_id, options in expected.items():
        await marks.vote(message_id, *options, by=user_id)

    found: dict[str, list[int]] = {}
    token = ""
    while True:
        request = polls_pb2.ListVotesRequest(message_id=message_id, page_size=2, page_token=token)
        page = await marks.ask(request, by=crowd[1])
        found |= {vote.user_id: list(vote.options) for vote in page.votes}
        token = page.next_page_token
        if not token:
            break
    assert found == expected


async def test_nobody_learns_who_voted_in_an_anonymous_poll(
    service: Service, marks: Marks, pair: tuple[str, str], group: str
) -> None:
    message = await ask_all(service, pair[0], group, is_anonymous=True)
    await marks.vote(message.message_id, 1, by=pair[1])
    listed = polls_pb2.ListVotesRequest(message_id=message.message_id)

    assert [await marks.refusal(listed, by=user_id) for user_id in pair] == ["POLL_ANONYMOUS"] * 2
    [event] = await service.emitted(group, "message_updated")
    [change] = (await service.changes(group, message.rev)).changes
    assert {event.actor_id, change.actor_id} == {pair[0]}
    [stored] = await service.history(group, by=pair[1])
    assert (votes(stored.poll), list(stored.viewer.votes)) == (([0, 1, 0], 1), [1])


async def test_a_closed_poll_takes_no_votes(service: Service, marks: Marks, pair: tuple[str, str], group: str) -> None:
    message_id = (await ask_all(service, pair[0], group)).message_id
    await marks.vote(message_id, 0, by=pair[1])
    close = polls_pb2.ClosePollRequest(message_id=message_id)
    assert await marks.refusal(close, by=pair[1]) == "NOT_THE_AUTHOR"
    closed, again = await marks.ask(close, by=pair[0]), await marks.ask(close, by=pair[0])

    assert closed == again
    assert closed.ballot.poll.is_closed
    assert votes(closed.ballot.poll) == ([1, 0, 0], 1)
    for asked in (
        polls_pb2.VoteRequest(message_id=message_id, options=[0]),
        polls_pb2.RetractVoteRequest(message_id=message_id),
    ):
        assert await marks.refusal(asked, by=pair[1]) == "POLL_CLOSED"
    assert len(await service.emitted(group, "message_updated")) == 2


async def test_a_moderator_closes_anybody_s_poll(
    service: Service, marks: Marks, pair: tuple[str, str], group: str
) -> None:
    message_id = (await ask_all(service, pair[1], group)).message_id

    closed = await marks.ask(polls_pb2.ClosePollRequest(message_id=message_id), by=pair[0])
    assert closed.ballot.poll.is_closed


async def test_a_poll_closes_by_itself_by_the_clock_of_the_database(
    service: Service, marks: Marks, pair: tuple[str, str], group: str
) -> None:
    message = await ask_all(service, pair[0], group)
    await marks.vote(message.message_id, 0, by=pair[1])
    end = """
        update messages set poll = jsonb_set(poll, '{closes_at}', to_jsonb(now() + cast(:span as interval)))
        where id = :id
    """
    await service.rows(end, span="1 hour", id=message.message_id)
    await marks.vote(message.message_id, 1, by=pair[1])
    await service.rows(end, span="-1 second", id=message.message_id)

    asked = polls_pb2.VoteRequest(message_id=message.message_id, options=[0])
    assert await marks.refusal(asked, by=pair[1]) == "POLL_CLOSED"
    rev = (await service.get(group, by=pair[0])).rev
    await marks.ask(polls_pb2.ClosePollRequest(message_id=message.message_id), by=pair[0])
    assert (await service.get(group, by=pair[0])).rev == rev


async def test_counts_equal_a_recount_while_twenty_vote_at_once(service: Service, marks: Marks) -> None:
    crowd = await service.people(20)
    group = await service.group(*crowd)
    message = await ask_all(service, crowd[0], group, is_multiple=True)
    dice = random.Random(11)

    async def decide(user_id: str) -> None:
        for _ in range(5):
            await marks.vote(message.message_id, *dice.sample(range(3), dice.randrange(4)), by=user_id)

    await asyncio.gather(*map(decide, crowd))

    [stored] = await service.history(group, by=crowd[0])
    assert votes(stored.poll) == await recount(service, message)
    told = await service.emitted(group, "message_updated")
    assert [event.aggregate_rev for event in told] == list(range(message.rev + 1, stored.rev + 1))
