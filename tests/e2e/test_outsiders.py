"""What somebody who is removed, banned, or was never there can read of a conversation: nothing, on whatever path."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest

from deploy.local.stack import Stack
from tests.support.people import Person

SECRET = "xylophone"
# Lists over all that one may see: they answer, without what is not for the one who asks.
OPEN_LISTS = (
    "messages/?page_size=200",
    "conversations/?page_size=200",
    f"conversations/?search={SECRET}",
    f"conversations/public/?search={SECRET}",
    f"messages/search/?q={SECRET}",
    "messages/bookmarks/",
)


@dataclass
class Scene:
    """A group with a secret in every corner of it."""

    owner: Person
    guest: Person
    conversation: str
    message: str
    reply: str


async def attempt(person: Person, method: str, path: str, body: Any = None) -> httpx2.Response:
    options = {} if body is None else {"json": body}
    return await person.http.request(method, f"/api/v1/{path}", **options)


@pytest.fixture
async def scene(platform: Stack) -> AsyncIterator[Scene]:
    owner, guest = await Person.join(platform.gateway_url), await Person.join(platform.gateway_url)
    conversation = await owner.group(guest, title=f"About the {SECRET}")
    message = (await owner.say(conversation, f"the {SECRET} is here", requires_acknowledgement=True))["id"]
    reply = (await owner.say(conversation, f"that {SECRET}", reply_to_id=message))["id"]
    await owner.ask("PATCH", f"messages/{message}/", json={"content": f"the {SECRET} is here, look"})
    for person, path, body in (
        (owner, f"messages/{message}/pin/", None),
        (guest, f"messages/{message}/bookmark/", None),
        (guest, f"messages/{message}/reactions/👍/", None),
        (guest, f"conversations/{conversation}/draft/", {"content": f"my {SECRET}"}),
    ):
        answer = await attempt(person, "PUT", path, body)
        assert answer.is_success, f"{path}: {answer.status_code} {answer.text}"
    yield Scene(owner, guest, conversation, message, reply)
    await asyncio.gather(owner.close(), guest.close())


async def paths(person: Person, scene: Scene) -> list[str]:
    """Every address below a conversation or a message that can be read, as the documentation has them."""
    schema = (await person.http.get("/api/v1/schema/")).json()
    found = []
    for path, methods in schema["paths"].items():
        if "get" in methods and ("{conversation_id}" in path or "{message_id}" in path) and "/admin/" not in path:
            found.append(path.removeprefix("/api/v1/"))
    assert len(found) >= 15
    return found


def filled(path: str, conversation: str, message: str, person: Person) -> str:
    known = {"conversation_id": conversation, "message_id": message, "user_id": person.user_id}
    for name, value in known.items():
        path = path.replace(f"{{{name}}}", value)
    path = path.replace("{invite_id}", str(uuid.uuid4())).replace("{webhook_id}", str(uuid.uuid4()))
    assert "{" not in path, path
    # Whatever a search or the change log need to be asked.
    return path + ("?q=" + SECRET if path.endswith("search/") else "?after_rev=0" if path.endswith("changes/") else "")


async def reads_nothing(person: Person, scene: Scene) -> None:
    for path in await paths(person, scene):
        for message in (scene.message, scene.reply):
            asked = filled(path, scene.conversation, message, person)
            answer = await person.http.get(f"/api/v1/{asked}")
            assert answer.status_code == 404, f"{asked}: {answer.status_code} {answer.text}"
            unknown = await person.http.get("/api/v1/" + filled(path, str(uuid.uuid4()), str(uuid.uuid4()), person))
            # Nobody can tell what is there from what never was.
            assert _anonymous(answer.json()) == _anonymous(unknown.json()), asked
    await _until_inbox_is_empty(person)
    for asked in OPEN_LISTS:
        answer = await person.http.get(f"/api/v1/{asked}")
        assert answer.status_code == 200, f"{asked}: {answer.text}"
        assert SECRET not in json.dumps(answer.json()["results"]), asked
        assert scene.message not in answer.text, asked


async def _until_inbox_is_empty(person: Person) -> None:
    # The end of a membership reaches the inbox as an event.
    async with asyncio.timeout(30):
        while (await person.ask("GET", "notifications/"))["results"]:
            await asyncio.sleep(0.1)


async def changes_nothing(person: Person, scene: Scene) -> None:
    elsewhere = await person.group(title="Elsewhere")
    attempts: list[tuple[str, str, Any]] = [
        ("POST", f"conversations/{scene.conversation}/messages/", {"content": "still here"}),
        ("POST", f"messages/{scene.message}/reply/", {"content": "still here"}),
        ("POST", f"messages/{scene.message}/forward/", {"conversation_ids": [elsewhere]}),
        ("PATCH", f"messages/{scene.message}/", {"content": "mine now"}),
        ("DELETE", f"messages/{scene.message}/", None),
        ("PUT", f"messages/{scene.message}/reactions/👍/", None),
        ("DELETE", f"messages/{scene.message}/reactions/👍/", None),
        ("PUT", f"messages/{scene.message}/pin/", None),
        ("PUT", f"messages/{scene.message}/bookmark/", None),
        ("POST", f"messages/{scene.message}/acknowledge/", None),
        ("POST", f"messages/{scene.message}/report/", {"reason": "spam"}),
        ("PUT", f"messages/{scene.message}/thread/subscription/", None),
        ("PUT", f"conversations/{scene.conversation}/draft/", {"content": "still here"}),
        ("POST", f"conversations/{scene.conversation}/read/", {"seq": 1}),
        ("POST", f"conversations/{scene.conversation}/typing/", {"state": "start"}),
        ("PATCH", f"conversations/{scene.conversation}/", {"title": "mine now"}),
        ("POST", f"conversations/{scene.conversation}/join/", None),
        ("POST", f"conversations/{scene.conversation}/participants/", {"user_ids": [person.user_id]}),
        ("POST", f"conversations/{scene.conversation}/invites/", {}),
        ("POST", f"conversations/{scene.conversation}/transfer/", {"user_id": person.user_id}),
    ]
    before = await scene.owner.ask("GET", f"conversations/{scene.conversation}/")
    for method, path, body in attempts:
        answer = await attempt(person, method, path, body)
        assert answer.status_code == 404, f"{method} {path}: {answer.status_code} {answer.text}"
    assert await scene.owner.ask("GET", f"conversations/{scene.conversation}/") == before


async def removed(scene: Scene) -> None:
    await scene.owner.ask(
        "DELETE", f"conversations/{scene.conversation}/participants/{scene.guest.user_id}/", expect=204
    )


async def banned(scene: Scene) -> None:
    path = f"conversations/{scene.conversation}/bans/{scene.guest.user_id}/"
    answer = await scene.owner.http.put(f"/api/v1/{path}", json={})
    assert answer.status_code in {200, 201}, answer.text


async def left(scene: Scene) -> None:
    await scene.guest.ask("POST", f"conversations/{scene.conversation}/leave/", expect=204)


@pytest.mark.parametrize("ending", [removed, banned, left])
async def test_a_former_member_reads_and_changes_nothing(
    scene: Scene, ending: Callable[[Scene], Awaitable[None]]
) -> None:
    async with scene.guest.socket() as socket:
        await ending(scene)
        await socket.until("participant.removed")
        await scene.owner.say(scene.conversation, f"now the {SECRET} is ours")
        await reads_nothing(scene.guest, scene)
        await changes_nothing(scene.guest, scene)
        # A frame of the time before may name it; none of the time after.
        assert not [frame for frame in socket.frames if "now the" in json.dumps(frame)]
    async with scene.guest.socket({scene.conversation: 1}, socket.hello["epoch"]) as later:
        assert later.resumed["conversations"][scene.conversation]["mode"] == "gone"
        assert SECRET not in json.dumps(later.frames)


async def test_a_stranger_reads_and_changes_nothing(scene: Scene, platform: Stack) -> None:
    stranger = await Person.join(platform.gateway_url)
    await reads_nothing(stranger, scene)
    await changes_nothing(stranger, scene)
    await stranger.close()


async def test_a_member_reads_on_every_path(scene: Scene) -> None:
    # Otherwise the tests above would pass with addresses that nobody can read.
    for path in await paths(scene.guest, scene):
        if any(
            name in path for name in ("{invite_id}", "{webhook_id}", "invites/", "bans/", "acknowledgements/", "votes/")
        ):
            continue
        asked = filled(path, scene.conversation, scene.message, scene.guest)
        answer = await scene.guest.http.get(f"/api/v1/{asked}")
        assert answer.status_code == 200, f"{asked}: {answer.status_code} {answer.text}"


async def test_a_blocked_person_keeps_what_was_said_and_adds_nothing(platform: Stack) -> None:
    ada, eve = await Person.join(platform.gateway_url), await Person.join(platform.gateway_url)
    conversation = await ada.direct(eve)
    message = await ada.say(conversation, "before")
    await ada.ask("PUT", f"users/{eve.user_id}/block/", expect=204)

    async def is_refused() -> bool:
        answer = await eve.http.post(f"/api/v1/conversations/{conversation}/messages/", json={"content": "after"})
        return answer.status_code == 403 and answer.json()["code"] == "blocked"

    async with asyncio.timeout(30):
        while not await is_refused():
            await asyncio.sleep(0.1)
    assert next(kept["content"] for kept in await eve.read_all(conversation)) == "before"
    for method, path, body in (
        ("POST", f"messages/{message['id']}/reply/", {"content": "after"}),
        ("PUT", f"messages/{message['id']}/reactions/👍/", None),
        ("POST", f"conversations/{conversation}/typing/", {"state": "start"}),
    ):
        answer = await attempt(eve, method, path, body)
        assert (answer.status_code, answer.json()["code"]) == (403, "blocked"), f"{method} {path}: {answer.text}"
    group = await eve.group(title="Somewhere else")
    forwarded = await eve.ask(
        "POST", f"messages/{message['id']}/forward/", json={"conversation_ids": [group]}, expect=200
    )
    assert forwarded
    answer = await eve.http.post(f"/api/v1/conversations/{group}/participants/", json={"user_ids": [ada.user_id]})
    assert (answer.status_code, answer.json()["code"]) == (422, "user_unavailable")
    await asyncio.gather(ada.close(), eve.close())


def _anonymous(problem: Any) -> Any:
    return {name: value for name, value in problem.items() if name not in {"request_id", "instance"}}
