"""What REST says of everything that a client shows, in the shape in which a client keeps it."""

import asyncio
from collections.abc import Collection, Mapping
from typing import Any

from tests.support.people import Person

State = dict[str, Any]
NUMBERS = ("read_seq", "delivered_seq")


async def fetch(person: Person, places: Collection[str] | None = None) -> State:
    """Everything that a client shows, or of conversations only those that are named."""
    listed = {found["id"]: found for found in await _all(person, "conversations/")}
    wanted = [place for place in listed if places is None or place in places]
    details = await asyncio.gather(*(fetch_place(person, place) for place in wanted))
    found = {place: detail for place, detail in zip(wanted, details, strict=True) if detail is not None}
    return {
        "conversations": {place: {**detail, "conversation": listed[place]} for place, detail in found.items()},
        **await fetch_own(person),
    }


async def fetch_place(person: Person, place: str) -> State | None:
    """One conversation with all that is in it; none when it is not, or no longer, on the person's list."""
    path = f"conversations/{place}/"
    answer = await person.http.get(f"/api/v1/{path}")
    if answer.status_code == 404:
        return None
    participants, receipts, messages, pins, draft = await asyncio.gather(
        _all(person, f"{path}participants/"),
        _all(person, f"{path}receipts/", page_size=None),
        _all(person, f"{path}messages/?after_seq=0"),
        _all(person, f"{path}pins/"),
        person.http.get(f"/api/v1/{path}draft/"),
    )
    roots = [message["id"] for message in messages if message["reply_count"]]
    threads = await asyncio.gather(*(person.ask("GET", f"messages/{root}/thread/?page_size=1") for root in roots))
    return {
        "conversation": answer.json(),
        "participants": {one["user_id"]: one for one in participants},
        "receipts": {one["user_id"]: {name: one[name] for name in NUMBERS} for one in receipts},
        "messages": {message["id"]: message for message in messages},
        "threads": {thread["root_id"]: _standing(thread) for thread in threads},
        "pins": sorted(pin["message"]["id"] for pin in pins),
        "draft": draft.json() if draft.status_code == 200 else None,
    }


async def fetch_own(person: Person) -> State:
    inbox, unread, scheduled = await asyncio.gather(
        _all(person, "notifications/"),
        person.ask("GET", "notifications/unread_count/"),
        _all(person, "messages/scheduled/"),
    )
    return {
        "notifications": {found["id"]: found for found in inbox},
        "unread_notifications": unread["unread_count"],
        "scheduled": {found["id"]: found for found in scheduled},
    }


async def _all(person: Person, path: str, *, page_size: int | None = 200) -> list[Any]:
    found: list[Any] = []
    if page_size is not None:
        path += f"{'&' if '?' in path else '?'}page_size={page_size}"
    while path:
        page = await person.ask("GET", path)
        found += page["results"]
        path = str(page.get("next") or "").partition("/api/v1/")[2]
    return found


def _standing(thread: Mapping[str, Any]) -> State:
    # Where nobody follows, how far one has read is asked when the thread is opened.
    names = ("is_subscribed", "read_seq", "unread_count") if thread["is_subscribed"] else ("is_subscribed",)
    return {name: thread[name] for name in names}
