"""Keeping messages at hand for oneself."""

import asyncio

from chassis.rpc.status import RemoteFailure
from messaging.conversations.v1 import bookmarks_pb2
from messaging.conversations.v1.events_pb2 import BookmarkChanged
from tests.integration.conversations.conftest import Service
from tests.integration.conversations.marks import Marks


async def told(service: Service, user_id: str) -> list[tuple[str, bool]]:
    """What a person's devices heard."""
    events = await service.emitted(user_id, "bookmark_changed")
    assert {(event.user_id, event.aggregate_rev) for event in events} <= {(user_id, 0)}
    changes = [BookmarkChanged.FromString(event.payload) for event in events]
    return [(change.message_id, change.is_bookmarked) for change in changes]


async def test_a_bookmark_is_its_owner_s_alone(
    service: Service, marks: Marks, pair: tuple[str, str], group: str
) -> None:
    message = await service.say(pair[0], group)
    await marks.bookmark(message.message_id, by=pair[1])
    await marks.bookmark(message.message_id, by=pair[1])

    assert await marks.bookmarked(by=pair[1]) == [message.message_id]
    assert await marks.bookmarked(by=pair[0]) == []
    assert await told(service, pair[1]) == [(message.message_id, True)]
    assert (await service.get(group, by=pair[0])).rev == message.rev


async def test_a_bookmark_is_taken_away_once(service: Service, marks: Marks, pair: tuple[str, str], group: str) -> None:
    message_id = (await service.say(pair[0], group)).message_id
    await marks.bookmark(message_id, by=pair[1])
    for _ in range(2):
        await marks.ask(bookmarks_pb2.RemoveBookmarkRequest(message_id=message_id), by=pair[1])

    assert await marks.bookmarked(by=pair[1]) == []
    assert await told(service, pair[1]) == [(message_id, True), (message_id, False)]


async def test_the_latest_bookmark_comes_first_over_all_conversations(
    service: Service, marks: Marks, pair: tuple[str, str], group: str, direct: str
) -> None:
    sent = [(await service.say(pair[0], where)).message_id for where in (group, direct, group, direct)]
    order = [sent[n] for n in (3, 0, 2, 1)]
    for message_id in order:
        await marks.bookmark(message_id, by=pair[1])

    first = await marks.ask(bookmarks_pb2.ListBookmarksRequest(page_size=3), by=pair[1])
    assert [found.message.message_id for found in first.bookmarks] == order[:0:-1]
    assert all(found.message.viewer.is_bookmarked for found in first.bookmarks)
    assert await marks.bookmarked(by=pair[1], page_token=first.next_page_token) == order[:1]


async def test_what_is_not_there_for_the_owner_any_more_is_not_listed(
    service: Service, marks: Marks, pair: tuple[str, str], group: str, direct: str
) -> None:
    deleted, hidden, early, kept = [(await service.say(pair[0], group)).message_id for _ in range(4)]
    elsewhere = (await service.say(pair[0], direct)).message_id
    for message_id in (deleted, hidden, early, kept, elsewhere):
        await marks.bookmark(message_id, by=pair[1])

    await service.delete(deleted, by=pair[0])
    hide = "insert into hidden_messages (user_id, message_id) values (:user_id, :id)"
    await service.rows(hide, user_id=pair[1], id=hidden)
    assert await marks.bookmarked(by=pair[1]) == [elsewhere, kept, early]

    since = "update participants set visible_after = 3 where conversation_id = :id and user_id = :user_id"
    await service.rows(since, id=group, user_id=pair[1])
    assert await marks.bookmarked(by=pair[1]) == [elsewhere, kept]

    move = "update participants set left_at = {} where conversation_id = :id and user_id = :user_id"
    await service.rows(move.format("now()"), id=group, user_id=pair[1])
    page = await marks.ask(bookmarks_pb2.ListBookmarksRequest(page_size=1), by=pair[1])
    # Nothing tells that there were more.
    assert [found.message.message_id for found in page.bookmarks] == [elsewhere]
    assert page.next_page_token == ""
    await marks.ask(bookmarks_pb2.RemoveBookmarkRequest(message_id=early), by=pair[1])

    await service.rows(move.format("null") + "", id=group, user_id=pair[1])
    assert await marks.bookmarked(by=pair[1]) == [elsewhere, kept]


async def test_a_person_has_ten_thousand_bookmarks(
    service: Service, marks: Marks, pair: tuple[str, str], group: str
) -> None:
    sent = [(await service.say(pair[0], group)).message_id for _ in range(3)]
    fill = """
        insert into bookmarks (user_id, message_id, created_at)
        select :user_id, gen_random_uuid(), now() from generate_series(1, 9999)
    """
    await service.rows(fill, user_id=pair[1])

    async def add(message_id: str) -> str:
        try:
            await marks.bookmark(message_id, by=pair[1])
        except RemoteFailure as failure:
            return failure.reason
        return ""

    assert sorted(await asyncio.gather(*map(add, sent))) == ["", "BOOKMARK_LIMIT", "BOOKMARK_LIMIT"]
    [kept] = await marks.bookmarked(by=pair[1])
    await marks.bookmark(kept, by=pair[1])
