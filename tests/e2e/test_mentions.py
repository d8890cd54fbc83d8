"""A journey through what somebody hears of: they want mentions only, then quiet, then nothing of one person."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from deploy.local.stack import Stack
from tests.support.people import Person

Found = dict[str, tuple[int, str]]


async def waiting(person: Person) -> Found:
    """What is unread by kind: how much of it, and the newest text."""
    page = await person.ask("GET", "notifications/?unread=true")
    return {one["kind"]: (one["count"], one["body"]) for one in page["results"] if one["kind"] != "member_added"}


async def hears(person: Person, expected: Found) -> None:
    """Wait until just this is unread."""
    found: Any = None
    try:
        async with asyncio.timeout(30):
            while (found := await waiting(person)) != expected:
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(f"{found} instead of {expected}") from None


async def test_a_member_hears_of_what_they_want_to_hear_of(platform: Stack) -> None:
    ada, bo, cy = [await Person.join(platform.gateway_url) for _ in range(3)]
    group = await ada.group(bo, cy)
    await bo.ask("PATCH", f"conversations/{group}/membership/", json={"notification_level": "mentions"})

    # What is said later is a witness: when Cy has heard of it, whatever was to come to Bo has come.
    async def settled(text: str, expected: Found) -> None:
        sent = await ada.say(group, text)
        async with asyncio.timeout(30):
            while text not in [body for _, body in (await waiting(cy)).values()]:
                await asyncio.sleep(0.05)
        assert await waiting(bo) == expected
        await cy.ask("POST", f"conversations/{group}/read/", json={"seq": sent["seq"]})

    root = await bo.say(group, "Bo's question")
    plain = await ada.say(group, "nothing for Bo")
    await settled("one", {})

    await ada.say(group, f"@{bo.username} by name")
    await hears(bo, {"mention": (1, f"@{bo.username} by name")})
    await ada.say(group, "@all of you")
    await hears(bo, {"mention": (2, "@all of you")})
    edited = f"something for @{bo.username} after all"
    await ada.ask("PATCH", f"messages/{plain['id']}/", json={"content": edited})
    await hears(bo, {"mention": (3, edited)})
    await ada.ask("PATCH", f"messages/{plain['id']}/", json={"content": "nothing again"})
    await hears(bo, {"mention": (2, "")})

    reply = await ada.ask("POST", f"messages/{root['id']}/reply/", expect=201, json={"content": "an answer"})
    await hears(bo, {"mention": (2, ""), "reply": (1, "an answer")})
    await bo.ask("POST", f"conversations/{group}/read/", json={"seq": reply["seq"]})
    await hears(bo, {})
    await bo.ask("DELETE", f"messages/{root['id']}/thread/subscription/", expect=204)
    await ada.ask("POST", f"messages/{root['id']}/reply/", expect=201, json={"content": "another answer"})
    await settled("two", {})

    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    await bo.ask("PATCH", f"conversations/{group}/membership/", json={"muted_until": later})
    await ada.say(group, f"@{bo.username} quietly")
    await settled("three", {})
    unread = (await bo.ask("GET", f"conversations/{group}/"))["unread_count"]
    assert unread == 4
    await bo.ask("PATCH", f"conversations/{group}/membership/", json={"muted_until": None})
    await settled("four", {})

    await bo.ask("PUT", f"users/{ada.user_id}/block/", expect=204)
    # Another stream than that of messages: what is said now may be heard before.
    async with asyncio.timeout(30):
        while True:
            before = await waiting(bo)
            text = f"@{bo.username} {datetime.now(UTC)}"
            sent = await ada.say(group, text)
            async with asyncio.timeout(30):
                while text not in [body for _, body in (await waiting(cy)).values()]:
                    await asyncio.sleep(0.05)
            if await waiting(bo) == before:
                break
    await bo.ask("POST", f"conversations/{group}/read/", json={"seq": sent["seq"]})
    await hears(bo, {})
    await cy.say(group, f"@{bo.username} from Cy")
    await hears(bo, {"mention": (1, f"@{bo.username} from Cy")})
    await asyncio.gather(ada.close(), bo.close(), cy.close())
