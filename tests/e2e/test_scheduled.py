"""Messages that are sent by themselves."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from deploy.local.stack import Stack
from tests.support.people import Person

WORKER = "conversations-worker"
SOON = timedelta(seconds=2)


async def schedule(person: Person, conversation_id: str, content: str) -> Any:
    body = {"conversation_id": conversation_id, "content": content, "send_at": (datetime.now(UTC) + SOON).isoformat()}
    return await person.ask("POST", "messages/scheduled/", expect=201, json=body)


async def until(holds: Callable[[], Awaitable[bool]], seconds: float = 100) -> None:
    async with asyncio.timeout(seconds):
        while not await holds():
            await asyncio.sleep(0.1)


async def test_a_scheduled_message_arrives_by_itself(platform: Stack) -> None:
    a, b = await Person.join(platform.gateway_url), await Person.join(platform.gateway_url)
    direct = await a.direct(b)
    async with a.socket() as of_a, b.socket() as of_b:
        waiting = await schedule(a, direct, "Good morning")
        assert (await of_a.until("scheduled.changed"))["payload"] == waiting
        arrived = (await of_b.until("message.created", seconds=100))["payload"]
        assert (arrived["content"], arrived["sender_id"]) == ("Good morning", a.user_id)
        assert arrived["created_at"] >= waiting["send_at"]
        settled = (await of_a.until("scheduled.changed", count=2))["payload"]
        assert (settled["state"], settled["message_id"]) == ("sent", arrived["id"])
        assert not [frame for frame in of_b.frames if frame["type"] == "scheduled.changed"]
    assert await a.ask("GET", f"messages/scheduled/{waiting['id']}/") == settled
    assert (await a.ask("DELETE", f"messages/scheduled/{waiting['id']}/", expect=409))[
        "code"
    ] == "scheduled_message_settled"
    for person in (a, b):
        await person.close()


async def test_scheduled_messages_outlive_the_worker_and_are_sent_once(platform: Stack) -> None:
    a, b = await Person.join(platform.gateway_url), await Person.join(platform.gateway_url)
    direct = await a.direct(b)
    await asyncio.to_thread(platform.kill, WORKER)
    try:
        waiting = [await schedule(a, direct, str(n)) for n in range(5)]
        cancelled = waiting.pop(2)
        await a.ask("DELETE", f"messages/scheduled/{cancelled['id']}/", expect=204)
        await asyncio.sleep(SOON.total_seconds() + 1)
        assert await b.read_all(direct) == []
    finally:
        await asyncio.to_thread(platform.start, WORKER)

    async def all_sent() -> bool:
        page = await a.ask("GET", "messages/scheduled/?state=sent")
        return len(page["results"]) == len(waiting)

    await until(all_sent)
    assert [message["content"] for message in await b.read_all(direct)] == ["0", "1", "3", "4"]
    for person in (a, b):
        await person.close()


async def test_who_was_removed_meanwhile_sends_nothing(platform: Stack) -> None:
    a, b = await Person.join(platform.gateway_url), await Person.join(platform.gateway_url)
    group = await a.group(b)
    waiting = await schedule(b, group, "Am I still here?")
    await a.ask("DELETE", f"conversations/{group}/participants/{b.user_id}/", expect=204)

    async def has_failed() -> bool:
        found = await b.ask("GET", f"messages/scheduled/{waiting['id']}/")
        return (found["state"], found["failure"]) == ("failed", "conversation_not_found")

    await until(has_failed)
    assert "Am I still here?" not in [message["content"] for message in await a.read_all(group)]
    for person in (a, b):
        await person.close()
