"""Between the contract's messages and the model's nouns. Enums have the same numbers on both sides."""

from services.conversations.api.convert.conversations import (
    changes,
    conversation,
    participant,
    revisions,
    settings,
    view,
)
from services.conversations.api.convert.invites import ban, invite, invite_id
from services.conversations.api.convert.marks import (
    acknowledgement,
    ballot,
    bookmark,
    pin,
    reaction,
    report,
    report_id,
    saved_draft,
    tally,
    vote,
)
from services.conversations.api.convert.messages import (
    delivery_status,
    draft,
    message,
    selection,
    sent,
    version,
    viewed,
)
from services.conversations.api.convert.scheduled import scheduled, scheduled_draft, scheduled_id
from services.conversations.api.convert.threads import forwarded, thread
from services.conversations.api.convert.values import conversation_id, message_id, moment, moment_in, time, user_id

__all__ = [
    "acknowledgement",
    "ballot",
    "ban",
    "bookmark",
    "changes",
    "conversation",
    "conversation_id",
    "delivery_status",
    "draft",
    "forwarded",
    "invite",
    "invite_id",
    "message",
    "message_id",
    "moment",
    "moment_in",
    "participant",
    "pin",
    "reaction",
    "report",
    "report_id",
    "revisions",
    "saved_draft",
    "scheduled",
    "scheduled_draft",
    "scheduled_id",
    "selection",
    "sent",
    "settings",
    "tally",
    "thread",
    "time",
    "user_id",
    "version",
    "view",
    "viewed",
    "vote",
]
