"""A group through its life: roles, a mute, a ban that ends, slow mode, a new owner; and a channel with few writers."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from deploy.local.stack import Stack
from tests.support.people import Person


@pytest.fixture
async def crew(platform: Stack) -> AsyncIterator[list[Person]]:
    """An owner and three others."""
    people = [await Person.join(platform.gateway_url) for _ in range(4)]
    yield people
    await asyncio.gather(*(person.close() for person in people))


def hence(**span: float) -> str:
    return (datetime.now(UTC) + timedelta(**span)).isoformat()


async def test_a_group_is_run_by_people_of_different_roles(crew: list[Person]) -> None:
    owner, admin, moderator, member = crew
    group = await owner.group(admin, moderator, member, title="Engine room")
    path = f"conversations/{group}"
    await owner.ask("PATCH", f"{path}/participants/{admin.user_id}/", json={"role": "admin"})
    await admin.ask("PATCH", f"{path}/participants/{moderator.user_id}/", json={"role": "moderator"})
    too_high = await admin.ask("PATCH", f"{path}/participants/{moderator.user_id}/", expect=403, json={"role": "admin"})
    assert too_high["code"] == "role_insufficient"

    async with member.socket() as socket:
        await admin.ask("PATCH", f"{path}/", json={"title": "Boiler room"})
        updated = await socket.until("conversation.updated")
        assert updated["payload"]["title"] == "Boiler room"
        # Above the moderator there is nobody whom they may mute.
        for target, expected in ((owner, 403), (admin, 403), (member, 200)):
            await moderator.ask(
                "PATCH", f"{path}/participants/{target.user_id}/", expect=expected, json={"muted_until": hence(hours=1)}
            )
        muted = await socket.first(lambda frame: bool((frame.get("payload") or {}).get("muted_until")))
        assert (muted["type"], muted["payload"]["user_id"]) == ("participant.updated", member.user_id)
        refused = await member.ask("POST", f"{path}/messages/", expect=403, json={"content": "But I …"})
        assert refused["code"] == "muted"
        typing = await member.ask("POST", f"{path}/typing/", expect=403, json={"state": "start"})
        assert typing["code"] == "muted"
        await moderator.ask("PATCH", f"{path}/participants/{member.user_id}/", json={"muted_until": None})
        said = await member.say(group, "Finally")
        await moderator.ask("DELETE", f"messages/{said['id']}/", expect=204)
        deleted = await socket.until("message.deleted")
        assert (deleted["payload"]["id"], deleted["payload"]["content"]) == (said["id"], "")
    assert (await member.ask("DELETE", f"{path}/", expect=403))["code"] == "role_insufficient"
    assert (await admin.ask("DELETE", f"{path}/", expect=403))["code"] == "role_insufficient"
    await owner.ask("DELETE", f"{path}/", expect=204)
    await member.ask("GET", f"{path}/", expect=404)


async def test_a_ban_ends_by_itself(crew: list[Person]) -> None:
    owner, moderator, culprit, _ = crew
    group = await owner.group(moderator, culprit)
    path = f"conversations/{group}"
    await owner.ask("PATCH", f"{path}/", json={"is_public": True})
    await owner.ask("PATCH", f"{path}/participants/{moderator.user_id}/", json={"role": "moderator"})
    async with culprit.socket() as socket:
        await moderator.ask("PUT", f"{path}/bans/{culprit.user_id}/", json={"expires_at": hence(hours=1)})
        await socket.until("participant.removed")
        await owner.say(group, "Gone?")
        assert (await culprit.ask("POST", f"{path}/join/", expect=403))["code"] == "banned"
        adding = {"user_ids": [culprit.user_id]}
        assert (await owner.ask("POST", f"{path}/participants/", expect=403, json=adding))["code"] == "banned"
        assert [item["user_id"] for item in (await moderator.ask("GET", f"{path}/bans/"))["results"]] == [
            culprit.user_id
        ]
        assert not socket.messages()
        await moderator.ask("PUT", f"{path}/bans/{culprit.user_id}/", json={"expires_at": hence(seconds=1)})
        async with asyncio.timeout(30):
            while (await culprit.http.post(f"/api/v1/{path}/join/")).status_code == 403:
                await asyncio.sleep(0.1)
        created = await socket.until("conversation.created")
        assert created["payload"]["id"] == group
    assert (await moderator.ask("GET", f"{path}/bans/"))["results"] == []
    assert (await culprit.ask("GET", f"{path}/"))["my_membership"]["role"] == "member"


async def test_an_owner_leaves_only_once_there_is_another(crew: list[Person]) -> None:
    owner, heir, other, _ = crew
    group = await owner.group(heir, other)
    path = f"conversations/{group}"
    assert (await owner.ask("POST", f"{path}/leave/", expect=409))["code"] == "owner_required"
    stepping_down = await owner.ask(
        "PATCH", f"{path}/participants/{owner.user_id}/", expect=409, json={"role": "admin"}
    )
    assert stepping_down["code"] == "owner_required"
    async with other.socket() as socket:
        shown = await owner.ask("POST", f"{path}/transfer/", json={"user_id": heir.user_id})
        assert shown["my_membership"]["role"] == "admin"
        await socket.until("participant.updated", count=2)
        told = [frame for frame in socket.frames if frame["type"] == "participant.updated"]
        assert [(frame["payload"]["user_id"], frame["payload"]["role"]) for frame in told] == [
            (heir.user_id, "owner"),
            (owner.user_id, "admin"),
        ]
        assert [frame["rev"] for frame in told] == [shown["rev"] - 1, shown["rev"]]
    assert (await owner.ask("DELETE", f"{path}/", expect=403))["code"] == "role_insufficient"
    await owner.ask("POST", f"{path}/leave/", expect=204)
    assert (await heir.ask("GET", f"{path}/"))["participant_count"] == 2


async def test_slow_mode_lets_members_wait_as_long_as_it_says(crew: list[Person]) -> None:
    owner, member, *_ = crew
    group = await owner.group(member)
    await owner.ask("PATCH", f"conversations/{group}/", json={"slow_mode_seconds": 3})
    await member.say(group, "one")
    answer = await member.http.post(f"/api/v1/conversations/{group}/messages/", json={"content": "two"})
    assert (answer.status_code, answer.json()["code"]) == (429, "slow_mode")
    assert 1 <= int(answer.headers["Retry-After"]) <= 3
    async with member.socket() as socket:
        command = {"conversation_id": group, "content": "two"}
        await asyncio.sleep(int(answer.headers["Retry-After"]))
        assert (await socket.command("message.send", command))["type"] == "ack"
        refused = await socket.command("message.send", {**command, "content": "three"})
        assert (refused["type"], refused["payload"]["code"]) == ("error", "slow_mode")
    for text in ("four", "five"):
        await owner.say(group, text)
    assert [message["content"] for message in await member.read_all(group)] == ["one", "two", "four", "five"]


async def test_a_channel_has_many_readers_and_few_writers(crew: list[Person]) -> None:
    owner, writer, reader, _ = crew
    people = [writer.user_id, reader.user_id]
    body = {"kind": "channel", "title": "News", "participant_ids": people}
    channel = (await owner.ask("POST", "conversations/", expect=201, json=body))["id"]
    path = f"conversations/{channel}"
    await owner.ask("PATCH", f"{path}/participants/{writer.user_id}/", json={"role": "moderator"})
    async with reader.socket() as socket:
        said = await writer.say(channel, "It works")
        assert (await socket.until("message.created"))["payload"]["id"] == said["id"]
        refused = await reader.ask("POST", f"{path}/messages/", expect=403, json={"content": "Hurrah"})
        assert refused["code"] == "posting_restricted"
        await owner.ask("PATCH", f"{path}/", json={"posting_policy": "members"})
        await socket.until("conversation.updated")
        await reader.say(channel, "Hurrah")
    assert [message["content"] for message in await owner.read_all(channel)] == ["It works", "Hurrah"]
