"""Threads, and messages that were forwarded."""

from chassis.errors import Failure
from chassis.rpc.status import to_status
from messaging.conversations.v1 import forwards_pb2, threads_pb2
from services.conversations.api.convert.messages import message, viewed
from services.conversations.model.ids import ConversationId
from services.conversations.model.messages import Sent
from services.conversations.model.threads import Thread


def thread(source: Thread) -> threads_pb2.Thread:
    """As a member sees it."""
    standing = source.standing
    return threads_pb2.Thread(
        root_id=source.root_id,
        conversation_id=source.conversation_id,
        root=viewed(source.root) if source.root is not None else None,
        reply_count=standing.reply_count,
        read_seq=standing.read_seq,
        unread_count=standing.unread_count,
        is_subscribed=standing.is_subscribed,
    )


def forwarded(
    conversation_id: ConversationId, copy: Sent | Failure, comment: Sent | Failure | None
) -> forwards_pb2.Forwarded:
    """What became of a message and the comment behind it in one conversation."""
    told = forwards_pb2.Forwarded(conversation_id=conversation_id)
    if isinstance(copy, Sent):
        told.message.CopyFrom(message(copy.message))
        told.replayed = copy.is_replayed
    else:
        told.error.CopyFrom(to_status(copy))
    if isinstance(comment, Sent):
        told.comment.CopyFrom(message(comment.message))
    elif comment is not None:
        told.error.CopyFrom(to_status(comment))
    return told
