"""Ids by what they name, so that one is never taken for another."""

from typing import NewType

UserId = NewType("UserId", str)
NotificationId = NewType("NotificationId", str)
ConversationId = NewType("ConversationId", str)
MessageId = NewType("MessageId", str)
