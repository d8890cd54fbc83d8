"""What people want to hear of, and of whom they want to hear nothing."""

from datetime import UTC, datetime, timedelta

import pytest

from chassis.database import Database
from messaging.conversations.v1.participants_pb2 import (
    NOTIFICATION_LEVEL_ALL,
    NOTIFICATION_LEVEL_MENTIONS,
    NOTIFICATION_LEVEL_NONE,
)
from messaging.notifications.v1 import notifications_pb2 as pb
from messaging.users.v1 import events_pb2 as users_events
from services.notifications.domain import messages
from services.notifications.model.members import Audience
from tests.integration.notifications.conftest import Notifications, counts, emitted, handled, room, rows
from tests.support.factories import envelopes
from tests.support.factories.notifications import message, user_id

MESSAGE, MENTION, REPLY = pb.NOTIFICATION_KIND_MESSAGE, pb.NOTIFICATION_KIND_MENTION, pb.NOTIFICATION_KIND_REPLY


# -- what people want to hear of ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        (NOTIFICATION_LEVEL_ALL, {MESSAGE: 1, MENTION: 2, REPLY: 1}),
        (NOTIFICATION_LEVEL_MENTIONS, {MENTION: 2, REPLY: 1}),
        (NOTIFICATION_LEVEL_NONE, {}),
    ],
)
async def test_a_level_decides_which_messages_are_told(
    service: Notifications, database: Database, level: int, expected: dict[int, int]
) -> None:
    a, b = user_id(), user_id()
    there = await room(service, database, a, b)
    root = there.talk.sent(b)
    await there.tell(root, there.talk.chosen(b, level))
    await there.tell(
        there.talk.sent(a),
        there.talk.sent(a, mentioned_ids=[b]),
        there.talk.sent(a, mentions_all=True),
        there.talk.sent(a, to=root),
    )
    assert await counts(service, b) == expected


@pytest.mark.parametrize(("hours", "expected"), [(1, {}), (-1, {MESSAGE: 1, MENTION: 2})])
async def test_nothing_is_told_while_a_conversation_is_snoozed(
    service: Notifications, database: Database, hours: int, expected: dict[int, int]
) -> None:
    a, b = user_id(), user_id()
    there = await room(service, database, a, b)
    await there.tell(there.talk.chosen(b, until=datetime.now(UTC) + timedelta(hours=hours)))
    called = there.talk.sent(a)
    await there.tell(called, there.talk.sent(a, mentioned_ids=[b]))
    await there.tell(there.talk.edited(called, mentioned_ids=[b]))
    assert await counts(service, b) == expected
    # Nothing is made up for later.
    await there.tell(there.talk.chosen(b))
    assert await counts(service, b) == expected


async def test_what_was_said_during_a_snooze_stays_untold_however_late_it_is_heard(database: Database) -> None:
    sent, reader = message(), user_id()
    statement = """
        insert into members values (:conversation_id, :user_id, true, 0, 1, 0, 1, cast(:until as timestamptz))
        returning 1
    """
    await rows(database, statement, conversation_id=sent.conversation_id, user_id=reader, until=sent.told_at)
    before = message(conversation_id=sent.conversation_id, told_at=sent.told_at - timedelta(seconds=1))
    await database.run(messages.notify, sent=[before], audience=Audience())
    assert await emitted(database, reader, "notification_created") == []
    after = message(conversation_id=sent.conversation_id, seq=2, told_at=sent.told_at)
    await database.run(messages.notify, sent=[after], audience=Audience())
    assert len(await emitted(database, reader, "notification_created")) == 1


async def test_what_was_sent_before_a_choice_is_judged_without_it(service: Notifications, database: Database) -> None:
    a, b = user_id(), user_id()
    there = await room(service, database, a, b)
    # In one batch.
    await there.tell(there.talk.sent(a), there.talk.chosen(b, NOTIFICATION_LEVEL_NONE), there.talk.sent(a))
    assert await counts(service, b) == {MESSAGE: 1}


async def test_a_choice_outlasts_leaving_and_coming_back(service: Notifications, database: Database) -> None:
    a, b = user_id(), user_id()
    there = await room(service, database, a, b)
    await there.tell(there.talk.chosen(b, NOTIFICATION_LEVEL_NONE))
    await there.tell(there.talk.removed(b), there.talk.added(b, by=a), there.talk.sent(a))
    assert await service.inbox(b) == []


async def test_a_choice_that_comes_before_its_member_waits_for_them(service: Notifications, database: Database) -> None:
    a, b = user_id(), user_id()
    there = await room(service, database, a)
    await there.tell(there.talk.chosen(b, NOTIFICATION_LEVEL_MENTIONS))
    await there.tell(there.talk.sent(a))
    await there.tell(there.talk.added(b, by=b, read_seq=1), there.talk.sent(a), there.talk.sent(a, mentioned_ids=[b]))
    assert await counts(service, b) == {MENTION: 1}


# -- blocks ------------------------------------------------------------------------------------------------------------


async def test_nothing_that_a_blocked_person_does_is_told(service: Notifications, database: Database) -> None:
    a, b, c = user_id(), user_id(), user_id()
    there = await room(service, database, a, b, c)
    earlier = there.talk.sent(a, "earlier")
    await there.tell(earlier)
    pair = {"user_id": b, "blocked_user_id": a}
    blocked = envelopes.envelope("user_blocked", b, users_events.UserBlocked(**pair))
    await service.tell(blocked, source="users")
    await handled(database, blocked)

    required = there.talk.sent(a, requires_acknowledgement=True)
    other = await room(service, database, a)
    await there.tell(
        there.talk.sent(a),
        there.talk.sent(a, mentioned_ids=[b]),
        required,
        there.talk.due(required, b, c),
        there.talk.edited(earlier, "edited", mentions_all=True),
    )
    await other.tell(other.talk.added(b, by=a))
    # What was told before stays.
    assert await counts(service, b) == {MESSAGE: 1}
    assert len(await service.inbox(c)) == 3
    await there.tell(there.talk.sent(c))
    assert await counts(service, b) == {MESSAGE: 2}

    unblocked = envelopes.envelope("user_unblocked", b, users_events.UserUnblocked(**pair))
    await service.tell(unblocked, source="users")
    await handled(database, unblocked)
    await there.tell(there.talk.sent(a))
    assert await counts(service, b) == {MESSAGE: 3}
