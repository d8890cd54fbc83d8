"""Whom a message calls, by name or in a thread."""

from chassis.database import Database, Transaction
from messaging.notifications.v1 import notifications_pb2 as pb
from services.notifications.domain import messages
from services.notifications.model.members import Attention, Audience
from services.notifications.model.messages import Mentions, Message
from tests.integration.notifications.conftest import Notifications, counts, emitted, room, rows
from tests.support.factories.notifications import message, user_id
from tests.support.factories.talks import message_of

MESSAGE, MENTION, REPLY = pb.NOTIFICATION_KIND_MESSAGE, pb.NOTIFICATION_KIND_MENTION, pb.NOTIFICATION_KIND_REPLY


# -- mentions ----------------------------------------------------------------------------------------------------------


async def test_mentions_of_a_conversation_share_one_notification_beside_its_other_messages(
    service: Notifications, database: Database
) -> None:
    a, b, c = user_id(), user_id(), user_id()
    there = await room(service, database, a, b, c)
    await there.tell(
        there.talk.sent(a, "plain"),
        there.talk.sent(a, "@b", mentioned_ids=[b]),
        there.talk.sent(a, "@all", mentions_all=True),
    )
    assert await counts(service, b) == {MESSAGE: 1, MENTION: 2}
    assert await counts(service, c) == {MESSAGE: 2, MENTION: 1}
    [mention] = await service.inbox(b, kind=MENTION)
    assert (mention.title, mention.body, mention.actor_id) == ("Somebody mentioned you", "@all", a)
    assert await service.inbox(a) == []


async def test_reading_settles_just_the_mentions_that_were_read(service: Notifications, database: Database) -> None:
    a, b = user_id(), user_id()
    there = await room(service, database, a, b)
    for number in range(1, 11):
        await there.tell(there.talk.sent(a, str(number), mentioned_ids=[b] if number in {2, 5, 9} else []))
    await there.tell(there.talk.read(b, 4))
    assert await counts(service, b) == {MESSAGE: 6, MENTION: 2}
    await there.tell(there.talk.read(b, 9))
    assert await counts(service, b) == {MESSAGE: 1}


async def test_a_mention_that_an_edit_adds_is_told_once(service: Notifications, database: Database) -> None:
    a, b, c = user_id(), user_id(), user_id()
    there = await room(service, database, a, b, c)
    sent = there.talk.sent(a, "@c", mentioned_ids=[c])
    await there.tell(sent, there.talk.sent(a), there.talk.read(b, 2))
    edited = there.talk.edited(sent, "@b @c", mentioned_ids=[b, c])
    await there.tell(edited)
    assert await counts(service, b) == {MENTION: 1}
    [mention] = await service.inbox(b, kind=MENTION)
    assert (mention.body, mention.message_id) == ("@b @c", message_of(sent).message_id)
    assert await counts(service, c) == {MESSAGE: 1, MENTION: 1}

    await there.tell(there.talk.read(b, 3))
    await there.tell(there.talk.edited(edited, "@b @c again"))
    assert await counts(service, b) == {}


async def test_an_edit_that_calls_everybody_spares_those_who_were_called_by_name(
    service: Notifications, database: Database
) -> None:
    a, b, c = user_id(), user_id(), user_id()
    there = await room(service, database, a, b, c)
    sent = there.talk.sent(a, "@b", mentioned_ids=[b])
    await there.tell(sent)
    await there.tell(there.talk.edited(sent, "@all", mentioned_ids=[], mentions_all=True))
    assert await counts(service, b) == {MENTION: 1}
    assert await counts(service, c) == {MESSAGE: 1, MENTION: 1}


async def test_a_mention_that_an_edit_takes_away_is_withdrawn(service: Notifications, database: Database) -> None:
    a, b, c = user_id(), user_id(), user_id()
    there = await room(service, database, a, b, c)
    sent = there.talk.sent(a, "@all", mentions_all=True)
    await there.tell(sent)
    await there.tell(there.talk.edited(sent, "@c", mentions_all=False, mentioned_ids=[c]))
    assert await counts(service, b) == {}
    assert len(await emitted(database, b, "notification_deleted")) == 1
    assert [one.body for one in await service.inbox(c)] == ["@c"]


async def test_who_has_deleted_it_for_themselves_hears_of_no_edit(service: Notifications, database: Database) -> None:
    a, b, c = user_id(), user_id(), user_id()
    there = await room(service, database, a, b, c)
    sent = there.talk.sent(a, "plain")
    await there.tell(sent, there.talk.hidden(sent, b))
    asking = there.talk.edited(
        sent, "@b @c secret", mentioned_ids=[b, c], requires_acknowledgement=True, hidden_from=[b]
    )
    await there.tell(asking, there.talk.edited(asking, "@all secret", mentions_all=True, hidden_from=[b]))
    assert "secret" not in str(await service.inbox(b))
    assert await counts(service, b) == {MESSAGE: 1}
    assert {one.body for one in await service.inbox(c)} == {"@all secret"}


async def test_of_several_mentions_a_deleted_one_counts_no_more_and_shows_nothing(
    service: Notifications, database: Database
) -> None:
    a, b = user_id(), user_id()
    there = await room(service, database, a, b)
    first, second, third = (there.talk.sent(a, text, mentioned_ids=[b]) for text in ("one", "two", "three"))
    await there.tell(first, second, third)
    await there.tell(there.talk.deleted(first))
    assert [(one.count, one.body) for one in await service.inbox(b)] == [(2, "three")]
    await there.tell(there.talk.deleted(third))
    assert [(one.count, one.body, one.message_id) for one in await service.inbox(b)] == [(1, "", "")]
    await there.tell(there.talk.deleted(second))
    assert await service.inbox(b) == []


async def test_a_read_mention_of_a_deleted_message_shows_nothing_either(
    service: Notifications, database: Database
) -> None:
    a, b = user_id(), user_id()
    there = await room(service, database, a, b)
    sent = there.talk.sent(a, "@b", mentioned_ids=[b])
    await there.tell(sent)
    await there.tell(there.talk.read(b, 1))
    await there.tell(there.talk.deleted(sent))
    assert await service.inbox(b) == []


async def test_what_somebody_deleted_for_themselves_is_shown_to_the_others_only(
    service: Notifications, database: Database
) -> None:
    a, b, c = user_id(), user_id(), user_id()
    there = await room(service, database, a, b, c)
    plain, called = there.talk.sent(a, "plain"), there.talk.sent(a, "@b", mentioned_ids=[b])
    required = there.talk.sent(a, "required", requires_acknowledgement=True)
    await there.tell(plain, called, required, *(there.talk.hidden(sent, b) for sent in (plain, called, required)))
    assert {(one.kind, one.body, one.message_id) for one in await service.inbox(b)} == {
        (MESSAGE, "", ""),
        (MENTION, "", ""),
    }
    assert {one.body for one in await service.inbox(c)} == {"@b", "required"}
    await there.tell(there.talk.edited(called, "@b again"))
    assert {one.body for one in await service.inbox(b)} == {""}


async def test_more_mentions_than_are_remembered_are_still_counted(service: Notifications, database: Database) -> None:
    a, b = user_id(), user_id()
    there = await room(service, database, a, b)
    await there.tell(*(there.talk.sent(a, mentioned_ids=[b]) for _ in range(130)))
    await there.tell(there.talk.read(b, 10))
    assert await counts(service, b) == {MENTION: 130}
    await there.tell(there.talk.read(b, 128))
    assert await counts(service, b) == {MENTION: 2}


async def test_an_edit_tells_newcomers_nothing_of_what_they_may_not_see(
    service: Notifications, database: Database
) -> None:
    a, b, c = user_id(), user_id(), user_id()
    there = await room(service, database, a)
    sent = there.talk.sent(a, "before you came")
    await there.tell(sent, there.talk.added(b, by=b, read_seq=1, visible_after=1))
    await there.tell(there.talk.added(c, by=c, read_seq=1))
    await there.tell(there.talk.edited(sent, "@b @c", mentioned_ids=[b, c], requires_acknowledgement=True))
    assert await service.inbox(b) == []
    assert len(await service.inbox(c)) == 2


async def test_who_is_looking_sees_a_new_mention_for_themselves(database: Database) -> None:
    one, reader = message(), user_id()
    statement = "insert into members values (:conversation_id, :user_id, true, 0, 1) returning 1"
    await rows(database, statement, conversation_id=one.conversation_id, user_id=reader)
    called = message(message_id=one.message_id, mentions=Mentions(frozenset({reader})))
    await database.run(
        messages.revise,
        message=called,
        before=Mentions(),
        was_acknowledgement_required=False,
        audience=Audience({reader: Attention.LOOKING}),
    )
    assert await emitted(database, reader, "notification_created") == []


async def test_who_left_keeps_no_mention(service: Notifications, database: Database) -> None:
    a, b = user_id(), user_id()
    there = await room(service, database, a, b)
    sent = there.talk.sent(a, "@b", mentioned_ids=[b], requires_acknowledgement=True)
    reply = there.talk.sent(a, "@b", mentioned_ids=[b])
    await there.tell(sent, reply)
    assert len(await service.inbox(b)) == 2
    await there.tell(there.talk.removed(b))
    assert await service.inbox(b) == []
    await there.tell(there.talk.edited(sent, "@b again"), there.talk.due(sent, b))
    assert await service.inbox(b) == []


# -- threads -----------------------------------------------------------------------------------------------------------


async def test_who_began_a_thread_or_wrote_in_it_follows_it(service: Notifications, database: Database) -> None:
    a, b, c = user_id(), user_id(), user_id()
    there = await room(service, database, a, b, c)
    root = there.talk.sent(a, "root")
    await there.tell(root, there.talk.sent(b, "first reply", to=root))
    assert await counts(service, a) == {REPLY: 1}
    assert await counts(service, c) == {MESSAGE: 2}
    await there.tell(there.talk.sent(a, "second reply", to=root))
    assert await counts(service, b) == {REPLY: 1}
    [reply] = await service.inbox(b, kind=REPLY)
    assert (reply.title, reply.body) == ("Somebody replied in a thread", "second reply")


async def test_what_came_before_a_members_own_reply_is_told_to_nobody_as_one(
    service: Notifications, database: Database
) -> None:
    a, b, c = user_id(), user_id(), user_id()
    there = await room(service, database, a, b, c)
    root = there.talk.sent(a)
    # All in one batch.
    await there.tell(root, there.talk.sent(b, to=root), there.talk.sent(c, to=root), there.talk.sent(b, to=root))
    assert await counts(service, c) == {REPLY: 1}
    assert await counts(service, b) == {}
    assert await counts(service, a) == {REPLY: 3}


async def test_a_thread_can_be_left_and_followed_again(service: Notifications, database: Database) -> None:
    a, b, c = user_id(), user_id(), user_id()
    there = await room(service, database, a, b, c)
    root = there.talk.sent(a)
    await there.tell(root)
    await there.tell(
        there.talk.followed(a, root, is_subscribed=False), there.talk.followed(c, root, is_subscribed=True)
    )
    await there.tell(there.talk.sent(b, to=root))
    assert await counts(service, a) == {MESSAGE: 1}
    assert await counts(service, c) == {MESSAGE: 1, REPLY: 1}
    await there.tell(there.talk.sent(a, to=root), there.talk.sent(b, to=root))
    assert await counts(service, a) == {REPLY: 1}


async def test_leaving_a_thread_does_not_take_back_what_was_told(service: Notifications, database: Database) -> None:
    a, b = user_id(), user_id()
    there = await room(service, database, a, b)
    root = there.talk.sent(a)
    # In one batch: judged by what held when it was sent.
    await there.tell(root, there.talk.sent(b, to=root), there.talk.followed(a, root, is_subscribed=False))
    assert await counts(service, a) == {REPLY: 1}
    await there.tell(there.talk.deleted(root))
    await there.tell(there.talk.ended())
    statement = "select count(*) from followers where conversation_id = :id"
    assert await rows(database, statement, id=there.talk.conversation_id) == [(0,)]


async def test_a_deleted_reply_is_withdrawn(service: Notifications, database: Database) -> None:
    a, b = user_id(), user_id()
    there = await room(service, database, a, b)
    root = there.talk.sent(a)
    reply = there.talk.sent(b, "oops", to=root)
    await there.tell(root, reply)
    await there.tell(there.talk.deleted(reply))
    assert await service.inbox(a) == []


# -- cost --------------------------------------------------------------------------------------------------------------


async def test_a_whole_batch_of_calls_costs_as_many_statements_as_one(database: Database) -> None:
    costs = {}
    for size in (1, 50):
        sent: list[Message] = []
        for _ in range(size):
            root, reader = message(), user_id()
            statement = "insert into members values (:conversation_id, :user_id, true, 0, 1) returning 1"
            await rows(database, statement, conversation_id=root.conversation_id, user_id=reader)
            place = {"conversation_id": root.conversation_id}
            sent += [
                message(**place, seq=1, mentions=Mentions(frozenset({reader}))),
                message(**place, seq=2, thread_root_id=root.message_id, thread_author_id=reader),
                message(**place, seq=3, requires_acknowledgement=True),
                message(**place, seq=4),
            ]

        def notify(tx: Transaction, sent: list[Message] = sent) -> int:
            messages.notify(tx, sent, audience=Audience())
            return tx.queries

        costs[size] = await database.run(notify)
        statement = "select count(*) from notifications where conversation_id = any(cast(:ids as uuid[]))"
        ids = list({one.conversation_id for one in sent})
        assert await rows(database, statement, ids=ids) == [(4 * size,)]
    assert costs[1] == costs[50]
