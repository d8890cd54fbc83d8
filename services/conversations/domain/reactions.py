"""Reacting to messages."""

from chassis.database import Transaction
from chassis.paging import Cursor, Page
from services.conversations.domain import marks
from services.conversations.domain.marks import Marked
from services.conversations.model.changes import ChangeKind
from services.conversations.model.errors import ReactionLimit
from services.conversations.model.events import ReactionChanged
from services.conversations.model.ids import MessageId, UserId
from services.conversations.model.permissions import Action
from services.conversations.model.reactions import (
    MAX_EMOJIS,
    MAX_EMOJIS_OF_ONE,
    Reaction,
    Tally,
    emoji_of,
    moved,
    spelling,
)
from services.conversations.store import messages, reactions


def add(tx: Transaction, *, message_id: MessageId, user_id: UserId, emoji: str) -> Tally:
    """React to a message, with the spelling of the emoji that it has already.

    Raises: EmojiInvalid, MessageNotFound, MessageDeleted, ReactionLimit, and what keeps a member from reacting.
    Emits: ReactionChanged, unless the reaction was there.
    """
    emoji = emoji_of(emoji)
    marked = marks.lock(tx, message_id, user_id)
    marked.require_present()
    marked.standing.require_may(Action.REACT, tx.now)
    counts = marked.message.reactions
    emoji = spelling(counts, emoji)
    own = reactions.of_one(tx, message_id, user_id)
    if emoji in own:
        return Tally(message_id, user_id, emoji, is_added=True, count=dict(counts)[emoji])
    if len(own) >= MAX_EMOJIS_OF_ONE:
        raise ReactionLimit(limit=str(MAX_EMOJIS_OF_ONE))
    if emoji not in dict(counts) and len(counts) >= MAX_EMOJIS:
        raise ReactionLimit(limit=str(MAX_EMOJIS))
    reactions.add(tx, message_id, user_id, emoji)
    return _change(tx, marked, user_id, emoji, is_added=True)


def remove(tx: Transaction, *, message_id: MessageId, user_id: UserId, emoji: str) -> Tally:
    """Take one's own reaction back, which also those may do who may not react any more.

    Raises: EmojiInvalid, MessageNotFound. Emits: ReactionChanged, unless there was none.
    """
    emoji = emoji_of(emoji)
    marked = marks.lock(tx, message_id, user_id)
    counts = marked.message.reactions
    emoji = spelling(counts, emoji)
    if not reactions.remove(tx, message_id, user_id, emoji):
        return Tally(message_id, user_id, emoji, is_added=False, count=dict(counts).get(emoji, 0))
    return _change(tx, marked, user_id, emoji, is_added=False)


def list_reactions(
    tx: Transaction, *, message_id: MessageId, emoji: str, member_id: UserId, cursor: Cursor | None, size: int
) -> Page[Reaction]:
    """A page of who reacted, with one emoji or any, the earliest first. Raises: EmojiInvalid, MessageNotFound."""
    message = messages.get(tx, message_id, member_id=member_id)
    wanted = spelling(message.reactions, emoji_of(emoji)) if emoji else ""
    return reactions.page(tx, message_id, wanted, cursor=cursor, size=size)


def _change(tx: Transaction, marked: Marked, user_id: UserId, emoji: str, *, is_added: bool) -> Tally:
    counts = moved(marked.message.reactions, emoji, 1 if is_added else -1)
    reacted = marked.message._replace(reactions=counts)
    saved = marks.save(tx, marked, reacted, ChangeKind.REACTION_CHANGED, actor_id=user_id)
    count = dict(counts).get(emoji, 0)
    tx.emit(ReactionChanged(saved, user_id, emoji, is_added, count))
    return Tally(saved.message_id, user_id, emoji, is_added, count)
