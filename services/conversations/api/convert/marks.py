"""What people attach to messages, and what they have begun to write."""

from typing import cast

from messaging.conversations.v1 import (
    acknowledgements_pb2,
    bookmarks_pb2,
    drafts_pb2,
    pins_pb2,
    polls_pb2,
    reactions_pb2,
    reports_pb2,
)
from services.conversations.api.convert.messages import poll, viewed
from services.conversations.api.convert.values import time
from services.conversations.model.acknowledgements import Acknowledgement
from services.conversations.model.bookmarks import Bookmark
from services.conversations.model.drafts import SavedDraft
from services.conversations.model.ids import ReportId
from services.conversations.model.pins import Pin
from services.conversations.model.polls import Ballot, Vote
from services.conversations.model.reactions import Reaction, Tally
from services.conversations.model.reports import Report


def reaction(source: Reaction) -> reactions_pb2.Reaction:
    """Who reacted with what."""
    return reactions_pb2.Reaction(user_id=source.user_id, emoji=source.emoji, create_time=time(source.created_at))


def tally(source: Tally) -> reactions_pb2.ReactionTally:
    """Where an emoji stands."""
    return reactions_pb2.ReactionTally(
        message_id=source.message_id,
        user_id=source.user_id,
        emoji=source.emoji,
        is_added=source.is_added,
        count=source.count,
    )


def pin(source: Pin) -> pins_pb2.Pin:
    """A pinned message."""
    return pins_pb2.Pin(message=viewed(source.viewed), actor_id=source.actor_id, create_time=time(source.created_at))


def bookmark(source: Bookmark) -> bookmarks_pb2.Bookmark:
    """A bookmarked message."""
    return bookmarks_pb2.Bookmark(message=viewed(source.viewed), create_time=time(source.created_at))


def saved_draft(source: SavedDraft) -> drafts_pb2.Draft:
    """What somebody has begun to write."""
    return drafts_pb2.Draft(
        conversation_id=source.conversation_id,
        content=source.content,
        reply_to_id=source.reply_to_id or "",
        update_time=time(source.updated_at),
    )


def acknowledgement(source: Acknowledgement) -> acknowledgements_pb2.Acknowledgement:
    """Whether somebody has acknowledged a message."""
    return acknowledgements_pb2.Acknowledgement(
        message_id=source.message_id,
        user_id=source.user_id,
        create_time=time(source.created_at) if source.created_at else None,
    )


def vote(source: Vote) -> polls_pb2.Vote:
    """Who votes for what."""
    return polls_pb2.Vote(user_id=source.user_id, options=source.options, create_time=time(source.created_at))


def ballot(source: Ballot) -> polls_pb2.Ballot:
    """A poll as one person sees it."""
    return polls_pb2.Ballot(poll=poll(source.poll), options=source.options)


def report(source: Report) -> reports_pb2.Report:
    """What was reported, and what became of it."""
    return reports_pb2.Report(
        report_id=source.report_id,
        message_id=source.message_id,
        conversation_id=source.conversation_id,
        sender_id=source.sender_id,
        reporter_id=source.reporter_id,
        reason=cast("reports_pb2.ReportReason.ValueType", source.reason),
        comment=source.comment,
        content=source.content,
        state=cast("reports_pb2.ReportState.ValueType", source.state),
        resolver_id=source.resolver_id or "",
        resolution=source.resolution,
        create_time=time(source.created_at),
        resolve_time=time(source.resolved_at) if source.resolved_at else None,
    )


def report_id(text: str) -> ReportId:
    """In the spelling that everything compares by."""
    return ReportId(text.lower())
