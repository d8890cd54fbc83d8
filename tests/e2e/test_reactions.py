"""People react to each other's messages, by REST and by socket, and one of them comes back later."""

import asyncio
from urllib.parse import quote

from deploy.local.stack import Stack
from tests.support.people import Person

THUMB, PARTY = "👍", "🎉"


async def test_everybody_sees_the_same_reactions_live_and_later(platform: Stack) -> None:
    a, b, c = [await Person.join(platform.gateway_url) for _ in range(3)]
    group = await a.group(b, c)
    message = await a.say(group, "We ship today")
    path = f"messages/{message['id']}/reactions"
    async with a.socket() as of_a, b.socket() as of_b:
        async with c.socket() as of_c:
            known, epoch = message["rev"], of_c.hello["epoch"]
        await of_b.command("reaction.add", {"message_id": message["id"], "emoji": THUMB})
        await a.ask("PUT", f"{path}/{quote(THUMB)}/")
        await a.ask("PUT", f"{path}/{quote(PARTY)}/")
        await a.ask("DELETE", f"{path}/{quote(PARTY)}/", expect=204)
        for socket in (of_a, of_b):
            await socket.until("reaction.changed", count=4)
        heard = [
            [(frame["rev"], frame["payload"]) for frame in socket.frames if frame["type"] == "reaction.changed"]
            for socket in (of_a, of_b)
        ]
        assert heard[0] == heard[1]
        assert [rev for rev, _ in heard[0]] == [known + n for n in range(1, 5)]
        assert [(change["emoji"], change["added"], change["count"]) for _, change in heard[0]] == [
            (THUMB, True, 1),
            (THUMB, True, 2),
            (PARTY, True, 1),
            (PARTY, False, 0),
        ]
    # Who was away finds the message as it is now, once for each change.
    async with c.socket({group: known}, epoch) as of_c:
        assert of_c.resumed["conversations"][group] == {"mode": "events", "rev": known + 4}
        updated = [frame for frame in of_c.frames if frame["type"] == "message.updated"]
        assert updated[-1]["payload"]["reactions"] == {THUMB: {"count": 2}}
    assert (await c.ask("GET", f"messages/{message['id']}/"))["reactions"] == {THUMB: {"count": 2, "me": False}}
    assert (await b.ask("GET", f"messages/{message['id']}/"))["reactions"] == {THUMB: {"count": 2, "me": True}}
    people = [found["user_id"] for found in (await c.ask("GET", f"{path}/"))["results"]]
    assert people == [b.user_id, a.user_id]
    await asyncio.gather(a.close(), b.close(), c.close())


async def test_in_a_channel_readers_react(platform: Stack) -> None:
    a, b = await Person.join(platform.gateway_url), await Person.join(platform.gateway_url)
    body = {"kind": "channel", "title": "News", "participant_ids": [b.user_id]}
    channel = (await a.ask("POST", "conversations/", expect=201, json=body))["id"]
    message = await a.say(channel, "We have moved")
    refused = await b.ask("POST", f"conversations/{channel}/messages/", expect=403, json={"content": "Where?"})
    assert refused["code"] == "posting_restricted"

    assert (await b.ask("PUT", f"messages/{message['id']}/reactions/{quote(PARTY)}/"))["count"] == 1
    await asyncio.gather(a.close(), b.close())


async def test_a_crowd_reacts_at_once_and_nothing_is_lost(platform: Stack) -> None:
    crowd = [await Person.join(platform.gateway_url) for _ in range(6)]
    group = await crowd[0].group(*crowd[1:])
    message = await crowd[0].say(group, "Who is in?")
    async with crowd[0].socket() as socket:

        async def react(person: Person) -> None:
            for emoji in (THUMB, PARTY):
                await person.ask("PUT", f"messages/{message['id']}/reactions/{quote(emoji)}/")

        await asyncio.gather(*map(react, crowd))
        await socket.until("reaction.changed", count=12)
        revs = [frame["rev"] for frame in socket.frames if frame["type"] == "reaction.changed"]
        assert revs == list(range(message["rev"] + 1, message["rev"] + 13))
    shown = (await crowd[1].ask("GET", f"messages/{message['id']}/"))["reactions"]
    assert {emoji: found["count"] for emoji, found in shown.items()} == {THUMB: 6, PARTY: 6}
    await asyncio.gather(*(person.close() for person in crowd))
