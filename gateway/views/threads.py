"""Threads, forwarded messages, earlier texts, and how far messages have come."""

from chassis.rpc.status import RemoteFailure
from gateway.errors import problem
from gateway.views.messages import DELIVERY_STATUSES, message, message_sent
from gateway.views.values import View, time
from messaging.conversations.v1 import events_pb2, forwards_pb2, messages_pb2, receipts_pb2, threads_pb2


def thread(source: threads_pb2.Thread) -> View:
    """A thread as the one who asked sees it, without its replies."""
    return {
        "root_id": source.root_id,
        "conversation_id": source.conversation_id,
        "root": message(source.root) if source.HasField("root") else None,
        "reply_count": source.reply_count,
        "read_seq": source.read_seq,
        "unread_count": source.unread_count,
        "is_subscribed": source.is_subscribed,
    }


def thread_changed(source: events_pb2.ThreadChanged) -> View:
    """How a member stands to a thread now."""
    return {
        "conversation_id": source.conversation_id,
        "root_id": source.root_id,
        "is_subscribed": source.is_subscribed,
        "read_seq": source.read_seq,
    }


def message_hidden(source: events_pb2.MessageHidden) -> View:
    """A message that a member deleted for themselves."""
    return {"conversation_id": source.conversation_id, "id": source.message_id}


def acknowledged(source: events_pb2.Acknowledged) -> View:
    """A message that a member has acknowledged."""
    return {"conversation_id": source.conversation_id, "id": source.message_id}


def version(source: messages_pb2.MessageVersion) -> View:
    """A text that a message had."""
    return {"rev": source.rev, "content": source.content, "created_at": time(source.create_time)}


def forwarded(source: forwards_pb2.Forwarded, request_id: str) -> View:
    """What became of a message in one conversation."""
    return {
        "conversation_id": source.conversation_id,
        "message": message_sent(source.message) if source.HasField("message") else None,
        "comment": message_sent(source.comment) if source.HasField("comment") else None,
        "problem": problem(RemoteFailure(source.error), request_id) if source.HasField("error") else None,
    }


def message_receipts(source: receipts_pb2.GetMessageReceiptsResponse) -> View:
    """How far a message has come, with each of the others."""
    return {
        "status": DELIVERY_STATUSES[source.status],
        "participants": [
            {"user_id": found.user_id, "status": DELIVERY_STATUSES[found.status]} for found in source.receipts
        ],
    }
