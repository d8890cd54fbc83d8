import asyncio

from tests.integration.conversations.conftest import Service


async def test_a_message_is_stored_and_numbered(service: Service) -> None:
    one, other = await service.people(2)
    conversation_id = await service.direct(one, other)

    message = await service.say(one, conversation_id, "Hello")

    assert (message.seq, message.rev, message.content) == (1, 4, "Hello")
    assert await service.history(conversation_id, by=other) == [message]


async def test_a_hundred_at_once(service: Service) -> None:
    one, other = await service.people(2)
    conversation_id = await service.direct(one, other)

    found = await asyncio.gather(*(service.say(one, conversation_id, f"{n}") for n in range(100)))

    assert sorted(message.seq for message in found) == list(range(1, 101))
    assert sorted(message.rev for message in found) == list(range(4, 104))
