"""A group decides something."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from deploy.local.stack import Stack
from tests.support.people import Person


async def ask_all(person: Person, conversation_id: str, **fields: Any) -> Any:
    poll = {"options": ["Tuesday", "Thursday", "Never"], **fields}
    return await person.say(conversation_id, "When?", message_type="poll", poll=poll)


def counts(poll: Any) -> list[int]:
    return [option["votes"] for option in poll["options"]]


async def test_a_group_votes_and_everybody_sees_the_counts_live(platform: Stack) -> None:
    a, b, c = [await Person.join(platform.gateway_url) for _ in range(3)]
    group = await a.group(b, c)
    message = await ask_all(b, group)
    path = f"messages/{message['id']}"
    async with c.socket() as socket:
        await a.ask("PUT", f"{path}/vote/", json={"options": [0]})
        await b.ask("PUT", f"{path}/vote/", json={"options": [0]})
        await a.ask("PUT", f"{path}/vote/", json={"options": [2]})
        frame = await socket.until("message.updated", count=3)
        assert (counts(frame["payload"]["poll"]), frame["rev"]) == ([1, 0, 1], message["rev"] + 3)
        assert "my_votes" not in frame["payload"]["poll"]
        await b.ask("DELETE", f"{path}/vote/", expect=204)
        closed = await a.ask("POST", f"{path}/close/")
        assert (counts(closed), closed["my_votes"], closed["is_closed"]) == ([0, 0, 1], [2], True)
        frame = await socket.until("message.updated", count=5)
        assert frame["payload"]["poll"]["is_closed"] is True
    assert (await c.ask("PUT", f"{path}/vote/", expect=409, json={"options": [1]}))["code"] == "poll_closed"
    assert (await a.ask("GET", f"{path}/"))["poll"]["my_votes"] == [2]
    assert [vote["user_id"] for vote in (await c.ask("GET", f"{path}/votes/"))["results"]] == [a.user_id]
    await asyncio.gather(a.close(), b.close(), c.close())


async def test_nobody_learns_who_voted_in_an_anonymous_poll(platform: Stack) -> None:
    a, b = await Person.join(platform.gateway_url), await Person.join(platform.gateway_url)
    group = await a.group(b)
    message = await ask_all(a, group, is_anonymous=True, is_multiple=True)
    path = f"messages/{message['id']}"
    async with a.socket() as socket:
        mine = await b.ask("PUT", f"{path}/vote/", json={"options": [0, 1]})
        assert (counts(mine), mine["my_votes"], mine["voter_count"]) == ([1, 1, 0], [0, 1], 1)
        frame = await socket.until("message.updated")
        assert b.user_id not in str(frame["payload"])
    assert (await a.ask("GET", f"{path}/votes/", expect=403))["code"] == "poll_anonymous"
    changes = await a.ask("GET", f"conversations/{group}/changes/?after_rev={message['rev']}")
    assert [change["actor_id"] for change in changes["changes"]] == [a.user_id]
    await asyncio.gather(a.close(), b.close())


async def test_a_poll_ends_at_its_time(platform: Stack) -> None:
    a, b = await Person.join(platform.gateway_url), await Person.join(platform.gateway_url)
    end = datetime.now(UTC) + timedelta(seconds=3)
    message = await ask_all(a, await a.direct(b), closes_at=end.isoformat())
    path = f"/api/v1/messages/{message['id']}/vote/"

    async def vote(place: int) -> Any:
        return await b.http.put(path, json={"options": [place]})

    assert (await vote(0)).status_code == 200
    async with asyncio.timeout(30):
        place = 1
        while (answer := await vote(place)).status_code == 200:
            place = 1 - place
            await asyncio.sleep(0.1)
    assert (answer.status_code, answer.json()["code"]) == (409, "poll_closed")
    poll = (await a.ask("GET", f"messages/{message['id']}/"))["poll"]
    assert (sum(counts(poll)), poll["voter_count"]) == (1, 1)
    await asyncio.gather(a.close(), b.close())
