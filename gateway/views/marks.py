"""What people attach to messages, and what they have begun to write."""

from gateway.views.messages import message, poll
from gateway.views.values import View, time
from messaging.conversations.v1 import (
    acknowledgements_pb2,
    bookmarks_pb2,
    drafts_pb2,
    events_pb2,
    pins_pb2,
    polls_pb2,
    reactions_pb2,
    reports_pb2,
)

REPORT_REASONS = ("", "spam", "abuse", "violence", "sexual", "other")
REPORT_STATES = ("", "open", "resolved", "dismissed")


def reactor(source: reactions_pb2.Reaction) -> View:
    """Who reacted to a message, with what."""
    return {"user_id": source.user_id, "emoji": source.emoji, "created_at": time(source.create_time)}


def pinned(source: pins_pb2.Pin) -> View:
    """A pinned message as the one who asked sees it."""
    return {
        "message": message(source.message),
        "pinned_by": source.actor_id,
        "created_at": time(source.create_time),
    }


def bookmark(source: bookmarks_pb2.Bookmark) -> View:
    """A bookmarked message as its owner sees it."""
    return {"message": message(source.message), "created_at": time(source.create_time)}


def bookmark_changed(source: events_pb2.BookmarkChanged) -> View:
    """A bookmark that was made or taken away."""
    return {"message_id": source.message_id, "is_bookmarked": source.is_bookmarked}


def draft(source: drafts_pb2.Draft) -> View:
    """What somebody has begun to write."""
    return {
        "conversation_id": source.conversation_id,
        "content": source.content,
        "reply_to_id": source.reply_to_id or None,
        "updated_at": time(source.update_time),
    }


def draft_changed(source: events_pb2.DraftChanged) -> View:
    """A draft that was saved; null once it is deleted."""
    shown = draft(source.draft) if source.HasField("draft") else None
    return {"conversation_id": source.conversation_id, "draft": shown}


def vote_changed(source: events_pb2.VoteChanged) -> View:
    """What a member votes for now."""
    return {"conversation_id": source.conversation_id, "id": source.message_id, "my_votes": list(source.options)}


def acknowledgement(source: acknowledgements_pb2.Acknowledgement) -> View:
    """Whether somebody has acknowledged a message, and when."""
    return {
        "message_id": source.message_id,
        "user_id": source.user_id,
        "acknowledged_at": time(source.create_time) if source.HasField("create_time") else None,
    }


def vote(source: polls_pb2.Vote) -> View:
    """Who voted for what."""
    return {"user_id": source.user_id, "options": list(source.options), "created_at": time(source.create_time)}


def ballot(source: polls_pb2.Ballot) -> View:
    """A poll as the one who asked sees it."""
    return {**poll(source.poll), "my_votes": list(source.options)}


def report(source: reports_pb2.Report) -> View:
    """What was reported, for moderators."""
    return {
        "id": source.report_id,
        "message_id": source.message_id,
        "conversation_id": source.conversation_id,
        "sender_id": source.sender_id,
        "reporter_id": source.reporter_id,
        "reason": REPORT_REASONS[source.reason],
        "comment": source.comment,
        "content": source.content if source.HasField("content") else None,
        "state": REPORT_STATES[source.state],
        "resolver_id": source.resolver_id or None,
        "resolution": source.resolution,
        "created_at": time(source.create_time),
        "resolved_at": time(source.resolve_time) if source.HasField("resolve_time") else None,
    }
