"""What clients see of the services' messages: plain values, ready for JSON, the same over REST and WebSocket.

The models in gateway/rest document these shapes; a test holds the two equal.
"""

from gateway.views.conversations import (
    CHANGE_KINDS,
    CHANGES_MODES,
    CONVERSATION_KINDS,
    HISTORY_VISIBILITIES,
    NOTIFICATION_LEVELS,
    POSTING_POLICIES,
    ROLES,
    change,
    conversation,
    conversation_shared,
    membership_settings,
    participant,
    receipt,
    settings_changed,
)
from gateway.views.messages import (
    DELIVERY_STATUSES,
    MESSAGE_TYPES,
    PRIORITIES,
    message,
    message_json,
    message_shared,
    pin,
    reaction,
)
from gateway.views.notifications import NOTIFICATION_KINDS, notification
from gateway.views.people import (
    ACCOUNT_STATES,
    AUDIENCES,
    PLATFORM_ROLES,
    PRESENCE_STATES,
    account,
    presence,
    privacy,
    profile,
    related,
    session,
    tokens,
)
from gateway.views.scheduled import SCHEDULED_STATES, scheduled, scheduled_changed
from gateway.views.search import hit
from gateway.views.values import View, time, to_the_second

__all__ = [
    "ACCOUNT_STATES",
    "AUDIENCES",
    "CHANGES_MODES",
    "CHANGE_KINDS",
    "CONVERSATION_KINDS",
    "DELIVERY_STATUSES",
    "HISTORY_VISIBILITIES",
    "MESSAGE_TYPES",
    "NOTIFICATION_KINDS",
    "NOTIFICATION_LEVELS",
    "PLATFORM_ROLES",
    "POSTING_POLICIES",
    "PRESENCE_STATES",
    "PRIORITIES",
    "ROLES",
    "SCHEDULED_STATES",
    "View",
    "account",
    "change",
    "conversation",
    "conversation_shared",
    "hit",
    "membership_settings",
    "message",
    "message_json",
    "message_shared",
    "notification",
    "participant",
    "pin",
    "presence",
    "privacy",
    "profile",
    "reaction",
    "receipt",
    "related",
    "scheduled",
    "scheduled_changed",
    "session",
    "settings_changed",
    "time",
    "to_the_second",
    "tokens",
]
