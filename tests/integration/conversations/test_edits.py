"""Editing messages."""

import asyncio

import pytest
from google.protobuf.field_mask_pb2 import FieldMask

from messaging.conversations.v1 import conversations_pb2
from messaging.conversations.v1 import messages_pb2 as pb
from messaging.conversations.v1.events_pb2 import MessageEdited
from services.conversations.model.ids import UserId
from services.conversations.store import people
from tests.integration.conversations.conftest import Service
from tests.integration.conversations.reading import Reading
from tests.support.factories.messages import edit_request, shared


async def test_an_edit_replaces_the_text_keeps_the_old_one_and_is_told(
    service: Service, pair: tuple[str, str], group: str
) -> None:
    message = await service.say(pair[0], group, "Helo")
    edited = await service.edit(message.message_id, "Hello", by=pair[0])
    again = await service.edit(message.message_id, "Hello!", by=pair[0])

    assert (edited.seq, edited.rev, edited.content) == (message.seq, message.rev + 1, "Hello")
    assert edited.edit_time.ToNanoseconds() > message.create_time.ToNanoseconds()
    assert await service.history(group, by=pair[1]) == [shared(again)]
    versions = await service.rows(
        "select rev, content from message_versions where message_id = :id order by rev", id=message.message_id
    )
    assert versions == [(message.rev, "Helo"), (edited.rev, "Hello")]
    told = await service.emitted(group, "message_edited")
    assert [MessageEdited.FromString(event.payload).message for event in told] == [shared(edited), shared(again)]
    assert [change.kind for change in (await service.changes(group, edited.rev)).changes] == [
        conversations_pb2.CHANGE_KIND_MESSAGE_EDITED
    ]


async def test_only_what_the_mask_names_is_edited(service: Service, pair: tuple[str, str], group: str) -> None:
    message = await service.say(pair[0], group, is_important=True, priority=pb.PRIORITY_HIGH)
    request = pb.EditMessageRequest(
        message_id=message.message_id, content="Ignored", update_mask=FieldMask(paths=["priority"])
    )

    edited = (await service.ask(service.messages.EditMessage, request, by=pair[0])).message

    assert (edited.content, edited.is_important, edited.priority) == (message.content, True, pb.PRIORITY_NORMAL)
    assert not edited.HasField("edit_time")
    assert edited.rev == message.rev + 1


async def test_an_edit_that_changes_nothing_has_no_revision(
    service: Service, pair: tuple[str, str], group: str
) -> None:
    message = await service.say(pair[0], group)

    assert shared(await service.edit(message.message_id, message.content, by=pair[0])) == message
    assert await service.emitted(group, "message_edited") == []


async def test_who_has_hidden_a_message_is_named_where_an_edit_concerns_more_people(
    service: Service, pair: tuple[str, str], group: str
) -> None:
    message = await service.say(pair[0], group)
    hide = pb.HideMessageRequest(message_id=message.message_id)
    await service.ask(service.messages.HideMessage, hide, by=pair[1])
    await service.edit(message.message_id, "Quiet", by=pair[0])
    await service.edit(message.message_id, "@all", by=pair[0])

    told = [MessageEdited.FromString(event.payload) for event in await service.emitted(group, "message_edited")]
    assert [list(event.hidden_from_ids) for event in told] == [[], [pair[1]]]


async def test_an_edit_of_an_older_revision_is_refused(service: Service, pair: tuple[str, str], group: str) -> None:
    message = await service.say(pair[0], group)
    edited = await service.edit(message.message_id, "One", by=pair[0], etag=str(message.rev))

    stale = edit_request(message.message_id, "Two", etag=str(message.rev))
    assert await service.refusal(service.messages.EditMessage, stale, by=pair[0]) == "ETAG_MISMATCH"
    assert (await service.history(group, by=pair[0])) == [edited]


async def test_a_repeated_request_edits_once(service: Service, pair: tuple[str, str], group: str) -> None:
    message = await service.say(pair[0], group)
    first = await service.edit(message.message_id, "One", by=pair[0], request_id="once")
    await service.edit(message.message_id, "Two", by=pair[0])

    assert await service.edit(message.message_id, "One", by=pair[0], request_id="once") == first
    assert (await service.history(group, by=pair[0]))[0].content == "Two"


async def test_nobody_edits_anothers_words(service: Service, pair: tuple[str, str], group: str) -> None:
    message, (stranger,) = await service.say(pair[1], group), await service.people(1)
    request = edit_request(message.message_id, "Changed")

    # The owner of the group.
    assert await service.refusal(service.messages.EditMessage, request, by=pair[0]) == "NOT_THE_AUTHOR"
    assert await service.refusal(service.messages.EditMessage, request, by=stranger) == "MESSAGE_NOT_FOUND"


async def test_the_edit_window_is_judged_by_the_databases_clock(
    service: Service, pair: tuple[str, str], group: str
) -> None:
    early, late = [await service.say(pair[1], group) for _ in range(2)]
    await service.age(early.message_id, "14 minutes")
    await service.age(late.message_id, "16 minutes")

    await service.edit(early.message_id, "Changed", by=pair[1])
    request = edit_request(late.message_id, "Changed")
    assert await service.refusal(service.messages.EditMessage, request, by=pair[1]) == "EDIT_WINDOW_CLOSED"


async def test_who_may_not_write_may_not_edit(service: Service, pair: tuple[str, str]) -> None:
    one, other = map(UserId, pair)
    direct, group = await service.direct(one, other), await service.group(other, one)
    private, public = await service.say(one, direct), await service.say(one, group)
    editing = service.messages.EditMessage

    async def why(message: pb.Message) -> str:
        return await service.refusal(editing, edit_request(message.message_id, "Changed"), by=one)

    await service.database.run(lambda tx: people.block(tx, other, one))
    assert await why(private) == "BLOCKED"
    await service.rows("update participants set muted_until = 'infinity' where user_id = :id", id=one)
    assert await why(public) == "MUTED"
    await service.rows("update participants set role = 5 where user_id = :id", id=one)
    assert await why(public) == "ROLE_INSUFFICIENT"
    await service.database.run(lambda tx: people.set_active(tx, one, is_active=False))
    assert await why(public) == "SENDER_SUSPENDED"


@pytest.mark.parametrize(
    ("content", "reason"),
    [("x" * 16_001, "MESSAGE_TOO_LONG"), (" \n", "MESSAGE_CONTENT_INVALID"), ("a\x00b", "INVALID_REQUEST")],
)
async def test_an_edit_keeps_the_rules_of_texts(
    service: Service, pair: tuple[str, str], group: str, content: str, reason: str
) -> None:
    message = await service.say(pair[0], group)

    request = edit_request(message.message_id, content)
    assert await service.refusal(service.messages.EditMessage, request, by=pair[0]) == reason


async def test_edits_at_once_each_keep_a_version(service: Service, pair: tuple[str, str], group: str) -> None:
    message = await service.say(pair[0], group, "0")
    edited = await asyncio.gather(*(service.edit(message.message_id, f"{n}", by=pair[0]) for n in range(1, 9)))

    revs = sorted(found.rev for found in edited)
    assert revs == list(range(message.rev + 1, message.rev + 9))
    [last] = await service.history(group, by=pair[1])
    texts = await service.rows("select content from message_versions where message_id = :id", id=message.message_id)
    assert sorted([last.content, *(text for (text,) in texts)]) == [f"{n}" for n in range(9)]


async def test_all_who_see_a_message_read_its_earlier_texts_newest_first(
    service: Service, pair: tuple[str, str], group: str
) -> None:
    reading = Reading(service)
    message = await service.say(pair[0], group, "0")
    assert list((await reading.versions(message.message_id, by=pair[1])).versions) == []
    edited = [await service.edit(message.message_id, text, by=pair[0]) for text in "1234"][-1]

    first = await reading.versions(message.message_id, by=pair[1], page_size=3)
    second = await reading.versions(message.message_id, by=pair[1], page_size=3, page_token=first.next_page_token)
    back = await reading.versions(message.message_id, by=pair[1], page_size=3, page_token=second.previous_page_token)
    assert [version.content for version in (*first.versions, *second.versions)] == ["3", "2", "1", "0"]
    assert (list(back.versions), second.next_page_token) == (list(first.versions), "")
    assert second.versions[0].create_time == message.create_time
    assert [version.rev for version in first.versions] == [edited.rev - n for n in (1, 2, 3)]


async def test_earlier_texts_are_for_nobody_else_and_go_with_the_message(
    service: Service, pair: tuple[str, str], group: str
) -> None:
    reading = Reading(service)
    message, (stranger,) = await service.say(pair[0], group, "Secret"), await service.people(1)
    await service.edit(message.message_id, "Changed", by=pair[0])
    request = pb.ListMessageVersionsRequest(message_id=message.message_id)
    listing = service.messages.ListMessageVersions

    assert await service.refusal(listing, request, by=stranger) == "MESSAGE_NOT_FOUND"
    await reading.hide(message.message_id, by=pair[1])
    assert await service.refusal(listing, request, by=pair[1]) == "MESSAGE_NOT_FOUND"
    await service.delete(message.message_id, by=pair[0])
    assert list((await reading.versions(message.message_id, by=pair[0])).versions) == []
