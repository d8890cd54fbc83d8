"""Who takes part, who is looking, and what that means for their inboxes."""

from chassis.database import Database
from chassis.rpc.client import Channel
from messaging.notifications.v1 import notifications_pb2 as pb
from messaging.users.v1 import presences_pb2, presences_pb2_grpc, profiles_pb2, profiles_pb2_grpc
from services.notifications.domain import messages
from services.notifications.model.members import Attention, Audience
from tests.integration.notifications.conftest import Notifications, Room, emitted, room, rows, until
from tests.support.factories.notifications import message, user_id
from tests.support.factories.profiles import username
from tests.support.factories.talks import Talk

MESSAGE, MEMBER_ADDED = pb.NOTIFICATION_KIND_MESSAGE, pb.NOTIFICATION_KIND_MEMBER_ADDED


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
    assert len(await emitted(database, b, "notification_deleted")) == 1
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
    assert len(await emitted(database, b, "notification_deleted")) == 1
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
