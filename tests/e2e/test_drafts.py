"""Somebody begins to write on one device and goes on with another."""

import asyncio

from deploy.local.stack import Stack
from tests.support.people import Person


async def test_a_draft_moves_from_phone_to_laptop_and_is_sent_from_there(platform: Stack) -> None:
    a, b = await Person.join(platform.gateway_url), await Person.join(platform.gateway_url)
    direct = await a.direct(b)
    question = await b.say(direct, "Coming?")
    path = f"conversations/{direct}/draft/"
    async with a.socket() as phone, a.socket() as laptop, b.socket() as of_b:
        saved = await a.ask("PUT", path, json={"content": "I thi", "reply_to_id": question["id"]})
        for device in (phone, laptop):
            assert (await device.until("draft.changed"))["payload"] == {"conversation_id": direct, "draft": saved}
        saved = await a.ask("PUT", path, json={"content": "I think so", "reply_to_id": question["id"]})
        assert (await laptop.until("draft.changed", count=2))["payload"]["draft"] == saved

        # The laptop sends what the phone began, and then clears it away for both.
        body = {"conversation_id": direct, "content": saved["content"], "reply_to_id": saved["reply_to_id"]}
        sent = await laptop.command("message.send", body)
        assert sent["payload"]["reply_to_id"] == question["id"]
        assert await a.ask("GET", path) == saved
        await a.ask("DELETE", path, expect=204)
        gone = await phone.until("draft.changed", count=3)
        assert gone["payload"] == {"conversation_id": direct, "draft": None}

        await of_b.until("message.created")
        assert "draft.changed" not in {frame["type"] for frame in of_b.frames}
    assert (await a.ask("GET", path, expect=404))["code"] == "draft_not_found"
    await asyncio.gather(a.close(), b.close())


async def test_a_device_that_was_away_finds_the_draft_of_the_other(platform: Stack) -> None:
    a, b = await Person.join(platform.gateway_url), await Person.join(platform.gateway_url)
    direct = await a.direct(b)
    path = f"conversations/{direct}/draft/"
    texts = [f"Version {n}" for n in range(8)]
    async with a.socket() as phone:
        answers = await asyncio.gather(*(a.ask("PUT", path, json={"content": text}) for text in texts))
        stored = await a.ask("GET", path)
        # Of many at once the latest stays, and it is what the other device heard last.
        assert stored["updated_at"] == max(answer["updated_at"] for answer in answers)
        await phone.first(lambda frame: frame.get("payload", {}).get("draft") == stored)
        heard = [frame["payload"]["draft"] for frame in phone.frames if frame["type"] == "draft.changed"]
        assert heard[-1] == stored
    assert (await b.ask("GET", path, expect=404))["code"] == "draft_not_found"
    await asyncio.gather(a.close(), b.close())
