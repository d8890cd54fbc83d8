"""Forwarding: what is copied, what of its origin is told, and where to."""

import asyncio
import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from chassis.database import Transaction
from chassis.ids import uuid7
from chassis.rpc.status import RemoteFailure
from messaging.conversations.v1 import conversations_pb2, forwards_pb2, messages_pb2
from services.conversations.api import convert
from services.conversations.model.ids import UserId
from services.conversations.store import people
from tests.integration.conversations.conftest import Service, reasons
from tests.integration.conversations.reading import Reading
from tests.support.factories.messages import item, shared


@pytest.fixture
def reading(service: Service) -> Reading:
    return Reading(service)


def reason(result: forwards_pb2.Forwarded) -> str:
    """Why a copy or its comment was refused, or an empty text."""
    return RemoteFailure(result.error).reason if result.HasField("error") else ""


async def test_a_copy_has_the_text_and_nothing_of_what_is_private(
    service: Service, reading: Reading, pair: tuple[str, str]
) -> None:
    source, target = await service.group(*pair), await service.group(*pair)
    important = {"is_important": True, "requires_acknowledgement": True, "priority": messages_pb2.PRIORITY_URGENT}
    message = await service.say(pair[0], source, "Look @all", **important)
    [result] = await reading.forward(message.message_id.upper(), [target.upper()], by=pair[1], comment="See?")

    copy, comment = await service.history(target, by=pair[0])
    assert (copy, comment) == (result.message, result.comment)
    assert (copy.content, copy.sender_id, copy.HasField("forwarded_from")) == ("Look @all", pair[1], True)
    assert copy.forwarded_from == messages_pb2.ForwardOrigin()
    assert [copy.is_important, copy.requires_acknowledgement, copy.mentions_all] == [False] * 3
    assert copy.priority == messages_pb2.PRIORITY_NORMAL
    assert (comment.content, comment.HasField("forwarded_from"), comment.seq) == ("See?", False, 2)
    assert message.message_id not in str(copy)
    # Without a comment there is none.
    [alone] = await reading.forward(message.message_id, [target], by=pair[1], request_id="again")
    assert not alone.HasField("comment")


async def test_the_origin_is_told_only_where_everybody_may_read_it(
    service: Service, reading: Reading, pair: tuple[str, str]
) -> None:
    since_joined = conversations_pb2.HISTORY_VISIBILITY_SINCE_JOINED
    target = await service.group(*pair)
    public, halfway = await service.group(*pair), await service.group(*pair)
    await service.change(public, by=pair[0], is_public=True)
    await service.change(halfway, by=pair[0], is_public=True, history_visibility=since_joined)
    message, other = await service.say(pair[0], public), await service.say(pair[0], halfway)

    [told] = await reading.forward(message.message_id, [target], by=pair[1])
    [silent] = await reading.forward(other.message_id, [target], by=pair[1], request_id="other")
    assert told.message.forwarded_from == messages_pb2.ForwardOrigin(
        sender_id=pair[0],
        conversation_id=public,
        message_id=message.message_id,
        create_time=message.create_time,
    )
    assert silent.message.forwarded_from == messages_pb2.ForwardOrigin()
    # A copy of a copy tells the first origin, be it private or not.
    await service.change(target, by=pair[0], is_public=True)
    [further] = await reading.forward(told.message.message_id, [public], by=pair[0])
    [still] = await reading.forward(silent.message.message_id, [public], by=pair[0], request_id="other")
    assert further.message.forwarded_from == told.message.forwarded_from
    assert still.message.forwarded_from == messages_pb2.ForwardOrigin()


async def test_each_target_is_judged_for_itself(service: Service, reading: Reading, pair: tuple[str, str]) -> None:
    me, other = pair
    [stranger] = await service.people(1)
    source, open_one, foreign = await service.group(me), await service.group(me, other), await service.group(stranger)
    readonly, slow, blocked = (
        await service.group(other, me),
        await service.group(other, me),
        await service.direct(*pair),
    )
    await service.rows("update participants set role = 5 where conversation_id = :c and user_id = :u", c=readonly, u=me)
    await service.change(slow, by=other, slow_mode_seconds=60)
    await service.database.run(lambda tx: people.block(tx, UserId(other), UserId(me)))
    message = await service.say(me, source)

    targets = [foreign, open_one, readonly, slow, blocked, uuid7()]
    results = await reading.forward(message.message_id, targets, by=me, comment="Look")
    assert [result.conversation_id for result in results] == targets
    assert [reason(result) for result in results] == [
        "CONVERSATION_NOT_FOUND", "", "ROLE_INSUFFICIENT", "SLOW_MODE", "BLOCKED", "CONVERSATION_NOT_FOUND",
    ]  # fmt: skip
    # In slow mode the copy stands and the comment is the one too many.
    assert [result.HasField("message") for result in results] == [False, True, False, True, False, False]
    assert [result.HasField("comment") for result in results] == [False, True, False, False, False, False]
    for conversation_id, by, count in ((foreign, stranger, 0), (open_one, me, 2), (readonly, me, 0), (blocked, me, 0)):
        assert len(await service.history(conversation_id, by=by)) == count


async def test_repeating_a_request_makes_no_second_copy(
    service: Service, reading: Reading, pair: tuple[str, str]
) -> None:
    source, one, other = [await service.group(*pair) for _ in range(3)]
    message = await service.say(pair[0], source, "Once")

    results = await asyncio.gather(
        *(reading.forward(message.message_id, [one, other], by=pair[0], comment="Look") for _ in range(5))
    )
    # An edit in between makes it no other request.
    await service.edit(message.message_id, "Twice", by=pair[0])
    late = await reading.forward(message.message_id, [one, other], by=pair[0], comment="Look")

    for place, target in enumerate((one, other)):
        assert [found.content for found in await service.history(target, by=pair[1])] == ["Once", "Look"]
        ids = {(found[place].message.message_id, found[place].comment.message_id) for found in (*results, late)}
        assert len(ids) == 1
    assert all(found.replayed for found in late)
    assert sum(found.replayed for found in (result[0] for result in results)) == 4
    [reused] = await reading.forward(
        (await service.say(pair[0], source)).message_id, [one], by=pair[0], comment="Something else"
    )
    assert reason(reused) == "IDEMPOTENCY_KEY_REUSED"


async def test_a_poll_is_copied_without_its_votes(service: Service, reading: Reading, pair: tuple[str, str]) -> None:
    source, target = await service.group(*pair), await service.group(*pair)
    later = convert.time(datetime.now(UTC) + timedelta(hours=1))
    draft = messages_pb2.PollDraft(options=["Tuesday", "Thursday"], is_multiple=True, is_anonymous=True)
    draft.close_time.CopyFrom(later)
    poll = await service.say(pair[0], source, "When?", message_type=messages_pb2.MESSAGE_TYPE_POLL, poll=draft)
    voted = 'update messages set poll = poll || \'{"votes": [1, 1], "voter_count": 2}\' where id = :id'
    await service.rows(voted, id=poll.message_id)
    [result] = await reading.forward(poll.message_id, [target], by=pair[1])

    copy = result.message.poll
    assert [(option.text, option.votes) for option in copy.options] == [("Tuesday", 0), ("Thursday", 0)]
    assert (copy.is_multiple, copy.is_anonymous, copy.close_time, copy.voter_count) == (True, True, later, 0)
    past = convert.time(datetime.now(UTC) - timedelta(hours=1)).ToJsonString()
    await service.rows(
        "update messages set poll = jsonb_set(poll, '{closes_at}', to_jsonb(cast(:past as text))) where id = :id",
        id=poll.message_id,
        past=past.replace("Z", "+00:00"),
    )
    [anew] = await reading.forward(poll.message_id, [target], by=pair[1], request_id="again")
    assert not anew.message.poll.HasField("close_time")


async def test_what_is_not_there_or_the_platforms_own_is_not_forwarded(
    service: Service, reading: Reading, pair: tuple[str, str], group: str
) -> None:
    deleted, hidden, system, whole = [(await service.say(pair[0], group)).message_id for _ in range(4)]
    [stranger] = await service.people(1)
    mine = await service.group(stranger)
    await service.delete(deleted, by=pair[0])
    await reading.hide(hidden, by=pair[0])
    await service.rows("update messages set message_type = 2 where id = :id", id=system)

    async def why(message_id: str, by: str = pair[0], **fields: str) -> str:
        request = forwards_pb2.ForwardMessageRequest(
            message_id=message_id, conversation_ids=[mine], request_id="r", **fields
        )
        return await service.refusal(reading.forwards.ForwardMessage, request, by=by)

    assert await why(deleted) == "MESSAGE_DELETED"
    assert await why(hidden) == "MESSAGE_NOT_FOUND"
    assert await why(uuid7()) == "MESSAGE_NOT_FOUND"
    assert await why(whole, by=stranger) == "MESSAGE_NOT_FOUND"
    assert await why(system) == "MESSAGE_NOT_FORWARDABLE"
    assert await why(whole, comment="x" * 16_001) == "MESSAGE_TOO_LONG"
    assert await why(whole, comment="[x](javascript:alert(1))") == "MESSAGE_CONTENT_INVALID"
    assert await why(whole, comment=" \n") == "MESSAGE_CONTENT_INVALID"


@pytest.mark.parametrize("count", [0, 2, 21])
async def test_between_one_and_twenty_different_targets_are_named(
    service: Service, reading: Reading, pair: tuple[str, str], group: str, count: int
) -> None:
    message = await service.say(pair[0], group)
    targets = [group, group] if count == 2 else [uuid7() for _ in range(count)]
    request = forwards_pb2.ForwardMessageRequest(
        message_id=message.message_id, conversation_ids=targets, request_id="r"
    )

    assert await service.refusal(reading.forwards.ForwardMessage, request, by=pair[0]) == "INVALID_REQUEST"


async def test_nobody_rewrites_what_they_forwarded(
    service: Service, reading: Reading, pair: tuple[str, str], group: str
) -> None:
    """It would be somebody else's words."""
    message = await service.say(pair[0], group, "I said this")
    [result] = await reading.forward(message.message_id, [group], by=pair[1])
    request = messages_pb2.EditMessageRequest(message_id=result.message.message_id, content="I said that")
    request.update_mask.paths.append("content")

    assert await service.refusal(service.messages.EditMessage, request, by=pair[1]) == "NOT_THE_AUTHOR"
    request.update_mask.paths[:] = ["is_important"]
    request.is_important = True
    assert (await service.ask(service.messages.EditMessage, request, by=pair[1])).message.is_important


async def test_a_copy_is_deleted_like_any_message_and_leaves_its_origin_alone(
    service: Service, reading: Reading, pair: tuple[str, str], group: str
) -> None:
    target = await service.group(*pair)
    message = await service.say(pair[0], group)
    [result] = await reading.forward(message.message_id, [target], by=pair[1])
    stub = await service.delete(result.message.message_id, by=pair[1])

    assert not stub.HasField("forwarded_from")
    assert [shared(found) for found in await service.history(group, by=pair[0])] == [message]
    assert reasons(await service.send(item(pair[0], target))) == [""]


async def test_a_comment_that_was_lost_on_the_way_comes_with_the_repeated_request(
    service: Service, reading: Reading, pair: tuple[str, str]
) -> None:
    """As when the process ends between the copy and the comment."""
    source, target = await service.group(*pair), await service.group(*pair)
    message = await service.say(pair[0], source, "News")
    await reading.forward(message.message_id, [target], by=pair[1])
    [result] = await reading.forward(message.message_id, [target], by=pair[1], comment="Look")

    assert (result.replayed, result.comment.content) == (True, "Look")
    assert [found.content for found in await service.history(target, by=pair[0])] == ["News", "Look"]


async def test_a_conversation_that_others_hold_is_asked_for_again(
    service: Service, reading: Reading, pair: tuple[str, str]
) -> None:
    source, held, free = [await service.group(*pair) for _ in range(3)]
    message = await service.say(pair[0], source)
    is_held, is_over = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def hold(tx: Transaction) -> None:
        tx.execute(text("select 1 from conversations where id = :id for update"), {"id": held})
        loop.call_soon_threadsafe(is_held.set)
        is_over.wait(10)

    async def let_go() -> None:
        async with asyncio.timeout(30):
            while not await service.history(free, by=pair[0]):
                await asyncio.sleep(0.01)
        is_over.set()

    holding = asyncio.create_task(service.database.run(hold))
    await is_held.wait()
    results, *_ = await asyncio.gather(reading.forward(message.message_id, [held, free], by=pair[0]), let_go(), holding)

    assert [reason(result) for result in results] == ["", ""]
    assert [found.content for found in await service.history(held, by=pair[1])] == [message.content]
