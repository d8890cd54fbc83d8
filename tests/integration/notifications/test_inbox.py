"""What happens in conversations, from the stream to the inboxes."""

from chassis.database import Database, Transaction
from chassis.rpc.client import Channel
from messaging.chassis.v1.envelope_pb2 import Envelope
from messaging.notifications.v1 import events_pb2
from messaging.notifications.v1 import notifications_pb2 as pb
from messaging.users.v1 import presences_pb2, presences_pb2_grpc, profiles_pb2, profiles_pb2_grpc
from services.notifications.domain import messages
from services.notifications.model.members import Attention, Audience
from services.notifications.model.messages import Message
from tests.integration.notifications.conftest import Notifications, emitted, handled, rows, until
from tests.support.factories.notifications import message, user_id
from tests.support.factories.profiles import username
from tests.support.factories.talks import Talk, message_of

MESSAGE, MEMBER_ADDED = pb.NOTIFICATION_KIND_MESSAGE, pb.NOTIFICATION_KIND_MEMBER_ADDED


class Room:
    """A talk whose events the service hears, each with all before it."""

    def __init__(self, service: Notifications, database: Database, talk: Talk) -> None:
        self.talk = talk
        self._service = service
        self._database = database

    async def tell(self, *envelopes: Envelope) -> None:
        await self._service.tell(*envelopes)
        await handled(self._database, *envelopes)

    async def open(self, *members: str, by: str = "") -> None:
        """Bring people in who do not hear of it."""
        await self.tell(*(self.talk.added(member, by=by or member) for member in members))


async def room(service: Notifications, database: Database, *members: str, title: str = "Engine room") -> Room:
    opened = Room(service, database, Talk(title=title))
    await opened.open(*members)
    return opened


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


# -- members -----------------------------------------------------------------------------------------------------------


async def test_each_time_somebody_is_added_they_are_told_once(service: Notifications, database: Database) -> None:
    a, b = user_id(), user_id()
    there = await room(service, database, a)
    await there.tell(there.talk.added(b, by=a))
    [found] = await service.inbox(b)
    assert (found.kind, found.count, found.actor_id) == (MEMBER_ADDED, 1, a)
    assert (found.title, found.body) == ("Somebody added you to “Engine room”", "")
    assert (found.conversation_id, found.message_id) == (there.talk.conversation_id, "")
    await there.tell(there.talk.removed(b), there.talk.added(b, by=a))
    [again] = await service.inbox(b)
    assert again.notification_id != found.notification_id


async def test_who_comes_by_themselves_is_not_told(service: Notifications, database: Database) -> None:
    a = user_id()
    await room(service, database, a)
    assert await service.inbox(a) == []


async def test_a_new_direct_conversation_is_called_one(service: Notifications, database: Database) -> None:
    a, b = user_id(), user_id()
    there = Room(service, database, Talk(is_direct=True, title=""))
    await there.tell(there.talk.added(a, by=a), there.talk.added(b, by=a))
    assert [one.title for one in await service.inbox(b)] == ["Somebody started a conversation with you"]


async def test_reading_a_conversation_settles_that_one_was_added(service: Notifications, database: Database) -> None:
    a, b = user_id(), user_id()
    there = await room(service, database, a)
    await there.tell(there.talk.added(b, by=a), there.talk.sent(a))
    assert await service.unread(b) == 2
    await there.tell(there.talk.read(b, 1))
    assert await service.unread(b) == 0


async def test_nothing_of_a_conversation_stays_with_or_reaches_who_left(
    service: Notifications, database: Database
) -> None:
    a, b = user_id(), user_id()
    there = await room(service, database, a, b)
    sent = there.talk.sent(a, "for members")
    await there.tell(sent)
    await there.tell(there.talk.removed(b))
    assert await service.inbox(b) == []
    assert len(await emitted(database, b, "notification_read")) == 1
    await there.tell(there.talk.edited(sent, "edited since"), there.talk.sent(a, "sent since"))
    assert await service.inbox(b) == []


async def test_an_old_addition_that_comes_late_brings_nobody_back(service: Notifications, database: Database) -> None:
    a, b = user_id(), user_id()
    there = await room(service, database, a)
    late, removed = there.talk.added(b, by=a), there.talk.removed(b)
    await there.tell(removed)
    await there.tell(late)
    await there.tell(there.talk.sent(a))
    assert await service.inbox(b) == []


async def test_a_deleted_conversation_leaves_no_trace(service: Notifications, database: Database) -> None:
    a, b = user_id(), user_id()
    there = await room(service, database, a, b)
    await there.tell(there.talk.sent(a))
    await there.tell(there.talk.ended())
    assert (await service.inbox(b), await service.unread(b)) == ([], 0)
    assert len(await emitted(database, b, "notification_read")) == 1
    statement = "select count(*) from members where conversation_id = :id"
    assert await rows(database, statement, id=there.talk.conversation_id) == [(0,)]


# -- who is looking ----------------------------------------------------------------------------------------------------


async def heartbeat(users: Channel, *user_ids: str) -> None:
    stub = users.stub(presences_pb2_grpc.PresencesStub)
    await users.call(stub.RecordHeartbeats, presences_pb2.RecordHeartbeatsRequest(user_ids=user_ids))


async def test_who_is_online_sees_for_themselves(service: Notifications, users: Channel, database: Database) -> None:
    a, b, c = user_id(), user_id(), user_id()
    await heartbeat(users, b)
    there = await room(service, database, a)
    # All in one batch: b is not a member yet when users are asked.
    await there.tell(there.talk.added(b, by=a), there.talk.added(c, by=a), there.talk.sent(a))
    assert await service.inbox(b) == []
    assert {one.kind for one in await service.inbox(c)} == {MESSAGE, MEMBER_ADDED}


async def test_presence_is_asked_for_again_after_a_few_seconds(
    service: Notifications, users: Channel, database: Database
) -> None:
    a, b = user_id(), user_id()
    there = await room(service, database, a, b)
    await there.tell(there.talk.sent(a))
    await heartbeat(users, b)

    async def is_looking() -> bool:
        before = [one.count for one in await service.inbox(b)]
        await there.tell(there.talk.sent(a))
        return [one.count for one in await service.inbox(b)] == before

    await until(is_looking)


async def test_the_title_says_who_wrote(service: Notifications, users: Channel, database: Database) -> None:
    a, b = user_id(), user_id()
    stub = users.stub(profiles_pb2_grpc.ProfilesStub)
    request = profiles_pb2.EnsureProfileRequest(user_id=a, username=username(), first_name="Ada", last_name="Lovelace")
    await users.call(stub.EnsureProfile, request)
    there = await room(service, database, a)
    await there.tell(there.talk.added(b, by=a), there.talk.sent(a))
    titles = {one.kind: one.title for one in await service.inbox(b)}
    assert titles == {MESSAGE: "Ada Lovelace", MEMBER_ADDED: "Ada Lovelace added you to “Engine room”"}


async def test_one_message_more_is_told_only_to_who_is_connected(database: Database) -> None:
    first = message()
    second = message(conversation_id=first.conversation_id, sender_id=first.sender_id, seq=2)
    away, absent = user_id(), user_id()
    for member in (away, absent):
        statement = "insert into members values (:conversation_id, :user_id, true, 0, 1) returning 1"
        await rows(database, statement, conversation_id=first.conversation_id, user_id=member)
    audience = Audience({away: Attention.AWAY, first.sender_id: Attention.LOOKING})
    for sent in (first, second):
        await database.run(messages.notify, sent=[sent], audience=audience)
    assert len(await emitted(database, away, "notification_created")) == 2
    assert len(await emitted(database, absent, "notification_created")) == 1
