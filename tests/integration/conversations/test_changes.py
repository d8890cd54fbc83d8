"""What a member missed: one by one, compacted, or too much."""

from typing import Any

import pytest

from chassis.ids import uuid7
from chassis.rpc.status import RemoteFailure
from messaging.conversations.v1 import conversations_pb2 as pb
from messaging.conversations.v1 import messages_pb2, participants_pb2
from tests.integration.conversations.conftest import Service
from tests.support.factories.messages import item

SENT, EDITED = pb.CHANGE_KIND_MESSAGE_SENT, pb.CHANGE_KIND_MESSAGE_EDITED


async def fill(service: Service, group: str, sender: str, count: int, content: str = "x") -> None:
    for begun in range(0, count, 100):
        await service.send(*(item(sender, group, content) for _ in range(min(100, count - begun))))


async def edit_many(service: Service, message: messages_pb2.Message, times: int) -> None:
    """As many edits of one message, without waiting for each: logged and numbered as the service does."""
    await service.rows(
        """
        with entries as (
            insert into conversation_changes (conversation_id, rev, kind, actor_id, target_id, created_at)
            select id, rev + n, 5, :actor_id, :message_id, now()
            from conversations, generate_series(1, :times) as n where id = :id returning rev),
        edited as (update messages set rev = (select max(rev) from entries), content = 'edited' where id = :message_id)
        update conversations set rev = (select max(rev) from entries) where id = :id
        """,
        id=message.conversation_id,
        message_id=message.message_id,
        actor_id=message.sender_id,
        times=times,
    )


async def test_everything_since_the_beginning_is_told_in_order(
    service: Service, pair: tuple[str, str], group: str
) -> None:
    message = await service.say(pair[0], group)
    answer = await service.changes(group, by=pair[1])

    assert (answer.mode, answer.rev) == (pb.CHANGES_MODE_EVENTS, 4)
    assert [(change.rev, change.kind, change.WhichOneof("target")) for change in answer.changes] == [
        (1, pb.CHANGE_KIND_CONVERSATION_CREATED, "conversation"),
        (2, pb.CHANGE_KIND_MEMBER_ADDED, "participant"),
        (3, pb.CHANGE_KIND_MEMBER_ADDED, "participant"),
        (4, SENT, "message"),
    ]
    assert {change.actor_id for change in answer.changes} == {pair[0]}
    assert answer.changes[0].conversation.rev == 4
    assert [change.participant.user_id for change in answer.changes[1:3]] == list(pair)
    assert answer.changes[3].message == message


async def test_who_knows_everything_is_told_nothing(service: Service, pair: tuple[str, str], group: str) -> None:
    answer = await service.changes(group, 3, by=pair[1])

    assert (answer.mode, list(answer.changes), answer.rev) == (pb.CHANGES_MODE_EVENTS, [], 3)


async def test_a_revision_that_was_never_given_out_means_to_begin_anew(
    service: Service, pair: tuple[str, str], group: str
) -> None:
    answer = await service.changes(group, 4, by=pair[1])

    assert (answer.mode, list(answer.changes), answer.rev) == (pb.CHANGES_MODE_RESET, [], 3)


async def test_targets_are_told_as_they_are_now(service: Service, pair: tuple[str, str], group: str) -> None:
    message = await service.say(pair[0], group, "Secret")
    request = messages_pb2.DeleteMessageRequest(message_id=message.message_id)
    await service.ask(service.messages.DeleteMessage, request, by=pair[0])
    removal = participants_pb2.RemoveParticipantRequest(conversation_id=group, user_id=pair[1])
    await service.ask(service.participants.RemoveParticipant, removal, by=pair[0])

    answer = await service.changes(group, 2, by=pair[0])

    added, sent, deleted, removed = answer.changes
    assert added.participant == removed.participant
    assert removed.participant.HasField("leave_time")
    assert sent.message == deleted.message
    assert (sent.message.content, sent.message.rev) == ("", 5)


async def test_the_platform_itself_may_ask_without_a_member_and_strangers_may_not(
    service: Service, pair: tuple[str, str], group: str
) -> None:
    [stranger] = await service.people(1)

    assert len((await service.changes(group)).changes) == 3
    for conversation_id, by in ((group, stranger), (uuid7(), stranger), (uuid7(), "")):
        with pytest.raises(RemoteFailure) as refused:
            await service.changes(conversation_id, by=by)
        assert refused.value.reason == "CONVERSATION_NOT_FOUND"


async def test_a_thousand_changes_are_told_one_by_one(service: Service, pair: tuple[str, str], group: str) -> None:
    await fill(service, group, pair[0], 1000)

    answer = await service.changes(group, 3, by=pair[1])
    assert answer.mode == pb.CHANGES_MODE_EVENTS
    assert [change.rev for change in answer.changes] == list(range(4, 1004))


async def test_above_a_thousand_each_changed_thing_is_told_once(
    service: Service, pair: tuple[str, str], group: str
) -> None:
    old = await service.say(pair[0], group, "old")
    new = await service.say(pair[0], group, "new")
    await edit_many(service, old, 600)
    await edit_many(service, new, 500)
    removal = participants_pb2.RemoveParticipantRequest(conversation_id=group, user_id=pair[1])
    await service.ask(service.participants.RemoveParticipant, removal, by=pair[0])

    answer = await service.changes(group, old.rev, by=pair[0])

    assert (answer.mode, answer.rev) == (pb.CHANGES_MODE_COMPACTED, 1106)
    # The new message is told as sent, because who missed its beginning would not know it.
    assert [(change.rev, change.kind) for change in answer.changes] == [
        (605, EDITED),
        (1105, SENT),
        (1106, pb.CHANGE_KIND_MEMBER_REMOVED),
    ]
    assert [change.message.seq for change in answer.changes[:2]] == [1, 2]
    everything = await service.changes(group, 0, by=pair[0])
    assert [change.kind for change in everything.changes] == [
        pb.CHANGE_KIND_CONVERSATION_CREATED,
        pb.CHANGE_KIND_MEMBER_ADDED,
        SENT,
        SENT,
        pb.CHANGE_KIND_MEMBER_REMOVED,
    ]


async def test_more_than_a_thousand_changed_things_mean_to_begin_anew(
    service: Service, pair: tuple[str, str], group: str
) -> None:
    await fill(service, group, pair[0], 1001)

    answer = await service.changes(group, 3, by=pair[1])
    assert (answer.mode, list(answer.changes), answer.rev) == (pb.CHANGES_MODE_RESET, [], 1004)
    # Also where what was sent alone is not too much.
    assert (await service.changes(group, 0, by=pair[1])).mode == pb.CHANGES_MODE_RESET


async def test_an_answer_ends_at_a_mebibyte_and_is_asked_on(
    service: Service, pair: tuple[str, str], group: str
) -> None:
    for _ in range(4):
        await fill(service, group, pair[0], 6, "🚀" * 16_000)

    revs: list[int] = []
    while True:
        answer: Any = await service.changes(group, revs[-1] if revs else 3, by=pair[1])
        assert answer.ByteSize() < 1.01 * 2**20
        revs += [change.rev for change in answer.changes]
        if revs[-1] == answer.rev:
            break
    assert revs == list(range(4, 28))


async def test_a_compacted_answer_above_a_mebibyte_means_to_begin_anew(
    service: Service, pair: tuple[str, str], group: str
) -> None:
    message = await service.say(pair[0], group)
    for _ in range(4):
        await fill(service, group, pair[0], 6, "🚀" * 16_000)
    await edit_many(service, message, 1000)

    assert (await service.changes(group, 3, by=pair[1])).mode == pb.CHANGES_MODE_RESET
