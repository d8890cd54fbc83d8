"""Reacting to messages."""

import asyncio
import random

import pytest

from messaging.conversations.v1 import conversations_pb2, reactions_pb2
from messaging.conversations.v1.events_pb2 import ReactionChanged
from tests.integration.conversations.conftest import Service
from tests.integration.conversations.marks import THUMB, Marks, counts

PARTY, HEART, RED_HEART = "\U0001f389", "❤", "❤️"
_RECOUNT = "select emoji, count(*) from reactions where message_id = :id group by emoji"


async def test_a_reaction_is_counted_and_told(
    service: Service, marks: Marks, pair: tuple[str, str], group: str
) -> None:
    message = await service.say(pair[0], group)
    await marks.react(message.message_id, by=pair[0])
    tally = await marks.react(message.message_id, by=pair[1])

    assert (tally.message_id, tally.user_id, tally.emoji) == (message.message_id, pair[1], THUMB)
    assert (tally.is_added, tally.count) == (True, 2)
    told = [ReactionChanged.FromString(event.payload) for event in await service.emitted(group, "reaction_changed")]
    assert [(event.user_id, event.is_added, event.count, event.seq) for event in told] == [
        (pair[0], True, 1, 1),
        (pair[1], True, 2, 1),
    ]
    [stored] = await service.history(group, by=pair[1])
    assert (counts(stored), stored.rev) == ({THUMB: 2}, message.rev + 2)
    logged = (await service.changes(group, message.rev)).changes
    assert {change.kind for change in logged} == {conversations_pb2.CHANGE_KIND_REACTION_CHANGED}


async def test_a_reaction_is_taken_back_by_its_own_author_alone(
    service: Service, marks: Marks, pair: tuple[str, str], group: str
) -> None:
    message_id = (await service.say(pair[0], group)).message_id
    await marks.react(message_id, by=pair[0])
    await marks.take_back(message_id, by=pair[1])
    assert counts((await service.history(group, by=pair[0]))[0]) == {THUMB: 1}

    tally = await marks.take_back(message_id, by=pair[0])
    assert (tally.is_added, tally.count) == (False, 0)
    assert counts((await service.history(group, by=pair[0]))[0]) == {}
    assert len(await service.emitted(group, "reaction_changed")) == 2


async def test_who_may_no_longer_react_can_still_take_back(
    service: Service, marks: Marks, pair: tuple[str, str], group: str
) -> None:
    message_id = (await service.say(pair[0], group)).message_id
    await marks.react(message_id, by=pair[1])
    await service.rows("update participants set role = 5 where user_id = :user_id", user_id=pair[1])

    assert (await marks.take_back(message_id, by=pair[1])).count == 0


async def test_emojis_stand_in_the_order_in_which_they_came(
    service: Service, marks: Marks, pair: tuple[str, str], group: str
) -> None:
    message_id = (await service.say(pair[0], group)).message_id
    for emoji in (PARTY, THUMB, HEART):
        await marks.react(message_id, emoji, by=pair[0])
    await marks.react(message_id, THUMB, by=pair[1])
    await marks.take_back(message_id, PARTY, by=pair[0])
    await marks.react(message_id, PARTY, by=pair[1])

    assert list(counts((await service.history(group, by=pair[0]))[0]).items()) == [(THUMB, 2), (HEART, 1), (PARTY, 1)]


async def test_two_spellings_of_an_emoji_are_one_reaction(
    service: Service, marks: Marks, pair: tuple[str, str], group: str
) -> None:
    message_id = (await service.say(pair[0], group)).message_id
    await marks.react(message_id, RED_HEART, by=pair[0])
    tally = await marks.react(message_id, HEART, by=pair[1])
    assert (tally.emoji, tally.count) == (RED_HEART, 2)
    await marks.react(message_id, HEART, by=pair[0])
    assert (await marks.take_back(message_id, HEART, by=pair[0])).count == 1

    assert counts((await service.history(group, by=pair[0]))[0]) == {RED_HEART: 1}
    found = await marks.ask(reactions_pb2.ListReactionsRequest(message_id=message_id, emoji=HEART), by=pair[0])
    assert [each.user_id for each in found.reactions] == [pair[1]]


@pytest.mark.parametrize("emoji", ["", "a", "ok", THUMB + THUMB, f" {THUMB}", "<b>", "1", "\u200d", THUMB * 16])
async def test_what_is_no_emoji_is_refused(
    service: Service, marks: Marks, pair: tuple[str, str], group: str, emoji: str
) -> None:
    message_id = (await service.say(pair[0], group)).message_id
    asked = reactions_pb2.AddReactionRequest(message_id=message_id, emoji=emoji)
    assert await marks.refusal(asked, by=pair[0]) == "EMOJI_INVALID"
    asked = reactions_pb2.AddReactionRequest(message_id=message_id, emoji="x" * 257)
    assert await marks.refusal(asked, by=pair[0]) == "INVALID_REQUEST"


async def test_a_message_has_so_many_emojis_and_of_one_person_fewer(
    service: Service, marks: Marks, pair: tuple[str, str], group: str
) -> None:
    others = await service.people(1)
    message_id = (await service.say(pair[0], group)).message_id
    add = """
        insert into participants (conversation_id, user_id, role, read_seq, delivered_seq, joined_at)
        values (:id, :user_id, 4, 0, 0, now())
    """
    await service.rows(add, id=group, user_id=others[0])
    emojis = [chr(0x1F600 + n) for n in range(51)]
    for n, emoji in enumerate(emojis[:50]):
        await marks.react(message_id, emoji, by=(*pair, *others)[n // 20])

    def asked(emoji: str) -> reactions_pb2.AddReactionRequest:
        return reactions_pb2.AddReactionRequest(message_id=message_id, emoji=emoji)

    # The first of them has 20 already, the third may have more, but not new ones.
    assert await marks.refusal(asked(emojis[20]), by=pair[0]) == "REACTION_LIMIT"
    assert await marks.refusal(asked(emojis[50]), by=others[0]) == "REACTION_LIMIT"
    assert (await marks.react(message_id, emojis[0], by=others[0])).count == 2


async def test_in_a_channel_those_react_who_may_not_write(
    service: Service, marks: Marks, pair: tuple[str, str], group: str
) -> None:
    await service.rows("update conversations set posting_policy = 2, slow_mode_seconds = 3600 where id = :id", id=group)
    message_id = (await service.say(pair[0], group)).message_id

    assert (await marks.react(message_id, by=pair[1])).count == 1


async def test_who_reacted_is_listed_page_by_page(
    service: Service, marks: Marks, pair: tuple[str, str], group: str
) -> None:
    message_id = (await service.say(pair[0], group)).message_id
    for emoji in (THUMB, PARTY, HEART):
        for user_id in pair:
            await marks.react(message_id, emoji, by=user_id)
    expected = [(user_id, emoji) for emoji in (THUMB, PARTY, HEART) for user_id in pair]

    found, token = [], ""
    while True:
        request = reactions_pb2.ListReactionsRequest(message_id=message_id, page_size=4, page_token=token)
        page = await marks.ask(request, by=pair[1])
        found += [(each.user_id, each.emoji) for each in page.reactions]
        token = page.next_page_token
        if not token:
            break
    assert found == expected
    back = reactions_pb2.ListReactionsRequest(message_id=message_id, page_size=4, page_token=page.previous_page_token)
    first = await marks.ask(back, by=pair[1])
    assert [(each.user_id, each.emoji) for each in first.reactions] == expected[:4]
    only = await marks.ask(reactions_pb2.ListReactionsRequest(message_id=message_id, emoji=PARTY), by=pair[0])
    assert [(each.user_id, each.emoji) for each in only.reactions] == expected[2:4]


async def test_the_same_reaction_twice_at_once_counts_once(
    service: Service, marks: Marks, pair: tuple[str, str], group: str
) -> None:
    message_id = (await service.say(pair[0], group)).message_id
    tallies = await asyncio.gather(*(marks.react(message_id, by=pair[1]) for _ in range(4)))

    assert [tally.count for tally in tallies] == [1, 1, 1, 1]
    assert len(await service.emitted(group, "reaction_changed")) == 1


async def test_counts_equal_a_recount_while_many_react_at_once(service: Service, marks: Marks) -> None:
    crowd = await service.people(8)
    group = await service.group(*crowd)
    message = await service.say(crowd[0], group)
    emojis = [THUMB, PARTY, HEART, RED_HEART]
    dice = random.Random(7)

    async def play(user_id: str) -> None:
        for _ in range(12):
            act = marks.react if dice.random() < 0.6 else marks.take_back
            await act(message.message_id, dice.choice(emojis), by=user_id)

    await asyncio.gather(*map(play, crowd))

    [stored] = await service.history(group, by=crowd[0])
    recount = await service.rows(_RECOUNT, id=message.message_id)
    assert counts(stored) == dict(recount)
    told = await service.emitted(group, "reaction_changed")
    assert [event.aggregate_rev for event in told] == list(range(message.rev + 1, stored.rev + 1))
    replayed: dict[str, int] = {}
    for event in told:
        change = ReactionChanged.FromString(event.payload)
        replayed[change.emoji] = replayed.get(change.emoji, 0) + (1 if change.is_added else -1)
        assert change.count == replayed[change.emoji]
