"""Voting in polls; a poll begins as a message that is sent."""

from collections.abc import Sequence
from dataclasses import replace

from chassis.database import Transaction
from chassis.paging import Cursor, Page
from services.conversations.domain import marks
from services.conversations.domain.marks import Marked
from services.conversations.model.changes import ChangeKind
from services.conversations.model.errors import NotAPoll, NotTheAuthor, PollAnonymous
from services.conversations.model.events import MessageUpdated, VoteChanged
from services.conversations.model.ids import MessageId, UserId
from services.conversations.model.messages import Message
from services.conversations.model.permissions import Action, may
from services.conversations.model.polls import Ballot, Poll, Vote
from services.conversations.store import messages, polls


def vote(tx: Transaction, *, message_id: MessageId, user_id: UserId, options: Sequence[int]) -> Ballot:
    """Vote for these options and no others.

    Raises: MessageNotFound, MessageDeleted, NotAPoll, PollClosed, VoteInvalid, and what keeps a member from reacting.
    Emits: MessageUpdated and VoteChanged, unless it is the same vote again.
    """
    marked, poll = _lock(tx, message_id, user_id)
    poll.require_open(tx.now)
    poll.check_vote(options)
    return _cast(tx, marked, poll, user_id, tuple(sorted(options)))


def retract(tx: Transaction, *, message_id: MessageId, user_id: UserId) -> Ballot:
    """Vote for nothing. Raises: as `vote`. Emits: as `vote`."""
    marked, poll = _lock(tx, message_id, user_id)
    poll.require_open(tx.now)
    return _cast(tx, marked, poll, user_id, ())


def close(tx: Transaction, *, message_id: MessageId, actor_id: UserId) -> Ballot:
    """End the voting; where it is over, nothing changes.

    Raises: MessageNotFound, MessageDeleted, NotAPoll, NotTheAuthor. Emits: MessageUpdated.
    """
    marked = marks.lock(tx, message_id, actor_id)
    marked.require_present()
    poll = _poll_of(marked.message)
    if marked.message.sender_id != actor_id and not may(marked.standing.role, Action.CLOSE_ANY_POLL):
        raise NotTheAuthor()
    if poll.is_open(tx.now):
        poll = replace(poll, is_closed=True)
        _save(tx, marked, poll, actor_id)
    return Ballot(poll, polls.of_one(tx, message_id, actor_id))


def list_votes(
    tx: Transaction, *, message_id: MessageId, member_id: UserId, cursor: Cursor | None, size: int
) -> Page[Vote]:
    """A page of who votes for what. Raises: MessageNotFound, NotAPoll, PollAnonymous."""
    if _poll_of(messages.get(tx, message_id, member_id=member_id)).is_anonymous:
        raise PollAnonymous()
    return polls.page(tx, message_id, cursor=cursor, size=size)


def _lock(tx: Transaction, message_id: MessageId, user_id: UserId) -> tuple[Marked, Poll]:
    marked = marks.lock(tx, message_id, user_id)
    marked.require_present()
    poll = _poll_of(marked.message)
    marked.standing.require_may(Action.REACT, tx.now)
    return marked, poll


def _poll_of(message: Message) -> Poll:
    if message.poll is None:
        raise NotAPoll()
    return message.poll


def _cast(tx: Transaction, marked: Marked, poll: Poll, user_id: UserId, options: tuple[int, ...]) -> Ballot:
    message = marked.message
    before = polls.of_one(tx, message.message_id, user_id)
    if options == before:
        return Ballot(poll, options)
    polls.cast(tx, message.message_id, user_id, options)
    recounted = poll.recounted(before, options)
    # The log and the event would tell whose vote moved which count.
    _save(tx, marked, recounted, message.sender_id if poll.is_anonymous else user_id)
    tx.emit(VoteChanged(user_id, message, options))
    return Ballot(recounted, options)


def _save(tx: Transaction, marked: Marked, poll: Poll, actor_id: UserId) -> None:
    changed = marked.message._replace(poll=poll)
    saved = marks.save(tx, marked, changed, ChangeKind.MESSAGE_UPDATED, actor_id=actor_id)
    tx.emit(MessageUpdated(saved), actor_id=actor_id)
