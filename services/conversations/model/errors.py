"""Why this service refuses; each reason stands in messaging.conversations.v1.ErrorReason."""

from chassis.errors import Conflict, Exhausted, Invalid, NotFound, Refused, Unavailable


class ConversationNotFound(NotFound):
    """No such conversation."""

    # Outsiders get it, too: that a private conversation exists is itself private.
    reason = "CONVERSATION_NOT_FOUND"


class MessageNotFound(NotFound):
    """No such message."""

    reason = "MESSAGE_NOT_FOUND"


class ParticipantNotFound(NotFound):
    """This person does not take part in the conversation."""

    reason = "PARTICIPANT_NOT_FOUND"


class UserUnavailable(Invalid):
    """A named person does not exist or cannot take part."""

    reason = "USER_UNAVAILABLE"


class RoleInsufficient(Refused):
    """Your role in the conversation does not allow it."""

    reason = "ROLE_INSUFFICIENT"


class Muted(Refused):
    """A moderator has muted you in this conversation."""

    reason = "MUTED"


class Blocked(Refused):
    """One of the two has blocked the other."""

    reason = "BLOCKED"


class SenderSuspended(Refused):
    """The account is suspended."""

    reason = "SENDER_SUSPENDED"


class NotTheAuthor(Refused):
    """Somebody else wrote this message."""

    reason = "NOT_THE_AUTHOR"


class EditWindowClosed(Conflict):
    """The message can no longer be edited."""

    reason = "EDIT_WINDOW_CLOSED"


class DeleteWindowClosed(Conflict):
    """The message can no longer be deleted for everyone."""

    reason = "DELETE_WINDOW_CLOSED"


class MessageDeleted(Conflict):
    """The message has been deleted."""

    reason = "MESSAGE_DELETED"


class MessageTooLong(Invalid):
    """The text is too long."""

    reason = "MESSAGE_TOO_LONG"


class MessageContentInvalid(Invalid):
    """The text is empty or holds characters that cannot be stored."""

    reason = "MESSAGE_CONTENT_INVALID"


class ConversationBusy(Unavailable):
    """Others write to the conversation at this moment."""

    reason = "CONVERSATION_BUSY"


class DirectConversation(Conflict):
    """A conversation of two people has fixed participants and no settings."""

    reason = "DIRECT_CONVERSATION"


class OwnerRequired(Conflict):
    """The conversation has no other owner."""

    reason = "OWNER_REQUIRED"


class ParticipantLimit(Conflict):
    """The conversation has as many participants as it may have."""

    reason = "PARTICIPANT_LIMIT"


class DirectNeedsOnePeer(Invalid):
    """A direct conversation takes exactly one other person, and has no title or settings of its own."""

    reason = "DIRECT_NEEDS_ONE_PEER"


class PositionBeyondEnd(Invalid):
    """The conversation has not come so far."""

    reason = "POSITION_BEYOND_END"


class PostingRestricted(Refused):
    """Only moderators write in this conversation."""

    reason = "POSTING_RESTRICTED"


class SlowMode(Exhausted):
    """The conversation is in slow mode; wait before you write again."""

    reason = "SLOW_MODE"


class ReplyTargetUnavailable(Invalid):
    """The message to be answered is not there."""

    reason = "REPLY_TARGET_UNAVAILABLE"


class TooManyMentions(Invalid):
    """The text mentions too many people."""

    reason = "TOO_MANY_MENTIONS"


class PollInvalid(Invalid):
    """A poll has 2 to 20 options of 1 to 200 characters, no two alike."""

    reason = "POLL_INVALID"


class ScheduledMessageNotFound(NotFound):
    """No such scheduled message."""

    reason = "SCHEDULED_MESSAGE_NOT_FOUND"


class ScheduledMessageSettled(Conflict):
    """The scheduled message no longer waits."""

    reason = "SCHEDULED_MESSAGE_SETTLED"


class ScheduledLimit(Conflict):
    """As many of your messages wait already as may."""

    reason = "SCHEDULED_LIMIT"


class SendTimeInvalid(Invalid):
    """Messages are scheduled for a time between now and a year from now."""

    reason = "SEND_TIME_INVALID"


class SearchInvalid(Invalid):
    """The search names nothing to look for: no word, phrase or operator."""

    reason = "SEARCH_INVALID"


class EmojiInvalid(Invalid):
    """A reaction is one emoji, and nothing else."""

    reason = "EMOJI_INVALID"


class ReactionLimit(Conflict):
    """The message has as many emojis, or as many of yours, as it may have."""

    reason = "REACTION_LIMIT"


class PinLimit(Conflict):
    """The conversation has as many pins as it may have."""

    reason = "PIN_LIMIT"


class BookmarkLimit(Conflict):
    """You have as many bookmarks as one may have."""

    reason = "BOOKMARK_LIMIT"


class DraftNotFound(NotFound):
    """You have no draft in this conversation."""

    reason = "DRAFT_NOT_FOUND"


class AcknowledgementNotRequired(Conflict):
    """The message does not ask you to acknowledge it."""

    reason = "ACKNOWLEDGEMENT_NOT_REQUIRED"


class NotAPoll(Conflict):
    """The message is no poll."""

    reason = "NOT_A_POLL"


class PollClosed(Conflict):
    """The voting is over."""

    reason = "POLL_CLOSED"


class PollAnonymous(Refused):
    """Nobody learns who voted for what in an anonymous poll."""

    reason = "POLL_ANONYMOUS"


class VoteInvalid(Invalid):
    """A vote names options that the poll has, each once, and one alone unless it takes several."""

    reason = "VOTE_INVALID"


class ReportNotFound(NotFound):
    """No such report."""

    reason = "REPORT_NOT_FOUND"


class ReportLimit(Conflict):
    """You have as many open reports as one may have."""

    reason = "REPORT_LIMIT"


class ReportDecided(Conflict):
    """The report has been decided otherwise."""

    reason = "REPORT_DECIDED"


class PlatformRoleInsufficient(Refused):
    """Your role on this platform does not allow it."""

    reason = "PLATFORM_ROLE_INSUFFICIENT"


class Banned(Refused):
    """The person may not take part in the conversation."""

    reason = "BANNED"


class InviteNotFound(NotFound):
    """No such invite."""

    # Whether it is unknown, over, used up or revoked is nobody's business who only has the code.
    reason = "INVITE_NOT_FOUND"


class ExpiryPast(Invalid):
    """The time at which it shall end is over already."""

    reason = "EXPIRY_PAST"


class MessageNotForwardable(Invalid):
    """What the platform itself wrote cannot be forwarded."""

    reason = "MESSAGE_NOT_FORWARDABLE"
