"""A message that is to be acknowledged waits in the inbox for just that."""

from datetime import UTC, datetime, timedelta

from chassis.database import Database
from messaging.conversations.v1.participants_pb2 import NOTIFICATION_LEVEL_NONE
from messaging.notifications.v1 import notifications_pb2 as pb
from tests.integration.notifications.conftest import Notifications, emitted, room
from tests.integration.notifications.test_api import mark, refusal
from tests.support.factories.notifications import user_id
from tests.support.factories.talks import message_of

ACKNOWLEDGEMENT, MESSAGE = pb.NOTIFICATION_KIND_ACKNOWLEDGEMENT, pb.NOTIFICATION_KIND_MESSAGE


async def test_each_message_waits_for_itself_until_it_is_acknowledged(
    service: Notifications, database: Database
) -> None:
    a, b = user_id(), user_id()
    there = await room(service, database, a, b)
    first, second = (there.talk.sent(a, text, requires_acknowledgement=True) for text in ("one", "two"))
    await there.tell(first, second)
    found = await service.inbox(b)
    assert {(one.kind, one.body, one.count) for one in found} == {
        (ACKNOWLEDGEMENT, "one", 1),
        (ACKNOWLEDGEMENT, "two", 1),
    }
    assert {one.title for one in found} == {"Somebody asks for your acknowledgement"}
    assert await service.inbox(a) == []

    await there.tell(there.talk.read(b, 2))
    assert await service.unread(b) == 2
    await there.tell(there.talk.acknowledged(first, b))
    assert [one.body for one in await service.inbox(b, unread_only=True)] == ["two"]
    assert len(await emitted(database, b, "notification_read")) == 1


async def test_neither_marking_one_nor_all_settles_it(service: Notifications, database: Database) -> None:
    a, b = user_id(), user_id()
    there = await room(service, database, a, b)
    sent = there.talk.sent(a, requires_acknowledgement=True)
    await there.tell(sent, there.talk.sent(a))
    [waiting] = await service.inbox(b, kind=ACKNOWLEDGEMENT)
    refused = await refusal(mark(service, waiting.notification_id, by=b))
    assert refused == ("FAILED_PRECONDITION", "ACKNOWLEDGEMENT_REQUIRED")
    answer = await service.ask(service.stub.MarkAllRead, pb.MarkAllReadRequest(), by=b)
    assert (answer.marked_count, await service.unread(b)) == (1, 1)
    await there.tell(there.talk.acknowledged(sent, b))
    refused = await refusal(mark(service, waiting.notification_id, by=b, is_read=False))
    assert refused == ("FAILED_PRECONDITION", "ACKNOWLEDGEMENT_REQUIRED")


async def test_it_gets_past_quiet_and_reading(service: Notifications, database: Database) -> None:
    a, b, c, d = user_id(), user_id(), user_id(), user_id()
    there = await room(service, database, a, b, c, d)
    later = datetime.now(UTC) + timedelta(hours=1)
    await there.tell(there.talk.chosen(b, NOTIFICATION_LEVEL_NONE), there.talk.chosen(c, until=later))
    await there.tell(there.talk.read(d, 1), there.talk.sent(a, requires_acknowledgement=True, mentioned_ids=[b]))
    for reader in (b, c, d):
        assert [one.kind for one in await service.inbox(reader)] == [ACKNOWLEDGEMENT]


async def test_a_reminder_brings_it_up_again_for_those_who_are_named(
    service: Notifications, database: Database
) -> None:
    a, b, c = user_id(), user_id(), user_id()
    there = await room(service, database, a, b, c)
    sent = there.talk.sent(a, requires_acknowledgement=True)
    await there.tell(sent, there.talk.sent(a))
    [before] = await service.inbox(b, kind=ACKNOWLEDGEMENT)
    await there.tell(there.talk.due(sent, b))
    newest = (await service.inbox(b))[0]
    assert (newest.notification_id, newest.count) == (before.notification_id, 1)
    assert newest.create_time.ToNanoseconds() > before.create_time.ToNanoseconds()
    assert newest.title == "Somebody still waits for your acknowledgement"
    [untouched] = await service.inbox(c, kind=ACKNOWLEDGEMENT)
    assert untouched.title == "Somebody asks for your acknowledgement"

    # It was removed by hand: the reminder puts it there again.
    await service.ask(
        service.stub.DeleteNotification, pb.DeleteNotificationRequest(notification_id=newest.notification_id), by=b
    )
    await there.tell(there.talk.due(sent, b))
    assert len(await service.inbox(b, kind=ACKNOWLEDGEMENT)) == 1


async def test_a_reminder_that_comes_late_reminds_nobody_who_has_acknowledged(
    service: Notifications, database: Database
) -> None:
    a, b = user_id(), user_id()
    there = await room(service, database, a, b)
    sent = there.talk.sent(a, requires_acknowledgement=True)
    # In one batch.
    await there.tell(sent, there.talk.acknowledged(sent, b), there.talk.due(sent, b))
    assert await service.unread(b) == 0
    await there.tell(there.talk.due(sent, b))
    assert await service.unread(b) == 0


async def test_an_edit_can_begin_and_end_it(service: Notifications, database: Database) -> None:
    a, b = user_id(), user_id()
    there = await room(service, database, a, b)
    sent = there.talk.sent(a, "words")
    await there.tell(sent, there.talk.read(b, 1))
    required = there.talk.edited(sent, requires_acknowledgement=True)
    await there.tell(required)
    assert [one.kind for one in await service.inbox(b, unread_only=True)] == [ACKNOWLEDGEMENT]
    await there.tell(there.talk.edited(required, "other words"))
    assert [one.body for one in await service.inbox(b, kind=ACKNOWLEDGEMENT)] == ["other words"]
    await there.tell(there.talk.edited(required, requires_acknowledgement=False))
    assert await service.inbox(b, kind=ACKNOWLEDGEMENT) == []


async def test_who_has_acknowledged_is_not_asked_again_when_an_edit_asks_again(
    service: Notifications, database: Database
) -> None:
    a, b, c = user_id(), user_id(), user_id()
    there = await room(service, database, a, b, c)
    sent = there.talk.sent(a, requires_acknowledgement=True)
    waived = there.talk.edited(sent, requires_acknowledgement=False)
    await there.tell(
        sent, there.talk.acknowledged(sent, b), waived, there.talk.edited(waived, requires_acknowledgement=True)
    )
    assert (await service.unread(b), await service.unread(c)) == (0, 1)


async def test_a_deleted_message_waits_for_nobody(service: Notifications, database: Database) -> None:
    a, b, c = user_id(), user_id(), user_id()
    there = await room(service, database, a, b, c)
    sent = there.talk.sent(a, requires_acknowledgement=True)
    await there.tell(sent)
    assert message_of(sent).message_id == (await service.inbox(b))[0].message_id
    await there.tell(there.talk.acknowledged(sent, c), there.talk.deleted(sent))
    assert await service.inbox(b) == []
    assert [(one.is_read, one.body, one.message_id) for one in await service.inbox(c)] == [(True, "", "")]
