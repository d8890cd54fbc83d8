"""Messages and what is attached to them."""

import orjson

from gateway.views.values import View, time
from messaging.conversations.v1 import events_pb2, messages_pb2, reactions_pb2

# Position = number in the proto's enum. Values that a newer service may send and this table lacks are refused by tests.
MESSAGE_TYPES = ("text", "text", "system", "poll")
PRIORITIES = ("normal", "low", "normal", "high", "urgent")
DELIVERY_STATUSES = (None, "sent", "delivered", "read")


def message_shared(source: messages_pb2.Message) -> View:
    """A message as every member sees it, for events that are encoded once."""
    # Looking for what few messages have costs more than all the rest: each is asked for once.
    reactions, mentions, previews = source.reactions, source.mentioned_ids, source.previews
    return {
        "id": source.message_id,
        "conversation_id": source.conversation_id,
        "seq": source.seq,
        "rev": source.rev,
        "sender_id": source.sender_id,
        "message_type": MESSAGE_TYPES[source.message_type],
        "content": source.content,
        "priority": PRIORITIES[source.priority],
        "is_important": source.is_important,
        "client_message_id": source.client_message_id or None,
        "reply_to_id": source.reply_to_id or None,
        "thread_root_id": source.thread_root_id or None,
        "reply_count": source.reply_count,
        "forwarded_from": _origin(source.forwarded_from) if source.HasField("forwarded_from") else None,
        "mentions": [*mentions] if mentions else [],
        "mentions_all": source.mentions_all,
        "requires_acknowledgement": source.requires_acknowledgement,
        "acknowledgement_count": source.acknowledgement_count,
        "reactions": {found.emoji: {"count": found.count} for found in reactions} if reactions else {},
        "is_pinned": source.is_pinned,
        "previews": [_preview(found) for found in previews] if previews else [],
        "poll": poll(source.poll) if source.HasField("poll") else None,
        "edited_at": time(source.edit_time) if source.HasField("edit_time") else None,
        "deleted_at": time(source.delete_time) if source.HasField("delete_time") else None,
        "created_at": time(source.create_time),
    }


def message(source: messages_pb2.Message) -> View:
    """A message as the one who asked sees it."""
    shown = message_shared(source)
    viewer = source.viewer
    shown["status"] = DELIVERY_STATUSES[viewer.status]
    shown["is_bookmarked"] = viewer.is_bookmarked
    shown["has_acknowledged"] = viewer.has_acknowledged
    if shown["reactions"]:
        mine = set(viewer.reactions)
        shown["reactions"] = {
            found.emoji: {"count": found.count, "me": found.emoji in mine} for found in source.reactions
        }
    if shown["poll"] is not None:
        shown["poll"] = {**poll(source.poll), "my_votes": list(viewer.votes)}
    return shown


def message_sent(source: messages_pb2.Message) -> View:
    """A message that was just sent, as its sender sees it."""
    shown = message(source)
    shown["status"] = "sent"
    return shown


def message_json(source: messages_pb2.Message) -> bytes:
    """The same, encoded."""
    return orjson.dumps(message_sent(source))


def _origin(source: messages_pb2.ForwardOrigin) -> View:
    return {
        "sender_id": source.sender_id or None,
        "conversation_id": source.conversation_id or None,
        "message_id": source.message_id or None,
        "created_at": time(source.create_time) if source.HasField("create_time") else None,
    }


def _preview(source: messages_pb2.LinkPreview) -> View:
    return {
        "url": source.url,
        "title": source.title,
        "description": source.description,
        "site_name": source.site_name,
    }


def poll(source: messages_pb2.Poll) -> View:
    """What there is to vote for, as every member sees it."""
    return {
        "options": [{"text": option.text, "votes": option.votes} for option in source.options],
        "is_multiple": source.is_multiple,
        "is_anonymous": source.is_anonymous,
        "closes_at": time(source.close_time) if source.HasField("close_time") else None,
        "is_closed": source.is_closed,
        "voter_count": source.voter_count,
    }


def reaction(source: events_pb2.ReactionChanged | reactions_pb2.ReactionTally) -> View:
    """Somebody's reaction that came or went, and how many there are now."""
    return {
        "message_id": source.message_id,
        "user_id": source.user_id,
        "emoji": source.emoji,
        "added": source.is_added,
        "count": source.count,
    }


def pin(source: events_pb2.PinChanged) -> View:
    """A message that was pinned, or is no longer."""
    return {"message_id": source.message_id, "user_id": source.user_id, "is_pinned": source.is_pinned}
