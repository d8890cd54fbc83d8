"""Times and ids."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from services.conversations.model.ids import ConversationId, MessageId, UserId


@lru_cache(maxsize=256)
def time(at: datetime) -> Timestamp:
    """To the microsecond, which is how PostgreSQL keeps it. Remembered, since all messages of a batch have one time."""
    return Timestamp(seconds=int(at.timestamp()), nanos=at.microsecond * 1000)


def stamp(into: Timestamp, at: datetime) -> None:
    """Write a time into a message that is being made: in a page each has its own, and a copy costs three times that."""
    into.seconds = int(at.timestamp())
    into.nanos = at.microsecond * 1000


def moment(stamp: Timestamp) -> datetime:
    """A time, in UTC."""
    return datetime.fromtimestamp(stamp.seconds, UTC) + timedelta(microseconds=stamp.nanos // 1000)


def moment_in(message: Message, field: str) -> datetime | None:
    """The time in a field, or none where it is unset."""
    return moment(getattr(message, field)) if message.HasField(field) else None


def user_id(text: str) -> UserId:
    """In the spelling that everything compares by."""
    return UserId(text.lower())


def conversation_id(text: str) -> ConversationId:
    """In the spelling that everything compares by."""
    return ConversationId(text.lower())


def message_id(text: str) -> MessageId:
    """In the spelling that everything compares by."""
    return MessageId(text.lower())
