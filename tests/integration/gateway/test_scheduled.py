"""Scheduled messages over REST; when they are sent is the worker's business, and tested with it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.people import Person

PATH = "messages/scheduled/"


def moment(span: timedelta = timedelta(hours=1)) -> str:
    """A time so far from now, as clients write it."""
    return (datetime.now(UTC) + span).isoformat()


async def schedule(person: Person, conversation_id: str, **fields: Any) -> Any:
    body = {"conversation_id": conversation_id, "content": "Good morning", "send_at": moment(), **fields}
    return await person.ask("POST", PATH, expect=201, json=body)


async def test_a_message_is_scheduled_shown_changed_and_cancelled(ada: Person, bob: Person) -> None:
    direct = await ada.direct(bob)
    fields = {"content": "Good morning", "priority": "high", "is_important": True}
    waiting = await schedule(ada, direct, **fields)
    assert {name: waiting[name] for name in fields} == fields
    assert waiting["conversation_id"] == direct
    assert (waiting["state"], waiting["failure"], waiting["message_id"]) == ("pending", None, None)
    path = f"{PATH}{waiting['id']}/"
    assert await ada.ask("GET", path) == waiting

    later = moment(timedelta(days=2))
    changed = await ada.ask("PATCH", path, json={"send_at": later, "content": "Good night"})
    assert changed["content"] == "Good night"
    assert datetime.fromisoformat(changed["send_at"]) == datetime.fromisoformat(later)
    assert (changed["priority"], changed["is_important"]) == ("high", True)
    assert (await ada.ask("GET", PATH))["results"] == [changed]

    await ada.ask("DELETE", path, expect=204)
    assert (await ada.ask("GET", path, expect=404))["code"] == "scheduled_message_not_found"


async def test_a_poll_keeps_its_options(ada: Person, bob: Person) -> None:
    poll = {"options": ["Tuesday", "Thursday"], "is_multiple": True}
    waiting = await schedule(ada, await ada.direct(bob), message_type="poll", poll=poll)
    assert waiting["poll"] == {**poll, "is_anonymous": False, "closes_at": None}


async def test_nobody_else_learns_of_it(ada: Person, bob: Person, eve: Person) -> None:
    waiting = await schedule(ada, await ada.direct(bob))
    for person in (bob, eve):
        path = f"{PATH}{waiting['id']}/"
        assert (await person.ask("GET", PATH))["results"] == []
        assert (await person.ask("GET", path, expect=404))["code"] == "scheduled_message_not_found"
        await person.ask("PATCH", path, expect=404, json={"content": "Mine"})
        await person.ask("DELETE", path, expect=404)
    refused = await eve.http.post(
        f"/api/v1/{PATH}", json={"conversation_id": waiting["conversation_id"], "content": "x", "send_at": moment()}
    )
    assert (refused.status_code, refused.json()["code"]) == (404, "conversation_not_found")


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"send_at": moment(timedelta(hours=-1))}, "send_time_invalid"),
        ({"send_at": moment(timedelta(days=400))}, "send_time_invalid"),
        ({"send_at": "2027-01-01T12:00:00"}, "invalid_request"),
        ({"send_at": 1_900_000_000}, "invalid_request"),
        ({"send_at": "tomorrow"}, "invalid_request"),
        ({"send_at": None}, "invalid_request"),
        ({"content": ""}, "invalid_request"),
        ({"content": " "}, "message_content_invalid"),
        ({"client_message_id": "k"}, "invalid_request"),
        ({"state": "sent"}, "invalid_request"),
        ({"reply_to_id": "x"}, "invalid_request"),
    ],
)
async def test_bad_input_is_refused(ada: Person, bob: Person, fields: dict[str, Any], code: str) -> None:
    body = {"conversation_id": await ada.direct(bob), "content": "Good morning", "send_at": moment(), **fields}
    answer = await ada.http.post(f"/api/v1/{PATH}", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, code)


async def test_bad_changes_are_refused(ada: Person, bob: Person) -> None:
    path = f"{PATH}{(await schedule(ada, await ada.direct(bob)))['id']}/"
    for body in ({}, {"conversation_id": "x"}, {"send_at": None}, {"content": None}):
        await ada.ask("PATCH", path, expect=422, json=body)
    refused = await ada.ask("PATCH", path, expect=422, json={"send_at": moment(timedelta(hours=-1))})
    assert refused["code"] == "send_time_invalid"


async def test_repeating_a_key_schedules_once(ada: Person, bob: Person) -> None:
    body = {"conversation_id": await ada.direct(bob), "content": "Good morning", "send_at": moment()}
    first, second = [
        await ada.http.post(f"/api/v1/{PATH}", json=body, headers={"Idempotency-Key": "k"}) for _ in range(2)
    ]
    assert first.json() == second.json()
    assert second.headers["Idempotent-Replayed"] == "true"
    assert len((await ada.ask("GET", PATH))["results"]) == 1


async def test_lists_are_filtered_and_paged(ada: Person, bob: Person) -> None:
    direct, group = await ada.direct(bob), await ada.group(bob)
    for n in range(3):
        await schedule(ada, direct, content=str(n), send_at=moment(timedelta(hours=n + 1)))
    await schedule(ada, group, content="elsewhere", send_at=moment(timedelta(hours=9)))
    page = await ada.ask("GET", f"{PATH}?page_size=2&state=pending&conversation_id={direct}")
    assert [found["content"] for found in page["results"]] == ["0", "1"]
    page = await ada.ask("GET", page["next"].partition("/api/v1/")[2])
    assert [found["content"] for found in page["results"]] == ["2"]
    assert (await ada.ask("GET", f"{PATH}?state=sent"))["results"] == []
    await ada.ask("GET", f"{PATH}?state=cancelled", expect=422)
