"""What people keep from each other: blocks, who may write, who sees whom."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from deploy.local.stack import Stack
from tests.support.people import Person


@pytest.fixture
async def ada(platform: Stack) -> AsyncIterator[Person]:
    person = await Person.join(platform.gateway_url)
    yield person
    await person.close()


@pytest.fixture
async def eve(platform: Stack) -> AsyncIterator[Person]:
    person = await Person.join(platform.gateway_url)
    yield person
    await person.close()


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """What one service tells another arrives in a moment."""
    async with asyncio.timeout(30):
        while not await condition():
            await asyncio.sleep(0.05)


async def attempt(person: Person, path: str, body: dict[str, Any]) -> tuple[int, str]:
    """The status of a POST, and its code when it is refused."""
    answer = await person.http.post(f"/api/v1/{path}", json=body)
    return answer.status_code, str(answer.json().get("code", ""))


async def test_a_blocked_person_is_kept_away_until_the_block_ends(platform: Stack, ada: Person, eve: Person) -> None:
    conversation = await ada.direct(eve)
    path = f"conversations/{conversation}/messages/"
    await eve.say(conversation, "hello")

    await ada.ask("PUT", f"users/{eve.user_id}/block/", expect=204)

    async def is_refused() -> bool:
        return await attempt(eve, path, {"content": "answer me"}) == (403, "blocked")

    await until(is_refused)
    assert await attempt(ada, path, {"content": "no"}) == (403, "blocked")
    async with eve.socket() as socket:
        refused = await socket.command("message.send", {"conversation_id": conversation, "content": "please"})
        assert refused["payload"]["code"] == "blocked"
    # Nothing that went on before is lost, and nothing told Eve.
    assert "hello" in [message["content"] for message in await eve.read_all(conversation)]
    assert (await eve.ask("GET", f"users/{ada.user_id}/"))["first_name"] == "A"

    await ada.ask("DELETE", f"users/{eve.user_id}/block/", expect=204)

    async def is_healed() -> bool:
        return (await attempt(eve, path, {"content": "thank you"}))[0] == 201

    await until(is_healed)


async def test_a_blocked_person_begins_no_conversation(platform: Stack, ada: Person, eve: Person) -> None:
    await ada.ask("PUT", f"users/{eve.user_id}/block/", expect=204)
    direct = {"kind": "direct", "participant_ids": [ada.user_id]}
    group = {"kind": "group", "title": "Trap", "participant_ids": [ada.user_id]}

    async def is_refused() -> bool:
        return (await attempt(eve, "conversations/", group))[1] == "user_unavailable"

    await until(is_refused)
    assert await attempt(eve, "conversations/", direct) == (403, "blocked")
    await ada.ask("DELETE", f"users/{eve.user_id}/block/", expect=204)

    async def is_healed() -> bool:
        return (await attempt(eve, "conversations/", direct))[0] == 201

    await until(is_healed)


async def test_people_choose_who_may_begin_with_them(platform: Stack, ada: Person, eve: Person) -> None:
    await ada.ask("PUT", "users/me/privacy/", json={"who_can_message": "contacts"})
    direct = {"kind": "direct", "participant_ids": [ada.user_id]}
    group_id = await eve.group()

    async def is_refused() -> bool:
        code = (await attempt(eve, f"conversations/{group_id}/participants/", {"user_ids": [ada.user_id]}))[1]
        if not code:
            await eve.ask("DELETE", f"conversations/{group_id}/participants/{ada.user_id}/", expect=204)
        return code == "user_unavailable"

    await until(is_refused)
    assert (await attempt(eve, "conversations/", direct))[1] == "user_unavailable"

    await ada.ask("PUT", f"users/{eve.user_id}/contact/", expect=204)

    async def is_allowed() -> bool:
        return (await attempt(eve, "conversations/", direct))[0] == 201

    await until(is_allowed)
    await ada.ask("PUT", "users/me/privacy/", json={"who_can_message": "nobody"})

    async def is_closed() -> bool:
        group = {"kind": "group", "title": "Trap", "participant_ids": [ada.user_id]}
        return (await attempt(eve, "conversations/", group))[1] == "user_unavailable"

    await until(is_closed)
    # What there is goes on.
    await eve.say(await eve.direct(ada), "still here")


async def test_people_choose_who_sees_that_they_are_there_and_who_finds_them(
    platform: Stack, ada: Person, eve: Person
) -> None:
    async def state() -> str:
        return str((await eve.ask("GET", f"users/{ada.user_id}/presence/"))["state"])

    async def is_online() -> bool:
        return await state() == "online"

    async def found() -> bool:
        answer = await eve.ask("POST", "users/search/", json={"query": ada.username})
        return ada.user_id in [user["id"] for user in answer["results"]]

    async with ada.socket():
        await until(is_online)
        assert await found()
        await ada.ask("PUT", "users/me/privacy/", json={"show_online": False})
        assert await state() == "offline"
        assert (await eve.ask("GET", f"users/{ada.user_id}/"))["presence"]["last_seen_at"] is None
        await ada.ask("PUT", "users/me/privacy/", json={"show_online": True, "searchable": False})
        assert await state() == "online"
        assert not await found()
        await ada.ask("PUT", f"users/{eve.user_id}/block/", expect=204)
        assert await state() == "offline"
