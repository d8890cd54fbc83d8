"""A search, from the address bar to the excerpt, as different people."""

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import quote

import pytest

from deploy.local.stack import Stack
from tests.support.people import Person


@pytest.fixture
async def people(platform: Stack) -> AsyncIterator[tuple[Person, Person, Person]]:
    ada, ben, eve = [await Person.join(platform.gateway_url) for _ in range(3)]
    yield ada, ben, eve
    for person in (ada, ben, eve):
        await person.close()


async def found(person: Person, query: str, path: str = "messages/search/") -> list[str]:
    """What somebody finds, in order."""
    page = await person.ask("GET", f"{path}?q={quote(query)}")
    return [hit["message"]["content"] for hit in page["results"]]


async def test_people_find_what_they_may_see_and_nothing_else(people: tuple[Person, Person, Person]) -> None:
    ada, ben, eve = people
    release = await ada.group(ben, title="Release")
    await ada.say(release, "We are <b>deploying</b> the café on Monday, see https://example.org/plan")
    await ben.say(release, "Wir haben die Häuser gesehen und ich war nicht dort")
    important = await ben.say(release, "deployments are hard", is_important=True)
    await ada.ask("PUT", f"messages/{important['id']}/pin/", expect=204)
    # The username comes with an event of the registration.
    async with asyncio.timeout(30):
        while not await found(ada, f"from:@{ben.username}"):
            await asyncio.sleep(0.1)

    page = await ben.ask("GET", f"messages/search/?q={quote('deploy cafe')}")
    [hit] = page["results"]
    assert (page["next"], page["previous"], page["is_approximate"]) == (None, None, False)
    assert [run["text"] for run in hit["excerpt"] if run["is_match"]] == ["deploying", "café"]
    assert "".join(run["text"] for run in hit["excerpt"]) == hit["message"]["content"]
    assert hit["message"]["conversation_id"] == release

    assert await found(ada, "haus") == ["Wir haben die Häuser gesehen und ich war nicht dort"]
    assert await found(ada, f"deployments from:@{ben.username}") == ["deployments are hard"]
    assert await found(ada, "deploying has:link") == [hit["message"]["content"]]
    assert await found(ada, "is:pinned is:important in:release") == ["deployments are hard"]
    assert await found(ada, '"häuser gesehen" -monday', f"conversations/{release}/search/") != []
    assert await found(ada, "after:2099-01-01 deploying") == []

    assert await found(eve, "deploying") == []
    refused = await eve.ask("GET", f"conversations/{release}/search/?q=deploying", expect=404)
    assert refused["code"] == "conversation_not_found"

    # What is changed or deleted is found as it is now, by nobody as it was.
    await ben.ask("PATCH", f"messages/{important['id']}/", json={"content": "rollbacks are easy"})
    assert await found(ada, "deployments hard") == []
    assert await found(ada, "rollback") == ["rollbacks are easy"]
    await ben.ask("DELETE", f"messages/{important['id']}/", expect=204)
    assert await found(ada, "rollback") == []

    await ada.ask("DELETE", f"conversations/{release}/participants/{ben.user_id}/", expect=204)
    assert await found(ben, "deploying") == []
    assert len(await found(ada, "deploying")) == 1


async def test_pages_lead_on_by_their_addresses(people: tuple[Person, Person, Person]) -> None:
    ada, ben, _ = people
    group = await ada.group(ben)
    for number in range(5):
        await ada.say(group, f"plan {number}")
    path, seen = "messages/search/?q=plan&page_size=2", []
    while path:
        page = await ben.ask("GET", path)
        seen += [hit["message"]["content"] for hit in page["results"]]
        path = page["next"].partition("/api/v1/")[2] if page["next"] else ""
    assert seen == [f"plan {number}" for number in (4, 3, 2, 1, 0)]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("", "invalid_request"),
        ("q=", "invalid_request"),
        ("q=%00", "invalid_request"),
        (f"q={'x' * 1001}", "invalid_request"),
        ("q=:*", "search_invalid"),
        ("q=before:tomorrow", "search_invalid"),
        ("q=-only", "search_invalid"),
        ("q=a&limit=3", "invalid_request"),
        ("q=a&cursor=x", "invalid_page_token"),
    ],
)
async def test_what_cannot_be_searched_is_refused(people: tuple[Person, Person, Person], query: str, code: str) -> None:
    refused = await people[0].ask("GET", f"messages/search/?{query}", expect=422)
    assert refused["code"] == code


async def test_strangers_do_not_search(platform: Stack, people: tuple[Person, Person, Person]) -> None:
    people[0].http.headers.pop("Authorization")
    await people[0].ask("GET", "messages/search/?q=plan", expect=401)
