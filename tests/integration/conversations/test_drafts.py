"""What people have begun to write."""

import asyncio
from datetime import timedelta

import pytest

from chassis.database import Transaction
from messaging.conversations.v1 import drafts_pb2
from messaging.conversations.v1.events_pb2 import DraftChanged
from services.conversations.model.drafts import SavedDraft
from services.conversations.model.ids import ConversationId, UserId
from services.conversations.store import drafts
from tests.integration.conversations.conftest import Service
from tests.integration.conversations.marks import Marks


async def told(service: Service, user_id: str) -> list[str | None]:
    """The texts that a person's devices heard of, in order; none for a draft that was deleted."""
    events = await service.emitted(user_id, "draft_changed")
    assert {(event.user_id, event.aggregate_rev) for event in events} <= {(user_id, 0)}
    changes = [DraftChanged.FromString(event.payload) for event in events]
    return [change.draft.content if change.HasField("draft") else None for change in changes]


def wanted(conversation_id: str) -> drafts_pb2.GetDraftRequest:
    return drafts_pb2.GetDraftRequest(conversation_id=conversation_id)


async def test_a_draft_is_kept_replaced_and_deleted(
    service: Service, marks: Marks, pair: tuple[str, str], group: str
) -> None:
    rev = (await service.get(group, by=pair[0])).rev
    assert await marks.refusal(wanted(group), by=pair[0]) == "DRAFT_NOT_FOUND"
    await marks.write(group, "Dear", by=pair[0])
    saved = await marks.write(group, "Dear all", by=pair[0])
    assert (await marks.ask(wanted(group), by=pair[0])).draft == saved
    assert (saved.conversation_id, saved.content, saved.reply_to_id) == (group, "Dear all", "")
    assert await marks.refusal(wanted(group), by=pair[1]) == "DRAFT_NOT_FOUND"

    for _ in range(2):
        await marks.ask(drafts_pb2.DeleteDraftRequest(conversation_id=group), by=pair[0])
    assert await marks.refusal(wanted(group), by=pair[0]) == "DRAFT_NOT_FOUND"
    assert await told(service, pair[0]) == ["Dear", "Dear all", None]
    assert await told(service, pair[1]) == []
    assert (await service.get(group, by=pair[0])).rev == rev


async def test_a_draft_may_answer_a_message_before_it_has_a_text(
    service: Service, marks: Marks, pair: tuple[str, str], group: str
) -> None:
    message_id = (await service.say(pair[0], group)).message_id

    assert (await marks.write(group, "", by=pair[1], reply_to_id=message_id)).reply_to_id == message_id
    assert (await marks.write(group, "Well", by=pair[1])).reply_to_id == ""


async def test_a_draft_answers_nothing_that_is_not_there(
    service: Service, marks: Marks, pair: tuple[str, str], group: str, direct: str
) -> None:
    deleted, elsewhere = await service.say(pair[0], group), await service.say(pair[0], direct)
    await service.delete(deleted.message_id, by=pair[0])
    for target in (deleted, elsewhere):
        asked = drafts_pb2.SaveDraftRequest(conversation_id=group, content="x", reply_to_id=target.message_id)
        assert await marks.refusal(asked, by=pair[1]) == "REPLY_TARGET_UNAVAILABLE"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", "MESSAGE_CONTENT_INVALID"),
        (" \n", "MESSAGE_CONTENT_INVALID"),
        ("x" * 16_001, "MESSAGE_TOO_LONG"),
        ("a\x00b", "INVALID_REQUEST"),
    ],
)
async def test_a_draft_is_something_that_could_be_sent(
    marks: Marks, pair: tuple[str, str], group: str, content: str, expected: str
) -> None:
    asked = drafts_pb2.SaveDraftRequest(conversation_id=group, content=content)

    assert await marks.refusal(asked, by=pair[0]) == expected


async def test_who_only_reads_may_write_drafts(
    service: Service, marks: Marks, pair: tuple[str, str], group: str
) -> None:
    await service.rows("update participants set role = 5 where user_id = :user_id", user_id=pair[1])

    assert (await marks.write(group, "Perhaps", by=pair[1])).content == "Perhaps"


async def test_sending_leaves_the_draft(service: Service, marks: Marks, pair: tuple[str, str], group: str) -> None:
    await marks.write(group, "Another thing", by=pair[0])
    await service.say(pair[0], group)

    assert (await marks.ask(wanted(group), by=pair[0])).draft.content == "Another thing"


async def test_an_older_draft_does_not_replace_a_later_one(
    service: Service, marks: Marks, pair: tuple[str, str], group: str
) -> None:
    """A transaction that began earlier and comes to the row later."""
    later = await marks.write(group, "Later", by=pair[0])

    def save_late(tx: Transaction) -> bool:
        earlier = tx.now - timedelta(hours=1)
        return drafts.save(tx, UserId(pair[0]), SavedDraft(ConversationId(group), "Earlier", None, earlier))

    assert not await service.database.run(save_late)
    assert (await marks.ask(wanted(group), by=pair[0])).draft == later


async def test_of_two_drafts_at_once_one_stays_and_every_device_heard_it_last(
    service: Service, marks: Marks, pair: tuple[str, str], group: str
) -> None:
    texts = [f"Version {n}" for n in range(6)]
    answers = await asyncio.gather(*(marks.write(group, text, by=pair[0]) for text in texts))

    stored = (await marks.ask(wanted(group), by=pair[0])).draft
    assert stored == max(answers, key=lambda draft: draft.update_time.ToNanoseconds())
    assert (await told(service, pair[0]))[-1] == stored.content


async def test_a_repeated_request_saves_once(service: Service, marks: Marks, pair: tuple[str, str], group: str) -> None:
    once = drafts_pb2.SaveDraftRequest(conversation_id=group, content="One", request_id="draft-1")
    first = await marks.ask(once, by=pair[0])
    await marks.write(group, "Two", by=pair[0])
    again, meter = await marks.bill(once, by=pair[0])

    assert again == first
    assert meter.is_replayed
    assert (await marks.ask(wanted(group), by=pair[0])).draft.content == "Two"
