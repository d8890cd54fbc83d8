"""Ways into a conversation: invites that end in every way, and doors that stand open."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from deploy.local.stack import Stack
from tests.support.people import Person


@pytest.fixture
async def crew(platform: Stack) -> AsyncIterator[list[Person]]:
    """An owner and three others."""
    people = [await Person.join(platform.gateway_url) for _ in range(4)]
    yield people
    await asyncio.gather(*(person.close() for person in people))


async def invite(host: Person, conversation: str, **fields: Any) -> Any:
    return await host.ask("POST", f"conversations/{conversation}/invites/", expect=201, json=fields)


async def is_closed(person: Person, code: str) -> bool:
    """Whether the code is told from one that never was by nothing."""
    answers = []
    for tried in (code, uuid.uuid4().hex):
        for method, path in (("GET", f"invites/{tried}/"), ("POST", f"invites/{tried}/accept/")):
            problem = await person.ask(method, path, expect=404)
            problem.pop("request_id")
            answers.append(problem)
    return answers[0]["code"] == "invite_not_found" and all(answer == answers[0] for answer in answers)


async def test_a_guest_looks_comes_in_and_reads_on(crew: list[Person]) -> None:
    owner, guest, *_ = crew
    group = await owner.group(title="Engine room")
    await owner.say(group, "before")
    made = await invite(owner, group)
    assert (await guest.ask("GET", f"invites/{made['code']}/"))["title"] == "Engine room"
    await guest.ask("GET", f"conversations/{group}/", expect=404)
    async with guest.socket() as socket, owner.socket() as hosts:
        joined = await guest.ask("POST", f"invites/{made['code']}/accept/")
        assert (joined["id"], joined["unread_count"]) == (group, 0)
        assert (await socket.until("conversation.created"))["payload"]["id"] == group
        assert (await hosts.until("participant.added"))["payload"]["user_id"] == guest.user_id
        await owner.say(group, "after")
        assert (await socket.until("message.created"))["payload"]["content"] == "after"
    assert [message["content"] for message in await guest.read_all(group)] == ["before", "after"]
    again = await guest.ask("POST", f"invites/{made['code']}/accept/")
    assert again["participant_count"] == 2
    [listed] = (await owner.ask("GET", f"conversations/{group}/invites/"))["results"]
    assert listed["use_count"] == 1


async def test_an_invite_ends_by_time_by_use_and_by_revocation(crew: list[Person]) -> None:
    owner, first, guest, _ = crew
    group = await owner.group()
    soon = (datetime.now(UTC) + timedelta(seconds=3)).isoformat()
    short, single, taken_back = [
        await invite(owner, group, **fields) for fields in ({"expires_at": soon}, {"max_uses": 1}, {})
    ]
    await guest.ask("GET", f"invites/{short['code']}/")
    async with asyncio.timeout(30):
        while (await guest.http.get(f"/api/v1/invites/{short['code']}/")).status_code == 200:
            await asyncio.sleep(0.2)
    await first.ask("POST", f"invites/{single['code']}/accept/")
    await owner.ask("DELETE", f"conversations/{group}/invites/{taken_back['id']}/", expect=204)
    for made in (short, single, taken_back):
        assert await is_closed(guest, made["code"])
    await owner.ask("PATCH", f"conversations/{group}/invites/{single['id']}/", json={"max_uses": 2})
    assert (await guest.ask("POST", f"invites/{single['code']}/accept/"))["participant_count"] == 3


async def test_who_is_banned_finds_every_code_closed(crew: list[Person]) -> None:
    owner, culprit, other, _ = crew
    group = await owner.group(culprit)
    made = await invite(owner, group)
    await owner.ask("PUT", f"conversations/{group}/bans/{culprit.user_id}/", json={})
    assert await is_closed(culprit, made["code"])
    await other.ask("GET", f"invites/{made['code']}/")
    await owner.ask("DELETE", f"conversations/{group}/bans/{culprit.user_id}/", expect=204)
    assert (await culprit.ask("POST", f"invites/{made['code']}/accept/"))["id"] == group


async def test_an_invite_falls_with_the_role_of_who_made_it(crew: list[Person]) -> None:
    owner, admin, guest, _ = crew
    group = await owner.group(admin)
    path = f"conversations/{group}/participants/{admin.user_id}/"
    await owner.ask("PATCH", path, json={"role": "admin"})
    made = await invite(admin, group, role="moderator")
    assert (await admin.ask("POST", f"conversations/{group}/invites/", expect=403, json={"role": "admin"}))["code"] == (
        "role_insufficient"
    )
    await owner.ask("PATCH", path, json={"role": "member"})
    assert await is_closed(guest, made["code"])
    await owner.ask("PATCH", path, json={"role": "admin"})
    joined = await guest.ask("POST", f"invites/{made['code']}/accept/")
    assert joined["my_membership"]["role"] == "moderator"


async def test_many_at_once_share_what_few_uses_there_are(crew: list[Person]) -> None:
    owner, *guests = crew
    group = await owner.group()
    made = await invite(owner, group, max_uses=2)
    answers = await asyncio.gather(
        *(guest.http.post(f"/api/v1/invites/{made['code']}/accept/") for guest in guests for _ in range(3))
    )
    assert {answer.status_code for answer in answers} == {200, 404}
    assert (await owner.ask("GET", f"conversations/{group}/"))["participant_count"] == 3


async def test_a_public_conversation_is_found_and_joined_and_a_private_one_neither(crew: list[Person]) -> None:
    owner, guest, late, _ = crew
    mark = uuid.uuid4().hex
    body = {"kind": "group", "title": "Open", "description": f"About {mark}", "is_public": True}
    group = (await owner.ask("POST", "conversations/", expect=201, json=body))["id"]
    await owner.say(group, "before")

    async def found(person: Person) -> list[str]:
        page = await person.ask("GET", f"conversations/public/?search={mark}")
        return [item["id"] for item in page["results"]]

    assert await found(guest) == [group]
    await guest.ask("GET", f"conversations/{group}/", expect=404)
    assert (await guest.ask("POST", f"conversations/{group}/join/"))["my_membership"]["role"] == "member"
    assert [message["content"] for message in await guest.read_all(group)] == ["before"]
    await owner.ask("PATCH", f"conversations/{group}/", json={"history_visibility": "since_joined"})
    assert (await late.ask("POST", f"conversations/{group}/join/"))["last_message"] is None
    assert await late.read_all(group) == []
    await late.ask("POST", f"conversations/{group}/leave/", expect=204)
    await owner.ask("PATCH", f"conversations/{group}/", json={"is_public": False})
    assert await found(late) == []
    assert (await late.ask("POST", f"conversations/{group}/join/", expect=404))["code"] == "conversation_not_found"
