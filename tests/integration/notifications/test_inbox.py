"""What happens in conversations, from the stream to the inboxes."""

from chassis.database import Database, Transaction
from messaging.notifications.v1 import events_pb2
from messaging.notifications.v1 import notifications_pb2 as pb
from services.notifications.domain import messages
from services.notifications.model.members import Audience
from services.notifications.model.messages import Message
from tests.integration.notifications.conftest import Notifications, emitted, room, rows
from tests.support.factories.notifications import message, user_id
from tests.support.factories.talks import message_of

MESSAGE, MEMBER_ADDED = pb.NOTIFICATION_KIND_MESSAGE, pb.NOTIFICATION_KIND_MEMBER_ADDED


# -- messages ----------------------------------------------------------------------------------------------------------


async def test_unread_messages_of_a_conversation_share_one_notification(
    service: Notifications, database: Database
) -> None:
    a, b = user_id(), user_id()
    there = await room(service, database, a, b)
    first, second, third = (there.talk.sent(a, text) for text in ("one", "two", "x" * 300))
    await there.tell(first)
    [before] = await service.inbox(b)
    await there.tell(second, third)

    [found] = await service.inbox(b)
    assert (found.kind, found.count, found.body) == (MESSAGE, 3, "x" * 200)
    assert (found.conversation_id, found.actor_id) == (there.talk.conversation_id, a)
    assert found.message_id == message_of(third).message_id
    assert (found.notification_id, found.create_time) == (before.notification_id, before.create_time)
    assert await service.inbox(a) == []


async def test_a_message_after_reading_begins_to_count_anew(service: Notifications, database: Database) -> None:
    a, b = user_id(), user_id()
    there = await room(service, database, a, b)
    await there.tell(there.talk.sent(a), there.talk.sent(a))
    await there.tell(there.talk.read(b, 2))
    [read] = await service.inbox(b)
    assert (read.is_read, read.count) == (True, 2)
    await there.tell(there.talk.sent(a, "again"))
    [found] = await service.inbox(b)
    assert (found.is_read, found.count, found.body) == (False, 1, "again")
    assert found.notification_id == read.notification_id
    assert found.create_time.ToNanoseconds() > read.create_time.ToNanoseconds()


async def test_reading_a_part_leaves_the_rest(service: Notifications, database: Database) -> None:
    a, b = user_id(), user_id()
    there = await room(service, database, a, b)
    await there.tell(*(there.talk.sent(a) for _ in range(5)))
    await there.tell(there.talk.read(b, 3))
    [found] = await service.inbox(b)
    assert (found.is_read, found.count) == (False, 2)
    await there.tell(there.talk.read(b, 5))
    assert await service.unread(b) == 0
    [told] = await emitted(database, b, "notification_read")
    assert events_pb2.NotificationRead.FromString(told.payload).notification_id == found.notification_id


async def test_who_has_read_it_already_is_not_notified(service: Notifications, database: Database) -> None:
    a, b = user_id(), user_id()
    there = await room(service, database, a, b)
    sent = there.talk.sent(a)
    await there.tell(there.talk.read(b, 1), sent)
    assert await service.inbox(b) == []


async def test_a_position_never_moves_back(service: Notifications, database: Database) -> None:
    a, b = user_id(), user_id()
    there = await room(service, database, a, b)
    await there.tell(there.talk.read(b, 3), there.talk.read(b, 1))
    await there.tell(*(there.talk.sent(a) for _ in range(3)))
    assert await service.inbox(b) == []


async def test_who_answers_has_read_what_came_before(service: Notifications, database: Database) -> None:
    a, b = user_id(), user_id()
    there = await room(service, database, a, b)
    await there.tell(there.talk.sent(a))
    await there.tell(there.talk.sent(b, "here I am"))
    assert [(one.is_read, one.count) for one in await service.inbox(b)] == [(True, 1)]
    assert [one.body for one in await service.inbox(a)] == ["here I am"]


async def test_what_was_answered_or_read_by_the_end_of_a_batch_is_not_told(database: Database) -> None:
    a, b, c = user_id(), user_id(), user_id()
    first = message(sender_id=a)
    sent = [
        first,
        *(message(conversation_id=first.conversation_id, sender_id=who, seq=n) for n, who in ((2, b), (3, a))),
    ]
    for member in (a, b, c):
        statement = "insert into members values (:conversation_id, :user_id, true, 0, 1) returning 1"
        await rows(database, statement, conversation_id=first.conversation_id, user_id=member)
    await database.run(messages.notify, sent=sent, audience=Audience())
    statement = "select user_id, count, seq from notifications where conversation_id = :id"
    found = {str(user): (count, seq) for user, count, seq in await rows(database, statement, id=first.conversation_id)}
    assert found == {b: (1, 3), c: (3, 3)}


async def test_a_whole_batch_costs_as_many_statements_as_one_message(
    service: Notifications, database: Database
) -> None:
    costs = {}
    for size in (1, 100):
        sent = [message() for _ in range(size)]
        statement = "insert into members values (:conversation_id, gen_random_uuid(), true, 0, 1) returning 1"
        for one in sent:
            await rows(database, statement, conversation_id=one.conversation_id)

        def notify(tx: Transaction, sent: list[Message] = sent) -> int:
            messages.notify(tx, sent, audience=Audience())
            return tx.queries

        costs[size] = await database.run(notify)
    assert costs[1] == costs[100]


async def test_an_edit_in_the_batch_of_its_message_counts(service: Notifications, database: Database) -> None:
    for _ in range(20):
        a, b = user_id(), user_id()
        there = await room(service, database, a, b)
        sent = there.talk.sent(a, "first")
        await there.tell(sent, there.talk.edited(sent, "second"))
        assert [one.body for one in await service.inbox(b)] == ["second"]
        gone = there.talk.sent(a, "third")
        await there.tell(gone, there.talk.deleted(gone))
        assert [(one.body, one.count) for one in await service.inbox(b)] == [("", 2)]


async def test_an_edit_shows_where_the_message_is_the_newest(service: Notifications, database: Database) -> None:
    a, b = user_id(), user_id()
    there = await room(service, database, a, b)
    older, newest = there.talk.sent(a, "older"), there.talk.sent(a, "newest")
    await there.tell(older, newest)
    await there.tell(there.talk.edited(older, "changed"), there.talk.edited(newest, "x" * 300))
    [found] = await service.inbox(b)
    assert (found.body, found.count) == ("x" * 200, 2)
    *_, told = await emitted(database, b, "notification_created")
    assert events_pb2.NotificationCreated.FromString(told.payload).notification == found


async def test_a_deleted_text_is_never_shown_again(service: Notifications, database: Database) -> None:
    a, b = user_id(), user_id()
    there = await room(service, database, a, b)
    sent = there.talk.sent(a, "regretted")
    late_edit = there.talk.edited(sent, "regretted, too")
    await there.tell(sent, there.talk.deleted(sent))
    [found] = await service.inbox(b)
    assert (found.body, found.message_id, found.count) == ("", "", 1)
    *_, told = await emitted(database, b, "notification_created")
    assert events_pb2.NotificationCreated.FromString(told.payload).notification == found
    await there.tell(late_edit)
    assert [one.body for one in await service.inbox(b)] == [""]


async def test_a_group_of_a_thousand_costs_as_many_statements_as_one_of_two(database: Database) -> None:
    costs = {}
    for size in (2, 1000):
        sent = message()
        statement = """
            insert into members select cast(:conversation as uuid), gen_random_uuid(), true, 0, 1
            from generate_series(1, :size) returning user_id
        """
        await rows(database, statement, conversation=sent.conversation_id, size=size)

        def notify(tx: Transaction, sent: Message = sent) -> int:
            messages.notify(tx, [sent], audience=Audience())
            return tx.queries

        costs[size] = await database.run(notify)
        found = await rows(
            database,
            "select count(*), (select count(*) from outbox where user_id in"
            " (select cast(user_id as text) from members where conversation_id = :id))"
            " from notifications where conversation_id = :id",
            id=sent.conversation_id,
        )
        assert found == [(size, size)]
    assert costs[2] == costs[1000]
