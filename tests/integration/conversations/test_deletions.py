"""Deleting messages."""

import asyncio

from chassis.ids import uuid7
from messaging.conversations.v1 import messages_pb2 as pb
from messaging.conversations.v1 import participants_pb2
from messaging.conversations.v1.events_pb2 import MessageDeleted, MessageHidden
from tests.integration.conversations.conftest import Service
from tests.integration.conversations.reading import Reading
from tests.support.factories.messages import edit_request, shared


async def test_a_deleted_message_leaves_a_numbered_stub_and_no_text_anywhere(
    service: Service, pair: tuple[str, str], group: str
) -> None:
    message = await service.say(pair[0], group, "Secret one")
    await service.edit(message.message_id, "Secret two", by=pair[0])
    stub = shared(await service.delete(message.message_id, by=pair[0], request_id="once"))

    assert (stub.seq, stub.content, stub.rev) == (message.seq, "", message.rev + 2)
    assert stub.HasField("delete_time")
    assert await service.history(group, by=pair[1]) == [stub]
    assert (await service.get(group, by=pair[1])).last_message == stub
    assert await service.rows("select from message_versions where message_id = :id", id=message.message_id) == []
    [told] = await service.emitted(group, "message_deleted")
    assert MessageDeleted.FromString(told.payload).message == stub
    changes = (await service.changes(group, message.rev - 1)).changes
    assert [change.message for change in changes] == [stub, stub, stub]
    for request_id in ("once", "again"):
        assert shared(await service.delete(message.message_id, by=pair[0], request_id=request_id)) == stub
    request = edit_request(message.message_id, "Back")
    assert await service.refusal(service.messages.EditMessage, request, by=pair[0]) == "MESSAGE_DELETED"


async def test_the_author_deletes_within_the_window_and_moderators_at_any_time(
    service: Service, pair: tuple[str, str], group: str
) -> None:
    early, late, owners = [await service.say(by, group) for by in (pair[1], pair[1], pair[0])]
    for message, span in ((early, "59 minutes"), (late, "61 minutes"), (owners, "1 year")):
        await service.age(message.message_id, span)
    deleting = service.messages.DeleteMessage
    request = pb.DeleteMessageRequest(message_id=late.message_id)

    assert (await service.delete(early.message_id, by=pair[1])).HasField("delete_time")
    assert await service.refusal(deleting, request, by=pair[1]) == "DELETE_WINDOW_CLOSED"
    assert (await service.delete(late.message_id, by=pair[0])).HasField("delete_time")
    request = pb.DeleteMessageRequest(message_id=owners.message_id)
    assert await service.refusal(deleting, request, by=pair[1]) == "NOT_THE_AUTHOR"
    await service.rows("update participants set role = 3 where user_id = :id", id=pair[1])
    assert (await service.delete(owners.message_id, by=pair[1])).HasField("delete_time")


async def test_strangers_delete_nothing(service: Service, pair: tuple[str, str], group: str) -> None:
    message, (stranger,) = await service.say(pair[0], group), await service.people(1)

    for message_id in (message.message_id, uuid7()):
        request = pb.DeleteMessageRequest(message_id=message_id)
        assert await service.refusal(service.messages.DeleteMessage, request, by=stranger) == "MESSAGE_NOT_FOUND"


async def test_in_a_direct_conversation_nobody_deletes_the_others_words(
    service: Service, pair: tuple[str, str]
) -> None:
    message = await service.say(pair[0], await service.direct(*pair))

    request = pb.DeleteMessageRequest(message_id=message.message_id)
    assert await service.refusal(service.messages.DeleteMessage, request, by=pair[1]) == "NOT_THE_AUTHOR"


async def test_deleting_at_once_happens_once(service: Service, pair: tuple[str, str], group: str) -> None:
    message = await service.say(pair[1], group)

    # The author and the owner of the group.
    stubs = await asyncio.gather(*(service.delete(message.message_id, by=by) for by in (*pair, *pair)))

    assert all(shared(stub) == shared(stubs[0]) for stub in stubs)
    assert len(await service.emitted(group, "message_deleted")) == 1


async def test_a_moderators_role_is_that_of_the_conversation(service: Service, pair: tuple[str, str]) -> None:
    """Who owns one group is nobody in another."""
    await service.group(pair[0])
    group = await service.group(pair[1], pair[0])
    message = await service.say(pair[1], group)

    request = pb.DeleteMessageRequest(message_id=message.message_id)
    assert await service.refusal(service.messages.DeleteMessage, request, by=pair[0]) == "NOT_THE_AUTHOR"
    assert (await service.get(group, by=pair[0])).my_membership.role == participants_pb2.ROLE_MEMBER


async def test_who_deletes_for_themselves_sees_it_nowhere_and_the_others_do(
    service: Service, pair: tuple[str, str], group: str
) -> None:
    reading = Reading(service)
    kept, message = await service.say(pair[0], group), await service.say(pair[0], group)
    unread = (await service.get(group, by=pair[1])).unread_count
    await reading.hide(message.message_id.upper(), by=pair[1])

    assert [found.message_id for found in await service.history(group, by=pair[1])] == [kept.message_id]
    everywhere = await service.ask(service.messages.ListMessages, pb.ListMessagesRequest(), by=pair[1])
    assert [found.message_id for found in everywhere.messages] == [kept.message_id]
    request = pb.GetMessageRequest(message_id=message.message_id)
    assert await service.refusal(service.messages.GetMessage, request, by=pair[1]) == "MESSAGE_NOT_FOUND"
    view = await service.get(group, by=pair[1])
    assert (view.HasField("last_message"), view.unread_count, view.last_seq) == (False, unread, 2)
    assert len(await service.history(group, by=pair[0])) == 2
    assert [change.HasField("message") for change in (await service.changes(group, kept.rev, by=pair[1])).changes] == [
        False
    ]


async def test_deleting_for_oneself_again_changes_nothing_and_is_told_once(
    service: Service, pair: tuple[str, str], group: str
) -> None:
    reading = Reading(service)
    message = await service.say(pair[0], group)
    for _ in range(2):
        await reading.hide(message.message_id, by=pair[1])
    await asyncio.gather(*(reading.hide(message.message_id, by=pair[0]) for _ in range(5)))

    for by in pair:
        [told] = await service.emitted(by, "message_hidden")
        event = MessageHidden.FromString(told.payload)
        assert (event.conversation_id, event.message_id, told.user_id) == (group, message.message_id, by)
    assert (await service.get(group, by=pair[0])).rev == message.rev
    assert await service.emitted(group, "message_hidden") == []


async def test_strangers_hide_nothing(service: Service, pair: tuple[str, str], group: str) -> None:
    message, (stranger,) = await service.say(pair[0], group), await service.people(1)
    hiding = service.messages.HideMessage
    await service.rows("update participants set visible_after = 1 where user_id = :id", id=pair[1])

    for by, message_id in ((stranger, message.message_id), (pair[1], message.message_id), (pair[0], uuid7())):
        request = pb.HideMessageRequest(message_id=message_id)
        assert await service.refusal(hiding, request, by=by) == "MESSAGE_NOT_FOUND"
    assert await service.rows("select from hidden_messages where message_id = :id", id=message.message_id) == []
