"""Confirming that one took notice."""

import asyncio

from messaging.conversations.v1 import acknowledgements_pb2, messages_pb2
from messaging.conversations.v1.events_pb2 import MessageUpdated
from tests.integration.conversations.conftest import Service
from tests.integration.conversations.marks import Marks


async def ask_all(service: Service, sender_id: str, conversation_id: str) -> messages_pb2.Message:
    return await service.say(sender_id, conversation_id, "Leave the building", requires_acknowledgement=True)


async def report(marks: Marks, message_id: str, *, by: str, **fields: object) -> dict[str, bool]:
    """Who has acknowledged, by the report's own pages of two."""
    found: dict[str, bool] = {}
    token = ""
    while True:
        request = acknowledgements_pb2.ListAcknowledgementsRequest(
            message_id=message_id,
            page_size=2,
            page_token=token,
            **fields,  # type: ignore[arg-type]
        )
        page = await marks.ask(request, by=by)
        found |= {each.user_id: each.HasField("create_time") for each in page.acknowledgements}
        token = page.next_page_token
        if not token:
            return found


async def reminders(service: Service, message_id: str) -> int:
    return len(await service.rows("select 1 from reminders where message_id = :id", id=message_id))


async def test_an_acknowledgement_is_counted_told_and_kept(
    service: Service, marks: Marks, pair: tuple[str, str], group: str
) -> None:
    message = await ask_all(service, pair[0], group)
    first = await marks.acknowledge(message.message_id, by=pair[1])
    again = await marks.acknowledge(message.message_id, by=pair[1])

    assert first == again
    assert (first.message_id, first.user_id) == (message.message_id, pair[1])
    [event] = await service.emitted(group, "message_updated")
    told = MessageUpdated.FromString(event.payload).message
    assert (told.acknowledgement_count, told.rev) == (1, message.rev + 1)
    [private] = await service.emitted(pair[1], "acknowledged")
    assert private.user_id == pair[1]


async def test_only_what_asks_for_it_is_acknowledged_and_not_by_its_author(
    service: Service, marks: Marks, pair: tuple[str, str], group: str
) -> None:
    plain, asking = await service.say(pair[0], group), await ask_all(service, pair[0], group)
    for message, user_id in ((plain, pair[1]), (asking, pair[0])):
        request = acknowledgements_pb2.AcknowledgeMessageRequest(message_id=message.message_id)
        assert await marks.refusal(request, by=user_id) == "ACKNOWLEDGEMENT_NOT_REQUIRED"
    listed = acknowledgements_pb2.ListAcknowledgementsRequest(message_id=plain.message_id)
    assert await marks.refusal(listed, by=pair[0]) == "ACKNOWLEDGEMENT_NOT_REQUIRED"


async def test_who_may_not_write_is_asked_and_answers(
    service: Service, marks: Marks, pair: tuple[str, str], group: str
) -> None:
    message = await ask_all(service, pair[0], group)
    silence = "update participants set role = 5, muted_until = 'infinity' where user_id = :user_id"
    await service.rows(silence, user_id=pair[1])

    assert (await marks.acknowledge(message.message_id, by=pair[1])).user_id == pair[1]


async def test_the_report_names_who_has_and_who_has_not(service: Service, marks: Marks) -> None:
    author, quick, slow, newcomer, leaver, deserter = crowd = await service.people(6)
    group = await service.group(*crowd)
    message_id = (await ask_all(service, author, group)).message_id
    await marks.acknowledge(message_id, by=quick)
    await marks.acknowledge(message_id, by=leaver)
    gone = "update participants set left_at = now() where user_id = any(cast(:ids as uuid[]))"
    await service.rows(gone, ids=[leaver, deserter])
    await service.rows("update participants set visible_after = 1 where user_id = :user_id", user_id=newcomer)

    assert await report(marks, message_id, by=author) == {quick: True, leaver: True, slow: False}
    assert await report(marks, message_id, by=author, is_acknowledged=True) == {quick: True, leaver: True}
    assert await report(marks, message_id, by=author, is_acknowledged=False) == {slow: False}


async def test_the_report_is_for_the_author_and_moderators(service: Service, marks: Marks) -> None:
    owner, author, reader = await service.people(3)
    group = await service.group(owner, author, reader)
    message_id = (await ask_all(service, author, group)).message_id
    request = acknowledgements_pb2.ListAcknowledgementsRequest(message_id=message_id)

    assert (await report(marks, message_id, by=owner)).keys() == {owner, reader}
    assert (await report(marks, message_id, by=author)).keys() == {owner, reader}
    assert await marks.refusal(request, by=reader) == "ROLE_INSUFFICIENT"
    await service.rows("update participants set role = 3 where user_id = :user_id", user_id=reader)
    assert (await report(marks, message_id, by=reader)).keys() == {owner, reader}


async def test_nobody_is_reminded_after_the_last_one(service: Service, marks: Marks) -> None:
    author, one, other, newcomer = crowd = await service.people(4)
    group = await service.group(*crowd)
    message_id = (await ask_all(service, author, group)).message_id
    await service.rows("update participants set visible_after = 1 where user_id = :user_id", user_id=newcomer)

    await marks.acknowledge(message_id, by=one)
    assert await reminders(service, message_id) == 1
    await marks.acknowledge(message_id, by=other)
    assert await reminders(service, message_id) == 0


async def test_the_count_equals_a_recount_when_all_acknowledge_at_once(service: Service, marks: Marks) -> None:
    author, *others = await service.people(12)
    group = await service.group(author, *others)
    message = await ask_all(service, author, group)
    await asyncio.gather(*(marks.acknowledge(message.message_id, by=user_id) for user_id in others * 2))

    [stored] = await service.history(group, by=author)
    assert stored.acknowledgement_count == len(others)
    recount = await service.rows("select count(*) from acknowledgements where message_id = :id", id=message.message_id)
    assert recount == [(len(others),)]
    told = [
        MessageUpdated.FromString(event.payload).message for event in await service.emitted(group, "message_updated")
    ]
    assert [each.acknowledgement_count for each in told] == list(range(1, len(others) + 1))
    assert [each.rev for each in told] == list(range(message.rev + 1, stored.rev + 1))
    assert await reminders(service, message.message_id) == 0
