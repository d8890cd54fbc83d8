"""A message that everybody shall confirm, and the report of who has."""

import asyncio
from typing import Any

from deploy.local.stack import Stack
from tests.support.people import Person


def states(page: Any) -> dict[str, bool]:
    return {found["user_id"]: found["acknowledged_at"] is not None for found in page["results"]}


async def test_the_author_sees_who_took_notice_and_who_has_not(platform: Stack) -> None:
    a, b, c = [await Person.join(platform.gateway_url) for _ in range(3)]
    group = await a.group(b, c)
    message = await b.say(group, "The fire drill is at ten", requires_acknowledgement=True)
    path = f"messages/{message['id']}"
    async with b.socket() as of_author, c.socket() as of_reader:
        heard = (await of_reader.command("message.acknowledge", {"message_id": message["id"]}))["payload"]
        frame = await of_author.until("message.updated")
        assert (frame["payload"]["acknowledgement_count"], frame["rev"]) == (1, message["rev"] + 1)
        assert states(await b.ask("GET", f"{path}/acknowledgements/")) == {a.user_id: False, c.user_id: True}
        assert (await c.ask("GET", f"{path}/acknowledgements/", expect=403))["code"] == "role_insufficient"
        again = await c.ask("POST", f"{path}/acknowledge/")
        assert again == heard
        await a.ask("POST", f"{path}/acknowledge/")
        frame = await of_author.until("message.updated", count=2)
        assert frame["payload"]["acknowledgement_count"] == 2
    assert (await b.ask("GET", f"{path}/acknowledgements/?acknowledged=false"))["results"] == []
    assert (await b.ask("POST", f"{path}/acknowledge/", expect=409))["code"] == "acknowledgement_not_required"
    seen = await c.ask("GET", f"{path}/")
    assert (seen["has_acknowledged"], seen["acknowledgement_count"]) == (True, 2)
    await asyncio.gather(a.close(), b.close(), c.close())


async def test_who_leaves_is_no_longer_waited_for_and_what_was_confirmed_stays(platform: Stack) -> None:
    a, b, c = [await Person.join(platform.gateway_url) for _ in range(3)]
    group = await a.group(b, c)
    message = await a.say(group, "Sign here", requires_acknowledgement=True)
    await b.ask("POST", f"messages/{message['id']}/acknowledge/")
    for person in (b, c):
        await a.ask("DELETE", f"conversations/{group}/participants/{person.user_id}/", expect=204)

    assert states(await a.ask("GET", f"messages/{message['id']}/acknowledgements/")) == {b.user_id: True}
    assert (await c.ask("POST", f"messages/{message['id']}/acknowledge/", expect=404))["code"] == "message_not_found"
    await asyncio.gather(a.close(), b.close(), c.close())
