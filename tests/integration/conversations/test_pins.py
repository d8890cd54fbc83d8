"""Pinning messages in their conversation."""

import asyncio

import pytest

from messaging.conversations.v1 import conversations_pb2, pins_pb2
from messaging.conversations.v1.events_pb2 import PinChanged
from tests.integration.conversations.conftest import Service
from tests.integration.conversations.marks import Marks


async def test_a_pin_is_shown_to_all_and_told(
    service: Service, marks: Marks, pair: tuple[str, str], group: str
) -> None:
    message = await service.say(pair[1], group)
    await marks.pin(message.message_id, by=pair[0])

    [pin] = await marks.pinned(group, by=pair[1])
    assert (pin.message.message_id, pin.message.is_pinned, pin.actor_id) == (message.message_id, True, pair[0])
    assert pin.create_time.ToNanoseconds() > message.create_time.ToNanoseconds()
    [event] = await service.emitted(group, "pin_changed")
    told = PinChanged.FromString(event.payload)
    assert (told.message_id, told.user_id, told.is_pinned, told.seq) == (message.message_id, pair[0], True, 1)
    [change] = (await service.changes(group, message.rev)).changes
    assert (change.rev, change.kind) == (message.rev + 1, conversations_pb2.CHANGE_KIND_PIN_CHANGED)
    assert change.message.is_pinned


async def test_an_unpinned_message_can_be_pinned_again(
    service: Service, marks: Marks, pair: tuple[str, str], group: str
) -> None:
    message_id = (await service.say(pair[0], group)).message_id
    await marks.pin(message_id, by=pair[0])
    await marks.ask(pins_pb2.UnpinMessageRequest(message_id=message_id), by=pair[0])
    assert await marks.pinned(group, by=pair[0]) == []
    [stored] = await service.history(group, by=pair[0])
    assert not stored.is_pinned

    await marks.pin(message_id, by=pair[0])
    told = [PinChanged.FromString(event.payload).is_pinned for event in await service.emitted(group, "pin_changed")]
    assert told == [True, False, True]


@pytest.mark.parametrize(("role", "may_pin"), [(1, True), (2, True), (3, True), (4, False), (5, False)])
async def test_in_a_group_moderators_and_above_pin(
    service: Service, marks: Marks, pair: tuple[str, str], group: str, role: int, may_pin: bool
) -> None:
    message_id = (await service.say(pair[0], group)).message_id
    statement = "update participants set role = :role where conversation_id = :id and user_id = :user_id"
    await service.rows(statement, role=role, id=group, user_id=pair[1])

    for request in (
        pins_pb2.PinMessageRequest(message_id=message_id),
        pins_pb2.UnpinMessageRequest(message_id=message_id),
    ):
        if may_pin:
            await marks.ask(request, by=pair[1])
        else:
            assert await marks.refusal(request, by=pair[1]) == "ROLE_INSUFFICIENT"


async def test_in_a_direct_conversation_both_pin(
    service: Service, marks: Marks, pair: tuple[str, str], direct: str
) -> None:
    first, second = await service.say(pair[0], direct), await service.say(pair[1], direct)
    await marks.pin(first.message_id, by=pair[1])
    await marks.pin(second.message_id, by=pair[0])
    await marks.ask(pins_pb2.UnpinMessageRequest(message_id=first.message_id), by=pair[0])

    assert [pin.message.message_id for pin in await marks.pinned(direct, by=pair[0])] == [second.message_id]


async def test_the_latest_pin_comes_first_page_by_page(
    service: Service, marks: Marks, pair: tuple[str, str], group: str
) -> None:
    sent = [(await service.say(pair[0], group)).message_id for _ in range(5)]
    order = [sent[n] for n in (2, 0, 4, 1, 3)]
    for message_id in order:
        await marks.pin(message_id, by=pair[0])

    found, token = [], ""
    while True:
        request = pins_pb2.ListPinsRequest(conversation_id=group, page_size=2, page_token=token)
        page = await marks.ask(request, by=pair[1])
        found += [pin.message.message_id for pin in page.pins]
        token = page.next_page_token
        if not token:
            break
    assert found == order[::-1]


async def test_each_sees_the_pins_of_messages_that_are_there_for_them(
    service: Service, marks: Marks, pair: tuple[str, str], group: str
) -> None:
    sent = [(await service.say(pair[0], group)).message_id for _ in range(3)]
    for message_id in sent:
        await marks.pin(message_id, by=pair[0])
    await service.rows("update participants set visible_after = 1 where user_id = :user_id", user_id=pair[1])
    hide = "insert into hidden_messages (user_id, message_id) values (:user_id, :id)"
    await service.rows(hide, user_id=pair[1], id=sent[2])

    assert [pin.message.message_id for pin in await marks.pinned(group, by=pair[1])] == [sent[1]]
    assert len(await marks.pinned(group, by=pair[0])) == 3


async def test_a_pin_shows_a_message_with_the_reader_s_own_marks(
    service: Service, marks: Marks, pair: tuple[str, str], group: str
) -> None:
    message_id = (await service.say(pair[0], group)).message_id
    await marks.pin(message_id, by=pair[0])
    await marks.bookmark(message_id, by=pair[1])

    [of_author], [of_reader] = await marks.pinned(group, by=pair[0]), await marks.pinned(group, by=pair[1])
    assert (of_author.message.viewer.is_bookmarked, of_reader.message.viewer.is_bookmarked) == (False, True)
    assert of_author.message.viewer.status


async def test_a_conversation_has_a_hundred_pins(
    service: Service, marks: Marks, pair: tuple[str, str], group: str
) -> None:
    sent = [(await service.say(pair[0], group)).message_id for _ in range(3)]
    fill = """
        insert into pins (message_id, conversation_id, actor_id, created_at)
        select gen_random_uuid(), :id, :user_id, now() from generate_series(1, 98)
    """
    await service.rows(fill, id=group, user_id=pair[0])

    # Two at once for the last two places, and a third.
    await asyncio.gather(*(marks.pin(message_id, by=pair[0]) for message_id in sent[:2]))
    asked = pins_pb2.PinMessageRequest(message_id=sent[2])
    assert await marks.refusal(asked, by=pair[0]) == "PIN_LIMIT"
    await marks.pin(sent[0], by=pair[0])


async def test_the_same_pin_twice_at_once_is_one(
    service: Service, marks: Marks, pair: tuple[str, str], group: str
) -> None:
    message_id = (await service.say(pair[0], group)).message_id
    await asyncio.gather(*(marks.pin(message_id, by=pair[0]) for _ in range(4)))

    assert len(await service.emitted(group, "pin_changed")) == 1
