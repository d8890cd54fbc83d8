"""What a group keeps at hand for all, and what one person keeps for themselves."""

import asyncio
from typing import Any

from deploy.local.stack import Stack
from tests.support.people import Person


def ids(page: Any) -> list[str]:
    return [found["message"]["id"] for found in page["results"]]


async def test_a_pin_is_heard_by_all_and_goes_with_its_message(platform: Stack) -> None:
    a, b = await Person.join(platform.gateway_url), await Person.join(platform.gateway_url)
    group = await a.group(b)
    rules, menu = await b.say(group, "The rules"), await b.say(group, "The menu")
    async with b.socket() as socket:
        for message in (rules, menu):
            await a.ask("PUT", f"messages/{message['id']}/pin/", expect=204)
        frame = await socket.until("pin.changed", count=2)
        assert (frame["conversation_id"], frame["rev"]) == (group, menu["rev"] + 2)
        assert frame["payload"] == {"message_id": menu["id"], "user_id": a.user_id, "is_pinned": True}
        assert ids(await b.ask("GET", f"conversations/{group}/pins/")) == [menu["id"], rules["id"]]
        assert (await b.ask("PUT", f"messages/{rules['id']}/pin/", expect=403))["code"] == "role_insufficient"
        await b.ask("DELETE", f"messages/{menu['id']}/", expect=204)
        await socket.until("message.deleted")
        assert ids(await b.ask("GET", f"conversations/{group}/pins/")) == [rules["id"]]
        await a.ask("DELETE", f"messages/{rules['id']}/pin/", expect=204)
        frame = await socket.until("pin.changed", count=3)
        assert frame["payload"]["is_pinned"] is False
    assert (await a.ask("GET", f"conversations/{group}/pins/"))["results"] == []
    await asyncio.gather(a.close(), b.close())


async def test_in_a_direct_conversation_both_pin_until_one_blocks_the_other(platform: Stack) -> None:
    a, b = await Person.join(platform.gateway_url), await Person.join(platform.gateway_url)
    direct = await a.direct(b)
    message = await a.say(direct, "My address")
    await b.ask("PUT", f"messages/{message['id']}/pin/", expect=204)
    assert ids(await a.ask("GET", f"conversations/{direct}/pins/")) == [message["id"]]
    await a.ask("PUT", f"users/{b.user_id}/block/", expect=204)

    async def refused() -> bool:
        answer = await b.http.delete(f"/api/v1/messages/{message['id']}/pin/")
        return answer.status_code == 403 and answer.json()["code"] == "blocked"

    async with asyncio.timeout(30):
        while not await refused():
            # Until the block has come over, it succeeds, and there is no pin to remove any more.
            await asyncio.sleep(0.1)
    await asyncio.gather(a.close(), b.close())


async def test_bookmarks_follow_their_owner_from_device_to_device(platform: Stack) -> None:
    a, b = await Person.join(platform.gateway_url), await Person.join(platform.gateway_url)
    group, direct = await a.group(b), await a.direct(b)
    one, other = await a.say(group, "A recipe"), await a.say(direct, "A number")
    async with b.socket() as phone, a.socket() as of_a:
        for message in (one, other):
            await b.ask("PUT", f"messages/{message['id']}/bookmark/", expect=204)
        frame = await phone.until("bookmark.changed", count=2)
        assert frame["payload"] == {"message_id": other["id"], "is_bookmarked": True}
        await b.ask("DELETE", f"messages/{one['id']}/bookmark/", expect=204)
        frame = await phone.until("bookmark.changed", count=3)
        assert frame["payload"] == {"message_id": one["id"], "is_bookmarked": False}
        assert "bookmark.changed" not in {frame["type"] for frame in of_a.frames}
    assert ids(await b.ask("GET", "messages/bookmarks/")) == [other["id"]]
    assert (await a.ask("GET", "messages/bookmarks/"))["results"] == []
    await asyncio.gather(a.close(), b.close())


async def test_who_is_removed_finds_their_bookmarks_gone_and_back_when_they_return(platform: Stack) -> None:
    a, b = await Person.join(platform.gateway_url), await Person.join(platform.gateway_url)
    group = await a.group(b)
    message, deleted = await a.say(group, "A recipe"), await a.say(group, "A mistake")
    for each in (message, deleted):
        await b.ask("PUT", f"messages/{each['id']}/bookmark/", expect=204)
    await a.ask("DELETE", f"messages/{deleted['id']}/", expect=204)
    assert ids(await b.ask("GET", "messages/bookmarks/")) == [message["id"]]

    await a.ask("DELETE", f"conversations/{group}/participants/{b.user_id}/", expect=204)
    page = await b.ask("GET", "messages/bookmarks/?page_size=1")
    assert (page["results"], page["next"]) == ([], None)
    await a.ask("POST", f"conversations/{group}/participants/", expect=201, json={"user_ids": [b.user_id]})
    assert ids(await b.ask("GET", "messages/bookmarks/")) == [message["id"]]
    await asyncio.gather(a.close(), b.close())
