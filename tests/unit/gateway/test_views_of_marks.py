"""What clients see of marks on messages is what the documentation's models say."""

from collections.abc import Callable
from typing import Any

import orjson
import pytest
from google.protobuf.internal.enum_type_wrapper import EnumTypeWrapper
from google.protobuf.timestamp_pb2 import Timestamp

from gateway import views
from gateway.realtime import payloads
from gateway.rest import acknowledgements, bookmarks, drafts, messages, pins, polls, reactions, reports
from gateway.rest.models import Shown
from messaging.conversations.v1 import (
    acknowledgements_pb2,
    bookmarks_pb2,
    drafts_pb2,
    events_pb2,
    messages_pb2,
    pins_pb2,
    polls_pb2,
    reactions_pb2,
    reports_pb2,
)

ID, OTHER = "01981f3c-7a5e-7c43-9d1f-5b0e2f6a8c11", "01981f3b-1d2a-7e0b-8a44-90c1d7e3b602"
AT = Timestamp(seconds=1_780_000_000, nanos=123_456_789)
MESSAGE = messages_pb2.Message(message_id=ID, conversation_id=OTHER, seq=3, rev=7, sender_id=OTHER, create_time=AT)
POLL = messages_pb2.Poll(options=[messages_pb2.PollOption(text="Tuesday", votes=1)], voter_count=1)
DRAFT = drafts_pb2.Draft(conversation_id=ID, content="Dear", update_time=AT)
OPEN = reports_pb2.Report(
    report_id=ID,
    message_id=ID,
    conversation_id=ID,
    sender_id=OTHER,
    reporter_id=OTHER,
    reason=reports_pb2.REPORT_REASON_SPAM,
    state=reports_pb2.REPORT_STATE_OPEN,
    create_time=AT,
)
DECIDED = reports_pb2.Report(
    report_id=ID,
    message_id=ID,
    conversation_id=ID,
    sender_id=OTHER,
    reporter_id=OTHER,
    reason=reports_pb2.REPORT_REASON_OTHER,
    comment="Look",
    content="",
    state=reports_pb2.REPORT_STATE_DISMISSED,
    resolver_id=OTHER,
    resolution="A joke",
    create_time=AT,
    resolve_time=AT,
)
SHAPES: list[tuple[Callable[[Any], views.View], Any, type[Shown]]] = [
    (views.reaction, reactions_pb2.ReactionTally(message_id=ID, user_id=OTHER, emoji="👍"), reactions.ReactionChange),
    (views.reaction, events_pb2.ReactionChanged(message_id=ID, user_id=OTHER, emoji="👍"), reactions.ReactionChange),
    (views.reactor, reactions_pb2.Reaction(user_id=OTHER, emoji="👍", create_time=AT), reactions.Reactor),
    (views.pinned, pins_pb2.Pin(message=MESSAGE, actor_id=OTHER, create_time=AT), pins.Pin),
    (views.bookmark, bookmarks_pb2.Bookmark(message=MESSAGE, create_time=AT), bookmarks.Bookmark),
    (views.bookmark_changed, events_pb2.BookmarkChanged(message_id=ID, is_bookmarked=True), payloads.BookmarkChange),
    (views.vote_changed, events_pb2.VoteChanged(conversation_id=ID, message_id=ID, options=[1]), payloads.VoteChange),
    (
        views.conversation_hidden,
        events_pb2.ConversationHidden(conversation_id=ID, is_hidden=True),
        payloads.ConversationHiding,
    ),
    (views.draft, DRAFT, drafts.SavedDraft),
    (views.draft, drafts_pb2.Draft(conversation_id=ID, reply_to_id=ID, update_time=AT), drafts.SavedDraft),
    (views.draft_changed, events_pb2.DraftChanged(conversation_id=ID, draft=DRAFT), payloads.DraftChange),
    (views.draft_changed, events_pb2.DraftChanged(conversation_id=ID), payloads.DraftChange),
    (
        views.acknowledgement,
        acknowledgements_pb2.Acknowledgement(message_id=ID, user_id=OTHER, create_time=AT),
        acknowledgements.Acknowledgement,
    ),
    (
        views.acknowledgement,
        acknowledgements_pb2.Acknowledgement(message_id=ID, user_id=OTHER),
        acknowledgements.Acknowledgement,
    ),
    (views.vote, polls_pb2.Vote(user_id=OTHER, options=[0, 2], create_time=AT), polls.Vote),
    (views.ballot, polls_pb2.Ballot(poll=POLL, options=[0]), messages.Poll),
    (views.report, OPEN, reports.Report),
    (views.report, DECIDED, reports.Report),
]


@pytest.mark.parametrize(("view", "source", "model"), SHAPES, ids=map(str, range(len(SHAPES))))
def test_a_view_has_the_shape_that_is_documented(
    view: Callable[[Any], views.View], source: Any, model: type[Shown]
) -> None:
    shown = view(source)

    assert shown.keys() == model.model_fields.keys()
    model.model_validate_json(orjson.dumps(shown), strict=True)


def test_a_text_that_is_not_to_be_shown_is_null() -> None:
    assert views.report(OPEN)["content"] is None
    assert views.report(DECIDED)["content"] == ""


@pytest.mark.parametrize(
    ("words", "enum", "prefix"),
    [
        (views.REPORT_REASONS, reports_pb2.ReportReason, "REPORT_REASON_"),
        (views.REPORT_STATES, reports_pb2.ReportState, "REPORT_STATE_"),
    ],
)
def test_every_value_of_the_contract_has_its_word(words: tuple[str, ...], enum: EnumTypeWrapper, prefix: str) -> None:
    values = dict(enum.items())

    assert len(words) == len(values)
    assert all(words[number] == name.removeprefix(prefix).lower() for name, number in values.items() if number)
