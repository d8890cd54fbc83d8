"""What holds for everything that people attach to messages."""

from collections.abc import Callable

import pytest
from google.protobuf.message import Message

from chassis.ids import uuid7
from messaging.conversations.v1 import (
    acknowledgements_pb2,
    bookmarks_pb2,
    drafts_pb2,
    pins_pb2,
    polls_pb2,
    reactions_pb2,
    reports_pb2,
)
from services.conversations.model.ids import UserId
from services.conversations.store import people
from tests.integration.conversations.conftest import Service
from tests.integration.conversations.marks import THUMB, Marks, poll

SPAM = reports_pb2.REPORT_REASON_SPAM
MUTATIONS: list[Callable[..., Message]] = [
    lambda **on: reactions_pb2.AddReactionRequest(emoji=THUMB, **on),
    lambda **on: reactions_pb2.RemoveReactionRequest(emoji=THUMB, **on),
    pins_pb2.PinMessageRequest,
    pins_pb2.UnpinMessageRequest,
    bookmarks_pb2.AddBookmarkRequest,
    bookmarks_pb2.RemoveBookmarkRequest,
    acknowledgements_pb2.AcknowledgeMessageRequest,
    lambda **on: polls_pb2.VoteRequest(options=[0], **on),
    polls_pb2.RetractVoteRequest,
    polls_pb2.ClosePollRequest,
    lambda **on: reports_pb2.ReportMessageRequest(reason=SPAM, **on),
]
LISTS: list[Callable[..., Message]] = [
    reactions_pb2.ListReactionsRequest,
    acknowledgements_pb2.ListAcknowledgementsRequest,
    polls_pb2.ListVotesRequest,
]
IN_CONVERSATION: list[Callable[..., Message]] = [
    pins_pb2.ListPinsRequest,
    lambda **on: drafts_pb2.SaveDraftRequest(content="x", **on),
    drafts_pb2.GetDraftRequest,
    drafts_pb2.DeleteDraftRequest,
]
# These show others something.
SHOWN = [*MUTATIONS[0:1], *MUTATIONS[2:4], *MUTATIONS[7:9]]


def name(request: Callable[..., Message]) -> str:
    return request().DESCRIPTOR.name


@pytest.fixture
async def question(service: Service, pair: tuple[str, str], group: str) -> str:
    """A poll by the first of the two that wants to be acknowledged: everything can be attached to it."""
    asked = await service.say(pair[0], group, "When?", requires_acknowledgement=True, **poll())
    return asked.message_id


@pytest.mark.parametrize("request_on", [*MUTATIONS, *LISTS], ids=name)
async def test_who_cannot_see_a_message_attaches_and_reads_nothing(
    service: Service, marks: Marks, pair: tuple[str, str], group: str, question: str, request_on: Callable[..., Message]
) -> None:
    [stranger] = await service.people(1)
    asked = request_on(message_id=question)
    assert await marks.refusal(asked, by=stranger) == "MESSAGE_NOT_FOUND"
    assert await marks.refusal(request_on(message_id=uuid7()), by=pair[0]) == "MESSAGE_NOT_FOUND"

    later = "update participants set visible_after = 1 where conversation_id = :id and user_id = :user_id"
    await service.rows(later, id=group, user_id=pair[1])
    assert await marks.refusal(asked, by=pair[1]) == "MESSAGE_NOT_FOUND"

    hide = "insert into hidden_messages (user_id, message_id) values (:user_id, :id)"
    await service.rows(hide, user_id=pair[0], id=question)
    assert await marks.refusal(asked, by=pair[0]) == "MESSAGE_NOT_FOUND"


@pytest.mark.parametrize("request_on", [*MUTATIONS, *LISTS], ids=name)
async def test_who_was_removed_attaches_and_reads_nothing(
    service: Service, marks: Marks, pair: tuple[str, str], group: str, question: str, request_on: Callable[..., Message]
) -> None:
    gone = "update participants set left_at = now() where conversation_id = :id and user_id = :user_id"
    await service.rows(gone, id=group, user_id=pair[1])

    assert await marks.refusal(request_on(message_id=question), by=pair[1]) == "MESSAGE_NOT_FOUND"


@pytest.mark.parametrize("request_on", IN_CONVERSATION, ids=name)
async def test_who_is_not_in_a_conversation_finds_none(
    service: Service, marks: Marks, pair: tuple[str, str], group: str, request_on: Callable[..., Message]
) -> None:
    [stranger] = await service.people(1)
    await marks.write(group, "Dear", by=pair[1])
    gone = "update participants set left_at = now() where conversation_id = :id and user_id = :user_id"
    await service.rows(gone, id=group, user_id=pair[1])

    for outsider, conversation_id in ((stranger, group), (pair[1], group), (pair[0], uuid7())):
        asked = request_on(conversation_id=conversation_id)
        assert await marks.refusal(asked, by=outsider) == "CONVERSATION_NOT_FOUND"


@pytest.mark.parametrize("request_on", SHOWN, ids=name)
async def test_who_may_not_write_shows_the_others_nothing(
    service: Service, marks: Marks, pair: tuple[str, str], direct: str, request_on: Callable[..., Message]
) -> None:
    asked = await service.say(pair[0], direct, "When?", **poll())
    request = request_on(message_id=asked.message_id)
    set_role = "update participants set role = :role, muted_until = :until where user_id = :user_id"

    await service.rows(set_role, role=5, until=None, user_id=pair[1])
    assert await marks.refusal(request, by=pair[1]) == "ROLE_INSUFFICIENT"
    await service.rows(set_role, role=4, until="infinity", user_id=pair[1])
    assert await marks.refusal(request, by=pair[1]) == "MUTED"
    await service.rows(set_role, role=4, until=None, user_id=pair[1])
    one, other = UserId(pair[0]), UserId(pair[1])
    await service.database.run(people.block, user_id=one, blocked_id=other)
    assert [await marks.refusal(request, by=user_id) for user_id in pair] == ["BLOCKED", "BLOCKED"]
    await service.database.run(people.unblock, user_id=one, blocked_id=other)
    await service.database.run(people.set_active, user_id=other, is_active=False)
    assert await marks.refusal(request, by=pair[1]) == "SENDER_SUSPENDED"
    assert await service.emitted(direct, "reaction_changed", "pin_changed", "message_updated") == []


@pytest.mark.parametrize("request_on", MUTATIONS, ids=name)
async def test_a_repeated_request_gets_the_first_answer(
    service: Service, marks: Marks, pair: tuple[str, str], group: str, question: str, request_on: Callable[..., Message]
) -> None:
    # Taking something away needs something to take.
    by = pair[0] if name(request_on) != "AcknowledgeMessageRequest" else pair[1]
    await marks.react(question, by=by)
    for request in (bookmarks_pb2.AddBookmarkRequest, pins_pb2.PinMessageRequest):
        await marks.ask(request(message_id=question), by=pair[0])
    await marks.vote(question, 1, by=by)
    once = request_on(message_id=question, request_id=uuid7())

    first, _ = await marks.bill(once, by=by)
    rev = (await service.get(group, by=by)).rev
    again, meter = await marks.bill(once, by=by)

    assert again == first
    assert meter.is_replayed
    assert (await service.get(group, by=by)).rev == rev


async def test_what_is_repeated_without_an_id_takes_no_revision(
    service: Service, marks: Marks, pair: tuple[str, str], group: str, question: str
) -> None:
    additions = [request(message_id=question) for request in (*MUTATIONS[0:1], MUTATIONS[2], MUTATIONS[7])]
    removals = [request(message_id=question) for request in (MUTATIONS[1], MUTATIONS[3], MUTATIONS[8])]
    before = (await service.get(group, by=pair[0])).rev
    for request in [*additions, *additions, *removals, *removals]:
        await marks.ask(request, by=pair[0])

    assert (await service.get(group, by=pair[0])).rev == before + 6
    changes = (await service.changes(group, before)).changes
    assert [change.rev for change in changes] == list(range(before + 1, before + 7))
    assert {change.target_id for change in changes} == {question}


async def test_a_deleted_message_takes_nothing_any_more(
    service: Service, marks: Marks, pair: tuple[str, str], group: str, question: str
) -> None:
    await marks.react(question, by=pair[1])
    await marks.vote(question, 1, by=pair[1])
    await marks.pin(question, by=pair[0])
    await service.delete(question, by=pair[0])

    for request in (MUTATIONS[0], MUTATIONS[2], MUTATIONS[4], *MUTATIONS[6:11]):
        assert await marks.refusal(request(message_id=question), by=pair[1] if request is not MUTATIONS[2] else pair[0])
    assert not (await marks.take_back(question, by=pair[1])).is_added
    assert await marks.pinned(group, by=pair[0]) == []
    for table in ("reactions", "votes", "pins"):
        assert await service.rows(f"select 1 from {table} where message_id = :id", id=question) == []


async def test_a_mark_costs_the_same_whatever_there_is_already(
    service: Service, marks: Marks, pair: tuple[str, str], group: str, question: str
) -> None:
    _, first = await marks.bill(reactions_pb2.AddReactionRequest(message_id=question, emoji=THUMB), by=pair[0])
    _, second = await marks.bill(reactions_pb2.AddReactionRequest(message_id=question, emoji="\U0001f389"), by=pair[1])

    # The transaction's time; message, lock, standing, message; own reactions; reaction, message, conversation, log;
    # outbox.
    assert first.queries == second.queries == 1 + 4 + 1 + 4 + 1


async def test_the_lists_take_one_query_whatever_their_length(
    service: Service, marks: Marks, pair: tuple[str, str], group: str
) -> None:
    async def cost(request: Message) -> int:
        return (await marks.bill(request, by=pair[1]))[1].queries

    lists = (pins_pb2.ListPinsRequest(conversation_id=group), bookmarks_pb2.ListBookmarksRequest())
    for count in (1, 4):
        for _ in range(count):
            message = await service.say(pair[0], group, **poll())
            await marks.pin(message.message_id, by=pair[0])
            await marks.bookmark(message.message_id, by=pair[1])
        assert [await cost(request) for request in lists] == [2, 2]


async def test_a_page_token_is_good_for_its_own_list_alone(
    service: Service, marks: Marks, pair: tuple[str, str], group: str, question: str
) -> None:
    for emoji in (THUMB, "\U0001f389"):
        await marks.react(question, emoji, by=pair[0])
    page = await marks.ask(reactions_pb2.ListReactionsRequest(message_id=question, page_size=1), by=pair[0])

    for request in (
        reactions_pb2.ListReactionsRequest(message_id=question, emoji=THUMB, page_token=page.next_page_token),
        polls_pb2.ListVotesRequest(message_id=question, page_token=page.next_page_token),
        pins_pb2.ListPinsRequest(conversation_id=group, page_token=page.next_page_token),
    ):
        assert await marks.refusal(request, by=pair[0]) == "INVALID_PAGE_TOKEN"
